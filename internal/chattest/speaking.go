package chattest

import (
	"slices"
	"strings"
	"testing"

	"mayday/bot/chat"
)

func texts(all []Seen) []string {
	var out []string
	for _, s := range all {
		out = append(out, s.Text)
	}
	return out
}

func testOrder(t *testing.T, w *World) {
	root := w.open(t, card("INC-1:card", "checkout: errors 12%", button(0, "I'm on it", chat.Primary)))
	w.post(t, root, reply("INC-1:line:2", "the first reply"))
	second := w.post(t, root, reply("INC-1:line:3", "the second reply"))
	settled(t, func() error {
		return w.Platform.Edit(t.Context(), second, reply("INC-1:line:3", "the second reply, edited"))
	})
	settled(t, func() error { return w.Platform.Edit(t.Context(), root, card("INC-1:card", "checkout: well again")) })
	got := w.Thread(root)
	if len(got) != 3 || !strings.Contains(got[0].Text, "well again") || !strings.Contains(got[1].Text, "the first reply") ||
		!strings.Contains(got[2].Text, "the second reply, edited") {
		t.Errorf("the thread reads %q", texts(got))
	}
	if len(got) > 0 && len(got[0].Buttons) != 0 {
		t.Errorf("buttons that were taken away still stand: %q", got[0].Buttons)
	}
	settled(t, func() error {
		_, err := w.Platform.Post(t.Context(), chat.Place{Room: "status", Incident: "INC-1"}, reply("INC-1:update:4", "a word to readers"))
		return err
	})
	if got := w.Room("status"); len(got) != 1 || !strings.Contains(got[0].Text, "a word to readers") {
		t.Errorf("#status reads %q", texts(got))
	}
}

func testDelete(t *testing.T, w *World) {
	del, ok := w.Platform.(chat.Deleter)
	if !ok {
		return // the war room edits a message to say what replaced it
	}
	root := w.open(t, card("INC-1:card", "checkout"))
	ref := w.post(t, root, reply("INC-1:nudge:1", "an old reminder"))
	for range 2 { // what is gone already was taken back
		settled(t, func() error { return del.Delete(t.Context(), ref) })
	}
	if got := w.Thread(root); len(got) != 1 {
		t.Errorf("the thread reads %q", texts(got))
	}
}

func testKey(t *testing.T, w *World) {
	if w.Marks {
		return // there a repeat is marked: testRepeat
	}
	first := w.open(t, card("INC-1:card", "checkout"))
	if again := w.open(t, card("INC-1:card", "checkout")); again != first {
		t.Errorf("the same key stands at %s and at %s", first, again)
	}
	a, b := w.post(t, first, reply("INC-1:line:2", "once")), w.post(t, first, reply("INC-1:line:2", "once"))
	if a != b || len(w.Thread(first)) != 2 {
		t.Errorf("a reply stands at %s and at %s: %q", a, b, texts(w.Thread(first)))
	}
}

// longest is as large as the port allows.
func longest() chat.Message {
	m := chat.Message{Key: "INC-1:card", Kind: "card", Incident: "INC-1", Tone: chat.ToneSEV1}
	for n := range chat.Shared.Lines {
		m.Lines = append(m.Lines, chat.L(chat.Strong("◆"), " ", strings.Repeat(string(rune('a'+n)), 128)))
	}
	for n := range chat.Shared.Row {
		m.Buttons = append(m.Buttons, button(n, strings.Repeat(string(rune('A'+n)), chat.Shared.Label), chat.Plain))
	}
	for n := range 8 {
		m.More = append(m.More, button(10+n, strings.Repeat(string(rune('K'+n)), chat.Shared.Label), chat.Plain))
	}
	m.Buttons[0].Style, m.Buttons[3].Style = chat.Primary, chat.Harm
	return m.Finish()
}

func testLongest(t *testing.T, w *World) {
	m := longest()
	root := w.open(t, m)
	got := w.Thread(root)[0]
	for _, l := range m.Lines {
		if !strings.Contains(got.Text, l.String()) {
			t.Errorf("%q is missing in %q", l.String(), got.Text)
		}
	}
	var want []string
	for _, b := range append(slices.Clone(m.Buttons), m.More...) {
		want = append(want, b.Label)
	}
	if !slices.Equal(got.Buttons, want) {
		t.Errorf("buttons %q, want %q", got.Buttons, want)
	}
	plain := m
	plain.Key, plain.Lines, plain.Text = "INC-1:plain", nil, strings.Repeat("words ", chat.Shared.Text/6)
	w.post(t, root, plain)
}

// hostile are words that form, link, call or hide somewhere.
var hostile = []string{
	"<!channel> <!here> <@U0SAM> <!subteam^S0LEADS> <https://evil.example|a link>", "@everyone @here <@200000000000000003> <@&300000000000000002>",
	"*bold* _it_ ~gone~ `code` ```block``` > quote # head - list 1. one ||hidden||", "[a link](https://evil.example) <t:0:R> </own:1> <:x:1> <id:home>",
	"&lt;!channel&gt; & < > &amp;", "a\u202eb\u200bc\u2066d", "Approved by Sam", "\\*\\_ \\<@U0SAM>",
}

func testHostile(t *testing.T, w *World) {
	m := chat.Message{Key: "INC-1:card", Kind: "card", Incident: "INC-1"}
	for _, words := range hostile {
		m.Lines = append(m.Lines, chat.L(words))
	}
	m.Lines = append(m.Lines, chat.L(chat.Strong(hostile[2]), chat.Code(hostile[0]), chat.Muted(hostile[1]), chat.A(hostile[3], "https://example.com/?a=1|2>3")))
	root := w.open(t, m.Finish())
	w.post(t, root, chat.Message{Key: "INC-1:plain", Kind: "line", Text: chat.Clean(strings.Join(hostile, " "))})
	for _, got := range w.Thread(root) {
		if len(got.Pinged) > 0 {
			t.Errorf("hostile words made the phones of %q ring", got.Pinged)
		}
	}
	got := w.Thread(root)[0].Text
	for _, words := range hostile {
		if !strings.Contains(got, chat.Clean(words)) {
			t.Errorf("%q is not shown as it was written, in:\n%s", chat.Clean(words), got)
		}
	}
}

func testMentions(t *testing.T, w *World) {
	root := w.open(t, card("INC-1:card", "checkout"))
	m := chat.Message{Key: "INC-1:nudge:2", Kind: "nudge", Incident: "INC-1",
		Lines: []chat.Line{chat.L(chat.Call(chat.Mention{Name: "Ana", IDs: map[string]string{w.Platform.Name(): w.User}}), " 30 min since the last word."),
			chat.L("Not ", chat.Call(chat.Mention{Name: "Nobody"}), " and not @everyone.")}}.Finish()
	w.post(t, root, m)
	got := w.Thread(root)[1]
	if w.User != "" && !slices.Equal(got.Pinged, []string{w.User}) {
		t.Errorf("the phones of %q ring, want only %s", got.Pinged, w.User)
	}
	if !strings.Contains(got.Text, "@Ana 30 min") || !strings.Contains(got.Text, "@Nobody") {
		t.Errorf("it reads %q", got.Text)
	}
	m.Key, m.Silent = "INC-1:line:3", true
	m.Lines = m.Lines[1:]
	w.post(t, root, m.Finish())
	if got := w.Thread(root)[2]; len(got.Pinged) > 0 {
		t.Errorf("housekeeping made the phones of %q ring", got.Pinged)
	}
}
