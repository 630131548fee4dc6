package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mayday/bot/chat"
	"mayday/internal/fault"
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

func text(kind string, tone chat.Tone, b []chat.Button, lines ...chat.Line) chat.Message {
	return chat.Message{Key: "INC-42:" + kind, Kind: kind, Tone: tone, Lines: lines, Buttons: b}.Finish()
}

var (
	ana       = chat.Mention{Name: "Ana", IDs: map[string]string{name: "U0ANA"}}
	approvers = chat.Mention{Name: "approver", Role: true, IDs: map[string]string{name: "S0LEADS"}}
	byHandle  = chat.Mention{Name: "responder", Role: true, IDs: map[string]string{name: "sre"}}
	stranger  = chat.Mention{Name: "Zoe", IDs: map[string]string{"discord": "1"}}
	forger    = chat.Mention{Name: "here", IDs: map[string]string{name: "!here"}}
)

// golden are messages as the core makes them, one of each kind of look.
func golden() map[string]chat.Message {
	harm := buttons("Approve and run", "Decline", "Withdraw")
	harm[0].Style = chat.Harm
	linked := append(buttons("Post: fixed, watching"), chat.Button{Label: "Open board", URL: "https://board.example/d/1?a=b c|<x>", Style: chat.Plain})
	silent := text("note", "", nil, chat.L(chat.Muted("14:05 Ana noted: database fails over")))
	silent.Silent = true
	pictured := text("chart", chat.ToneBad, nil, chat.L("errors 12.1%, usual 0.3%"))
	pictured.Image = &chat.Image{Alt: "errors rose from 0.3% to 12.1% at 14:01", URL: "https://charts.example/1.png"}
	plainly := text("nudge", chat.ToneSEV1, buttons("No change"), chat.L(chat.Call(ana), " 30 min since <!channel> the last *word*."))
	plainly.Lines = nil
	many := text("card", chat.ToneSEV1, buttons("Write update"), chat.L("owned"))
	many.More = buttons("Hand over", "Change SEV", "Page someone", "Snooze", "Chart now", "Pause nudges")
	again := text("line", "", nil, chat.L("rolled back "), chat.L(chat.Strong("done")))
	again.Tried = noon
	return map[string]chat.Message{
		"card": card("INC-42:root"),
		"hostile": text("card", chat.ToneSEV1, nil, chat.L(chat.Strong("▲ SEV1"), " <!channel> <@U0SAM> <!subteam^S0LEADS> & <https://evil.example|click> https://evil.example/x"),
			chat.L("*Approved by Ana* _it_ ~gone~ `code` ```block```"), chat.L("> quote"), chat.L(":fire: &lt;!here&gt;"), chat.L("\u202eesrever\u202c zero\u200bwidth")),
		"opener": text("opener", chat.ToneSEV2, buttons("Roll back checkout"), chat.L(chat.Call(ana), " you are on call for checkout. Errors began ", chat.At(noon), "."),
			chat.L("What changed before that (newest first)"), chat.L("1 · 13:52  deploy checkout rev 40→41 (ci, \"cart v2\")"), chat.L(chat.A("errors board", "https://board.example/d/1?x=(1)|2"), " · ", chat.A("mail", "javascript:alert(1)"))),
		"update":     text("update", chat.ToneSEV2, nil, chat.L(chat.Strong("◆ checkout"), " · identified · INC-42"), chat.L("Users: some payments fail."), chat.L("Next update by ", chat.At(noon), ".")),
		"nudge":      text("nudge", "", buttons("No change", "Write update", "Snooze 10 min", "Hand over"), chat.L(chat.Call(ana), " 30 min since the last word in #status."), chat.L("Last: \"rolling back checkout\" (", chat.At(noon), ")")),
		"escalation": text("nudge", chat.ToneBad, buttons("Take over"), chat.L("No answer from Ana for 10 min."), chat.L(chat.Call(approvers), ", please take INC-42."), chat.L(chat.Call(stranger), " is not here."), chat.L(chat.Call(forger), " nor is this.")),
		"approval":   text("approval", chat.ToneAsk, harm, chat.L(chat.Call(approvers), " needed: danger step in production"), chat.L("  pid 4412  18 min  ", chat.Code("UPDATE orders SET x = `y`"), "   app"), chat.L(chat.Muted("asked by Ana"))),
		"result":     text("step", chat.ToneOK, linked, chat.L(chat.Strong("✓"), chat.Strong(" Rolled back checkout"), " in 1 min 31 s"), chat.L("errors ▇█▆▃▁▁▁▁ 0.4%")),
		"resolved":   text("resolved", chat.ToneOK, buttons("Postmortem draft", "Reopen"), chat.L("✓ checkout resolved 14:31. Payments work again.")),
		"note":       silent,
		"refusal":    chat.Refusal(fault.New(fault.Refused, "E1", "You can't run rollback on checkout: it needs responder, you are viewer.", "Ana and Li can.")),
		"picture":    pictured,
		"plain":      plainly,
		"many":       many,
		"again":      again,
	}
}

