package slack

import (
	"context"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

// TestAWindowThatIsInTheWay: it changed meanwhile, its change is in doubt, or
// somebody closed it.
func TestAWindowThatIsInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		fault practice.Fault
		close bool
	}{
		"changed":  {fault: practice.Fault{Kind: practice.Error, Method: "views.update", Error: "hash_conflict", Count: 1}},
		"in doubt": {fault: practice.Fault{Kind: practice.LoseReply, Method: "views.update", Count: 1}},
		"closed":   {close: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t, options{before: func(p *platform) { p.pace.answerWithin = 50 * time.Millisecond }})
			slow := make(chan struct{})
			w.hands.will(func(context.Context, chat.Interaction) (chat.Message, error) {
				<-slow
				return say("at last"), nil
			})
			root := w.open("INC-42:card")
			seen, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "I'm on it")
			says(t, "the press", seen, err, "Loading…")
			if c.close {
				if err := w.s.CloseView(t.Context(), practice.Ana); err != nil {
					t.Fatal(err)
				}
			} else {
				w.s.Play(c.fault)
			}
			close(slow)
			w.await("the answer", func() bool {
				if v := w.s.View(practice.Ana); v != nil && strings.Contains(v.Plain(), "at last") {
					return true
				}
				all := w.s.Ephemerals(practice.Ana)
				return len(all) > 0 && all[len(all)-1].Plain() == "at last"
			})
		})
	}
}

func TestAnAnswerAlwaysSaysSomething(t *testing.T) {
	form := &chat.Form{Title: "Write update", Submit: "s", Label: "Write"}
	noted := *form
	noted.Note = "what users see"
	for want, m := range map[string]chat.Message{
		"✓":                            {},
		"Write update":                 {Form: form},
		"Write update: what users see": {Form: &noted},
		"said":                         say("said"),
		"said\nerrors rose": func() chat.Message {
			m := say("said")
			m.Image = &chat.Image{Alt: "errors rose", Data: []byte("x")}
			return m
		}(),
	} {
		got := spoken(m)
		if words := plain(got, painter{}.lines(got)); words != want {
			t.Errorf("%+v says %q, want %q", m, words, want)
		}
	}
}

func TestFieldsThatDoNotFit(t *testing.T) {
	var many []chat.Choice
	for range 120 {
		many = append(many, chat.Choice{Value: "v" + strings.Repeat("x", len(many)%5), Label: ""})
	}
	many[0].Value, many[1].Value = "", strings.Repeat("y", maxOptionID+1)
	m := chat.Message{Form: &chat.Form{Title: strings.Repeat("t", 40), Submit: "s", Note: "a *note*", Fields: []chat.Field{
		{Name: "one", Label: "", Type: chat.FieldOne, Options: many, Value: "v"},
		{Name: "text", Label: "Text", Type: chat.FieldText, Value: strings.Repeat("z", 5000), Max: 64},
	}}}
	v := painter{}.form(m, memo{})
	if n := len([]rune(v.Title.Text)); n > maxTitle || v.Submit.Text != "Send" {
		t.Errorf("title of %d characters, submit %q", n, v.Submit.Text)
	}
	if s, ok := v.Blocks.BlockSet[0].(*slackgo.SectionBlock); !ok || s.Text.Type != slackgo.PlainTextType || s.Text.Text != "a *note*" {
		t.Errorf("the note is %+v", v.Blocks.BlockSet[0])
	}
	one := v.Blocks.BlockSet[1].(*slackgo.InputBlock)
	list := one.Element.(*slackgo.SelectBlockElement)
	if len(list.Options) != maxOptions || one.Hint == nil || !strings.Contains(one.Hint.Text, "100 of 120 are here") || list.InitialOption == nil || one.Label.Text != "–" {
		t.Errorf("%d options, hint %+v, label %q", len(list.Options), one.Hint, one.Label.Text)
	}
	if in := v.Blocks.BlockSet[2].(*slackgo.InputBlock).Element.(*slackgo.PlainTextInputBlockElement); len([]rune(in.InitialValue)) != 64 || in.MaxLength != 64 {
		t.Errorf("%d characters of %d", len([]rune(in.InitialValue)), in.MaxLength)
	}
}
