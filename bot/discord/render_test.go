package discord

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mayday/bot/chat"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 11, 25, 14, 2, 0, 0, time.UTC)

func buttons(labels ...string) []chat.Button {
	var out []chat.Button
	for n, l := range labels {
		b := chat.Button{ID: "id-" + strings.ToLower(strings.ReplaceAll(l, " ", "-")), Label: l, Verb: "v", Style: chat.Plain}
		if n == 0 {
			b.Style = chat.Primary
		}
		out = append(out, b)
	}
	return out
}

func message(kind string, tone chat.Tone, b []chat.Button, lines ...chat.Line) chat.Message {
	return chat.Message{Key: "INC-42:" + kind, Kind: kind, Tone: tone, Lines: lines, Buttons: b}.Finish()
}

var (
	ana       = chat.Mention{Name: "Ana", IDs: map[string]string{name: "556677889900112211"}}
	approvers = chat.Mention{Name: "approver", Role: true, IDs: map[string]string{name: "445566778899001122"}}
	stranger  = chat.Mention{Name: "Zoe", IDs: map[string]string{"slack": "U1"}}
)

// golden are messages as the core makes them, one of each kind of look.
func golden() map[string]chat.Message {
	harm := buttons("Approve and run", "Decline", "Withdraw")
	harm[0].Style = chat.Harm
	linked := append(buttons("Post: fixed, watching"), chat.Button{Label: "Open board", URL: "https://board.example/d/1?a=b c", Style: chat.Plain})
	silent := message("note", "", nil, chat.L(chat.Muted("14:05 Ana noted: database fails over")))
	silent.Silent = true
	long := message("step", chat.ToneAsk, nil, chat.L("Output of ", chat.Code("kubectl get pods")), chat.L(strings.Repeat("*_~`|[x](y) ", 200)))
	pictured := message("chart", chat.ToneBad, nil, chat.L("errors 12.1%, usual 0.3%"))
	pictured.Image = &chat.Image{Alt: "errors rose from 0.3% to 12.1% at 14:01", Data: []byte("png")}
	formed := chat.Message{Key: "form", Kind: "form", Form: &chat.Form{Title: "Write update", Submit: "submit-1", Label: "Write update", Note: "Say what users see",
		Fields: []chat.Field{{Name: "impact", Label: "Users see", Type: chat.FieldText}}}, Text: "Write update"}
	plain := message("nudge", chat.ToneSEV1, buttons("No change"), chat.L(chat.Call(ana), " 30 min since the last word."))
	plain.Lines = nil
	return map[string]chat.Message{
		"card": card("INC-42:root"),
		"hostile": message("card", chat.ToneSEV1, nil, chat.L(chat.Strong("▲ SEV1"), " @everyone <@1> <@&2> <#3> <:x:4> </run:5> [click](https://evil.example) https://evil.example/x"),
			chat.L("# Approved by Ana"), chat.L("> quote"), chat.L("- list"), chat.L("1. one"), chat.L("```go\nx```"), chat.L("||spoiler|| ~~gone~~ **bold** __under__"), chat.L("\u202eesrever\u202c zero\u200bwidth")),
		"opener": message("opener", chat.ToneSEV2, buttons("Roll back checkout"), chat.L(chat.Call(ana), " you are on call for checkout. Errors began ", chat.At(noon), "."),
			chat.L("What changed before that (newest first)"), chat.L("1 · 13:52  deploy checkout rev 40→41 (ci, \"cart v2\")"), chat.L(chat.A("errors board", "https://board.example/d/1?x=(1)"), " · ", chat.A("mail", "javascript:alert(1)"))),
		"update":     message("update", chat.ToneSEV2, nil, chat.L(chat.Strong("◆ checkout"), " · identified · INC-42"), chat.L("Users: some payments fail."), chat.L("Next update by ", chat.At(noon), ".")),
		"nudge":      message("nudge", "", buttons("No change", "Write update", "Snooze 10 min", "Hand over"), chat.L(chat.Call(ana), " 30 min since the last word in #status."), chat.L("Last: \"rolling back checkout\" (", chat.At(noon), ")")),
		"escalation": message("nudge", chat.ToneBad, buttons("Take over"), chat.L("No answer from Ana for 10 min."), chat.L(chat.Call(approvers), ", please take INC-42."), chat.L(chat.Call(stranger), " is not here.")),
		"approval":   message("approval", chat.ToneAsk, harm, chat.L(chat.Call(approvers), " needed: danger step in production"), chat.L("  pid 4412  18 min  ", chat.Code("UPDATE orders SET x = `y`"), "   app"), chat.L(chat.Muted("asked by Ana"))),
		"result":     message("step", chat.ToneOK, linked, chat.L(chat.Strong("✓"), chat.Strong(" Rolled back checkout"), " in 1 min 31 s"), chat.L("errors ▇█▆▃▁▁▁▁ 0.4%")),
		"resolved":   message("resolved", chat.ToneOK, buttons("Postmortem draft", "Reopen"), chat.L("✓ checkout resolved 14:31. Payments work again.")),
		"note":       silent,
		"refusal":    chat.Refusal(refuse("You can't run rollback on checkout: it needs responder, you are viewer.", "Ana and Li can.")),
		"long":       long,
		"picture":    pictured,
		"form":       formed,
		"plain":      plain,
	}
}