func TestGolden(t *testing.T) {
	for kind, m := range golden() {
		t.Run(kind, func(t *testing.T) {
			raw, err := Platform.Render(m)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, kind+".json", raw)
		})
	}
}

// TestGoldenWindows are the windows.
func TestGoldenWindows(t *testing.T) {
	form := theForm()
	where := memo{Thread: "C0OPS/1700000000.000100", Channel: "C0OPS"}
	for kind, v := range map[string]any{
		"window-form": painter{}.form(form, where), "window-answer": painter{}.answer(golden()["refusal"], where),
		"window-loading": loading(where), "home": painter{}.home(golden()["nudge"]),
	} {
		t.Run(kind, func(t *testing.T) {
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, kind+".json", raw)
		})
	}
}

func theForm() chat.Message {
	var sessions []chat.Choice
	for n := range 12 {
		sessions = append(sessions, chat.Choice{Value: fmt.Sprintf("p%d", n), Label: fmt.Sprintf("pid %d", n)})
	}
	m := chat.Message{Kind: "form", Key: "form", Incident: "INC-42", Lines: []chat.Line{chat.L("Status update for INC-42.")}}
	m.Form = &chat.Form{Title: "Status update", Submit: "submit-1", Label: "Post update", Fields: []chat.Field{
		{Name: "state", Label: "State", Type: chat.FieldOne, Value: "identified", Options: []chat.Choice{{Value: "investigating", Label: "investigating"}, {Value: "identified", Label: "identified"}}},
		{Name: "impact", Label: "What users see", Type: chat.FieldArea, Required: true, Value: "Some payments fail.", Max: 400},
		{Name: "playbook", Label: "Playbook", Type: chat.FieldText, Suggest: "run playbook", Hint: "type to search"},
		{Name: "pick", Label: "Which sessions", Type: chat.FieldMany, Options: sessions, Value: []string{"p1", "p3"}},
		{Name: "tell", Label: "Also tell", Type: chat.FieldMany, Options: sessions[:2], Value: []any{"p0"}},
	}}
	return m.Finish()
}

func compare(t *testing.T, file string, raw []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// hostile are pieces that mean something to Slack, or to a forger.
var hostile = rapid.StringOfN(rapid.SampledFrom([]rune("ab1 9.)*_~`|[]()<>@#&:/\\-+!\"'^\n\té🧪\u202e\u200b")), 0, 60, -1)

var pieces = rapid.OneOf(hostile, rapid.SampledFrom([]string{
	"<!channel>", "<!here>", "<!everyone>", "<@U0SAM>", "<@W0SAM|x>", "<!subteam^S0LEADS>", "<#C0OPS>", "<https://evil.example|a>", "<!date^1^{date}|x>",
	"&lt;!channel&gt;", "&amp;lt;", "@everyone", "https://evil.example", "```", "*", "_", "~", "> ", "|", ":fire:", "&",
}))

func someWords(t *rapid.T, label string, most int) string {
	return strings.Join(rapid.SliceOfN(pieces, 0, most).Draw(t, label), "")
}

func anySpan(t *rapid.T) chat.Span {
	said := someWords(t, "text", 5)
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return chat.Strong(said)
	case 1:
		return chat.Muted(said)
	case 2:
		return chat.Code(said)
	case 3:
		return chat.A(said, "https://a.example/"+someWords(t, "url", 20))
	case 4:
		return chat.At(noon)
	case 5:
		return chat.Call(rapid.SampledFrom([]chat.Mention{ana, approvers, stranger, forger}).Draw(t, "who"))
	case 6:
		return chat.T(strings.Repeat(said, 80))
	}
	// As if somebody had forgotten to clean it.
	return chat.Span{Kind: chat.SpanText, Text: said}
}

