package slack

import (
	"context"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/fault"
	practice "mayday/internal/practice/slack"
)

func withForm(_ context.Context, in chat.Interaction) (chat.Message, error) {
	if len(in.Input) == 0 {
		return theForm(), nil
	}
	return say("Posted to #status."), nil
}

func TestAFormOpensAndIsSent(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(withForm)
		seen, err := w.s.Command(t.Context(), practice.Ana, practice.Operations, "update")
		if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 || seen.View.SubmitLabel != "Post update" {
			t.Fatalf("%+v, %v", seen, err)
		}
		if strings.Contains(seen.View.PrivateMetadata, "impact") {
			t.Errorf("the window carries %s", seen.View.PrivateMetadata)
		}
		seen, err = w.s.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": "All *fail*.", "pick": []string{"p2"}, "tell": []string{}})
		says(t, "the form", seen, err, "Posted to #status.")
		in := w.hands.last(t)
		if in.Button != "submit-1" || in.Input["state"] != "identified" || in.Input["impact"] != "All *fail*." || in.Input["playbook"] != "" || in.Incident != "INC-42" {
			t.Errorf("it arrived as %+v", in)
		}
		if pick, _ := in.Input["pick"].([]string); len(pick) != 1 || pick[0] != "p2" {
			t.Errorf("picked %v", in.Input["pick"])
		}
		if tell, ok := in.Input["tell"].([]string); !ok || len(tell) != 0 {
			t.Errorf("told %v", in.Input["tell"])
		}
	})
}

// TestAFormIsSentTwice: the same form a second time, as two taps or a second
// delivery, has the same name only when it is the same delivery.
func TestAFormIsSentTwice(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(withForm)
		if _, err := w.s.Command(t.Context(), practice.Ana, practice.Operations, "update"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": "x"}); err != nil {
			t.Fatal(err)
		}
		first := w.hands.last(t)
		if err := w.s.Redeliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.await("the second delivery", func() bool { return w.hands.count() == 3 })
		if again := w.hands.last(t); again.ID != first.ID || again.Button != first.Button {
			t.Errorf("the deliveries are %+v and %+v", first, again)
		}
	})
}

func TestBadInputIsShownAtItsField(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(func(_ context.Context, in chat.Interaction) (chat.Message, error) {
			if len(in.Input) == 0 {
				return theForm(), nil
			}
			return chat.Message{}, fault.New(fault.Invalid, "E24", "What users see is empty.", "Write a word.")
		})
		if _, err := w.s.Command(t.Context(), practice.Ana, practice.Operations, "update"); err != nil {
			t.Fatal(err)
		}
		seen, err := w.s.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": " "})
		if err != nil || seen.View == nil || !strings.Contains(seen.View.Errors["impact"], "What users see is empty.") || len(seen.View.Inputs()) != 5 {
			t.Errorf("%+v, %v", seen.View, err)
		}
	})
}

func TestSuggestionsCompleteAField(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(withForm)
		w.hands.suggest = func(_ context.Context, q chat.Query) ([]chat.Choice, error) {
			return []chat.Choice{{Value: "rollback", Label: "rollback — undo the last deploy"}, {Value: strings.Repeat("x", 200), Label: "too long"}}, nil
		}
		root := w.open("INC-42:card")
		if _, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "Run playbook"); err != nil {
			t.Fatal(err)
		}
		all, err := w.s.Suggest(t.Context(), practice.Ana, "", "s:run playbook", "roll")
		if err != nil || len(all) != 2 || all[0].Value != "rollback" || all[1].Value != "roll" {
			t.Fatalf("suggested %+v, %v", all, err)
		}
		q := w.hands.queries[0]
		if q.Command != "run" || q.Arg != "playbook" || q.Prefix != "roll" || q.User.ID != practice.Ana || q.Thread != root || q.Incident != "INC-42" {
			t.Errorf("asked %+v", q)
		}
		if _, err := w.s.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": "x", "playbook": "rollback"}); err != nil {
			t.Fatal(err)
		}
		if in := w.hands.last(t); in.Input["playbook"] != "rollback" || in.Thread != root {
			t.Errorf("it arrived as %+v", in)
		}
	})
}

func TestATriggerThatExpired(t *testing.T) {
	for _, code := range []string{"expired_trigger_id", "trigger_expired", "trigger_exchanged"} {
		t.Run(code, func(t *testing.T) {
			w := run(t, options{})
			w.hands.will(withForm)
			root := w.open("INC-42:card")
			w.s.Play(practice.Fault{Kind: practice.Error, Method: "views.open", Error: code, Count: 1})
			seen, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "Run playbook")
			says(t, "the press", seen, err, "Status update for INC-42.")
			seen, err = w.s.PressSeen(t.Context(), practice.Ana, "Post update")
			if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 {
				t.Errorf("the button of the form: %+v, %v", seen, err)
			}
			w.noBreach()
		})
	}
}