func TestGolden(t *testing.T) {
	for kind, m := range golden() {
		t.Run(kind, func(t *testing.T) {
			raw, err := Platform.Render(m)
			if err != nil {
				t.Fatal(err)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			pretty.WriteByte('\n')
			compare(t, kind+".json", pretty.Bytes())
		})
	}
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// hostile are pieces that mean something to Discord, or to a forger.
var hostile = rapid.StringOfN(rapid.SampledFrom([]rune("ab1 9.)*_~`|[]()<>@#&:/\\-+!\"'\n\té🧪\u202e\u200b")), 0, 60, -1)

var pieces = rapid.OneOf(hostile, rapid.SampledFrom([]string{
	"@everyone", "@here", "<@556677889900112211>", "<@&445566778899001122>", "<#334455667788990011>", "<:a:1>", "</run:1>", "<t:1:R>",
	"https://evil.example", "[a](https://evil.example)", "```", "||", "# ", "> ", "- ", "1. ", "-# ", "\\", "\\*", "**", "__", "~~",
}))

func words(t *rapid.T, label string, most int) string {
	return strings.Join(rapid.SliceOfN(pieces, 0, most).Draw(t, label), "")
}

var escaped = regexp.MustCompile(`\\[^0-9A-Za-z\s]`)

var live = regexp.MustCompile("[*_~`|\\[\\]<@\\\\]|://|^ *[#>+-]|^ *[0-9]+[.)]")

func TestWordsAreInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := words(t, "text", 6)
		got := escape(text, true)
		if at := live.FindString(escaped.ReplaceAllString(got, "\x00")); at != "" {
			t.Fatalf("%q becomes %q, where %q still means something", text, got, at)
		}
		said := escaped.ReplaceAllStringFunc(got, func(s string) string { return s[1:] })
		if said != chat.Clean(text) {
			t.Fatalf("%q is shown as %q", text, said)
		}
	})
}

func anySpan(t *rapid.T) chat.Span {
	text := words(t, "text", 5)
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return chat.Strong(text)
	case 1:
		return chat.Muted(text)
	case 2:
		return chat.Code(text)
	case 3:
		return chat.A(text, "https://a.example/"+words(t, "url", 20))
	case 4:
		return chat.At(noon)
	case 5:
		return chat.Call(rapid.SampledFrom([]chat.Mention{ana, approvers, stranger}).Draw(t, "who"))
	case 6:
		return chat.T(strings.Repeat(text, 80))
	}
	return chat.T(text)
}

func anyMessage(t *rapid.T) chat.Message {
	m := chat.Message{Key: "k" + words(t, "key", 3), Kind: "card", Silent: rapid.Bool().Draw(t, "silent")}
	m.Tone = rapid.SampledFrom([]chat.Tone{"", chat.ToneSEV1, chat.ToneOK, chat.ToneBad}).Draw(t, "tone")
	for range rapid.IntRange(1, 16).Draw(t, "lines") {
		var l chat.Line
		for range rapid.IntRange(1, 4).Draw(t, "spans") {
			l = append(l, anySpan(t))
		}
		m.Lines = append(m.Lines, l)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "buttons") {
		b := chat.Button{ID: strings.Repeat("b", n+1), Label: chat.Clamp("x"+words(t, "label", 4), 24)}
		if rapid.Bool().Draw(t, "link") {
			b.URL = "https://a.example/" + words(t, "to", 30)
		}
		m.Buttons = append(m.Buttons, b)
	}
	for n := range rapid.IntRange(0, 30).Draw(t, "more") {
		m.More = append(m.More, chat.Button{ID: strings.Repeat("m", n+1), Label: "More"})
	}
	if rapid.IntRange(0, 4).Draw(t, "pictured") == 0 {
		m.Image = &chat.Image{Alt: words(t, "alt", 200), Data: []byte("png")}
	}
	m = m.Finish()
	if rapid.IntRange(0, 4).Draw(t, "plain") == 0 {
		m.Lines = nil
	}
	return m
}

func TestEveryMessageFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t)
		for _, b := range []body{painter{}.post(m), painter{}.edit(m), painter{}.answer(m)} {
			if err := fits(b); err != "" {
				t.Fatalf("%s\nmessage %+v\nbody %+v", err, m, b)
			}
			called := regexp.MustCompile(`<@&?([0-9]+)>`)
			for _, found := range called.FindAllStringSubmatch(escaped.ReplaceAllString(b.Content, ""), -1) {
				if found[1] != "556677889900112211" && found[1] != "445566778899001122" {
					t.Fatalf("it calls %s: %s", found[1], b.Content)
				}
			}
			if b.Mentions.Parse == nil || len(b.Mentions.Parse) != 0 || len(b.Mentions.Users) > len(m.Mentions) || len(b.Mentions.Roles) > len(m.Mentions) {
				t.Fatalf("allowed mentions %+v of %+v", b.Mentions, m.Mentions)
			}
		}
	})
}

// fits holds a body against the limits of Discord, "" when it keeps them.
func fits(b body) string {
	switch {
	case size(b.Content) > maxContent:
		return "content is too long"
	case b.Content == "" && len(b.Embeds) == 0:
		return "it is empty"
	case len(b.Components) > maxRows:
		return "too many rows"
	case len(b.Embeds) > 1 || len(b.Embeds) == 1 && size(b.Embeds[0].Description) > maxDescription:
		return "the embed is too long"
	case len(b.Embeds) == 1 && b.Flags&flagNoPreviews != 0:
		return "the embed is suppressed"
	}
	seen := map[string]bool{}
	for _, row := range b.Components {
		if len(row.Components) == 0 || len(row.Components) > maxInRow {
			return "a row does not fit"
		}
		for _, c := range row.Components {
			if len(c.Options) > maxOptions || len(c.URL) > maxURL || size(c.Label) > maxButtonLabel || c.URL == "" && (c.CustomID == "" || seen[c.CustomID]) {
				return "a component does not fit"
			}
			seen[c.CustomID] = true
		}
	}
	return ""
}

func TestTheWordsAppearOnce(t *testing.T) {
	b := painter{}.post(card("k"))
	if strings.Contains(b.Embeds[0].Description, "SEV2") || !strings.Contains(b.Content, "SEV2") {
		t.Errorf("the first line stands in the content alone: %q / %q", b.Content, b.Embeds[0].Description)
	}
	if b.Embeds[0].Color != 0xE69F00 || b.Flags != flagSilent {
		t.Errorf("got colour %x flags %d", b.Embeds[0].Color, b.Flags)
	}
}

func TestAMentionIsAlwaysInTheContent(t *testing.T) {
	b := painter{}.post(golden()["escalation"])
	if !strings.Contains(b.Content, "<@&445566778899001122>") || cmp.Diff(b.Mentions.Roles, []string{"445566778899001122"}) != "" {
		t.Errorf("got %q calling %v", b.Content, b.Mentions.Roles)
	}
	named := chat.Mention{Name: "approver", Role: true, IDs: map[string]string{name: "sre-leads"}}
	m := message("approval", chat.ToneAsk, nil, chat.L(chat.Call(named), " needed"))
	if b := (painter{}).post(m); strings.Contains(b.Content, "<@") || len(b.Mentions.Roles) != 0 {
		t.Errorf("a role that is not known must be words: %q %v", b.Content, b.Mentions)
	}
	known := painter{role: func(n string) (string, bool) { return "77", n == "sre-leads" }}
	if b := known.post(m); b.Content != "<@&77> needed" || cmp.Diff(b.Mentions.Roles, []string{"77"}) != "" {
		t.Errorf("got %q %v", b.Content, b.Mentions)
	}
}

func TestNonce(t *testing.T) {
	if a, b := nonce("INC-1:root"), nonce("INC-1:root"); a != b || len(a) != 25 || a == nonce("INC-2:root") {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestAccount(t *testing.T) {
	for in, want := range map[string]string{"sre": "@sre", "@sre": "@sre", "22155512": "22155512", "": "", "+12": "@+12"} {
		if got := account(in); got != want {
			t.Errorf("account(%q) = %q, want %q", in, got, want)
		}
	}
}