func anyMessage(t *rapid.T) chat.Message {
	m := chat.Message{Key: "k" + someWords(t, "key", 3), Kind: "card"}
	for range rapid.IntRange(1, 16).Draw(t, "lines") {
		var l chat.Line
		for range rapid.IntRange(1, 4).Draw(t, "spans") {
			l = append(l, anySpan(t))
		}
		m.Lines = append(m.Lines, l)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "buttons") {
		b := chat.Button{ID: strings.Repeat("b", n+1), Label: chat.Clamp("x"+someWords(t, "label", 4), 24)}
		if rapid.Bool().Draw(t, "link") {
			b.URL = "https://a.example/" + someWords(t, "to", 30)
		}
		m.Buttons = append(m.Buttons, b)
	}
	for n := range rapid.IntRange(0, 30).Draw(t, "more") {
		m.More = append(m.More, chat.Button{ID: strings.Repeat("m", n+1), Label: "More"})
	}
	if rapid.IntRange(0, 4).Draw(t, "pictured") == 0 {
		m.Image = &chat.Image{Alt: someWords(t, "alt", 200), URL: "https://charts.example/" + someWords(t, "chart", 3)}
	}
	if rapid.Bool().Draw(t, "tried") {
		m.Tried = noon
	}
	m = m.Finish()
	if rapid.IntRange(0, 4).Draw(t, "plain") == 0 {
		m.Lines = nil
	}
	return m
}

// TestEveryMessageFits: whatever is in a message, Slack takes it, and it calls
// nobody but whom it mentions.
func TestEveryMessageFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t)
		raw, err := Platform.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Text   string           `json:"text"`
			Blocks []map[string]any `json:"blocks"`
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		if wrong := fits(b.Text, b.Blocks); wrong != "" {
			t.Fatalf("%s\nmessage %+v\nbody %s", wrong, m, raw)
		}
		if !m.Tried.IsZero() && !strings.HasSuffix(strings.TrimRight(b.Text, "\n "), mayRepeat) {
			t.Fatalf("a repeat is not marked: %q", b.Text)
		}
	})
}

// fits holds a body against Slack's limits, and its calls against the mentions,
// "" when all is well.
func fits(said string, blocks []map[string]any) string {
	switch {
	case strings.TrimSpace(said) == "" || utf8.RuneCountInString(said) > 4000:
		return "text is empty or too long"
	case strings.ContainsAny(said, "<>"):
		return "text has a mark"
	case len(blocks) == 0 || len(blocks) > maxBlocks:
		return "too many blocks, or none"
	}
	sum, wrong := 0, ""
	ids := map[string]bool{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if w := misfit(v, ids, &sum); w != "" {
				wrong = w
			}
			for _, one := range v {
				look(one)
			}
		case []any:
			for _, one := range v {
				look(one)
			}
		}
	}
	for _, b := range blocks {
		look(b)
	}
	if sum > 13200 {
		return fmt.Sprintf("%d characters in all blocks", sum)
	}
	return wrong
}

