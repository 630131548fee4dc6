package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