func misfit(v map[string]any, ids map[string]bool, sum *int) string {
	said, _ := v["text"].(string)
	*sum += utf8.RuneCountInString(said)
	list := func(key string) int { l, _ := v[key].([]any); return len(l) }
	kind, _ := v["type"].(string)
	if id, ok := v["action_id"].(string); ok {
		if ids[id] || len(id) > maxActionID {
			return "action_id " + id + " twice, or too long"
		}
		ids[id] = true
	}
	called := fmt.Sprint(v["user_id"], v["usergroup_id"])
	switch {
	case kind == "broadcast" || kind == "channel" || kind == "emoji":
		return "it has a " + kind
	case kind == "mrkdwn" && strings.Trim(strings.NewReplacer("<@U0ANA>", "", "<!subteam^S0LEADS>", "").Replace(said), " ") != "":
		return "mrkdwn says " + said
	case (kind == "user" || kind == "usergroup") && !slices.Contains([]string{"U0ANA<nil>", "<nil>S0LEADS"}, called):
		return "it calls " + called
	case (kind == "text" || kind == "plain_text") && (said == "" || utf8.RuneCountInString(said) > maxSection):
		return "a text is empty or too long"
	case kind == "actions" && (list("elements") == 0 || list("elements") > maxElements):
		return "actions do not fit"
	case kind == "overflow" && (list("options") < 2 || list("options") > maxOverflow), kind == "static_select" && list("options") > maxOptions:
		return "a menu does not fit"
	case kind == "button" && len(fmt.Sprint(v["url"])) > maxURL:
		return "an address is too long"
	case kind == "image" && (fmt.Sprint(v["alt_text"]) == "" || utf8.RuneCountInString(fmt.Sprint(v["alt_text"])) > 2000):
		return "a picture has no words, or too many"
	}
	return ""
}

func TestWordsAreShownAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := someWords(t, "text", 6)
		m := chat.Message{Key: "k", Lines: []chat.Line{chat.L(said)}}.Finish()
		block := rich(painter{}.lines(m))
		if strings.TrimSpace(chat.Clean(said)) == "" {
			if block != nil {
				t.Fatalf("nothing is shown as %+v", block)
			}
			return
		}
		raw, err := json.Marshal(block)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Elements []struct {
				Elements []struct{ Type, Text string }
			}
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		got := b.Elements[0].Elements
		if len(got) != 1 || got[0].Type != "text" || got[0].Text != chat.Clean(said) {
			t.Fatalf("%q is shown as %+v", said, got)
		}
		if back := entities.Replace(escape(chat.Clean(said), maxText)); back != chat.Clean(said) {
			t.Fatalf("%q is read aloud as %q", said, back)
		}
	})
}

func TestAGroupIsFoundByItsHandle(t *testing.T) {
	m := text("approval", chat.ToneAsk, nil, chat.L(chat.Call(byHandle), " needed"))
	render := func(p painter) string {
		raw, err := json.Marshal(p.post(m))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := render(painter{}); strings.Contains(got, "usergroup") || !strings.Contains(got, "@responder needed") {
		t.Errorf("a group that is not known must be words: %s", got)
	}
	known := painter{group: func(h string) (string, bool) { return "S0SRE", h == "sre" }}
	if got := render(known); !strings.Contains(got, `{"type":"usergroup","usergroup_id":"S0SRE"}`) {
		t.Errorf("got %s", got)
	}
}

func TestAccount(t *testing.T) {
	for in, want := range map[string]string{"sre": "@sre", "@sre": "@sre", "U0123": "U0123", "W0123": "W0123", "S0123": "S0123", "": "", "u0123": "@u0123"} {
		if got := account(in); got != want {
			t.Errorf("account(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/x?y=1#z": "https://a.example/x?y=1#z", "https://a.example/a|b>c<d": "https://a.example/a%7Cb%3Ec%3Cd", "javascript:alert(1)": "", "https://u:p@a.example": "",
		"https://a.example/" + strings.Repeat("x", maxURL): "", "//a.example": "", "https://": "",
	} {
		got, ok := safeURL(in)
		if got != want || ok != (want != "") {
			t.Errorf("safeURL(%q) = %q, %t; want %q", chat.Clamp(in, 60), got, ok, want)
		}
	}
}
