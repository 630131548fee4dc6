package discord

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	practice "mayday/internal/practice/discord"
)

// both runs a test over the gateway and over HTTP.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("gateway", func(t *testing.T) { test(t, run(t, options{})) })
	t.Run("http", func(t *testing.T) { test(t, hooked(t, options{})) })
}

func TestPressIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		seen, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it")
		if err != nil {
			t.Fatal(err)
		}
		if seen.Kind != replyMessage || len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Content != "heard" {
			t.Errorf("got %+v, want one ephemeral answer", seen)
		}
		got := w.h.last(t)
		if got.ID != seen.Interaction || got.Button != "INC-42:root-own" || got.Room != "operations" || got.Platform != name {
			t.Errorf("the handler got %+v", got)
		}
		want := chat.User{ID: practice.Ana, Name: "Ana", Groups: []string{practice.RoleSRE}, Named: []string{"sre"}}
		if diff := cmp.Diff(want, got.User); diff != "" {
			t.Errorf("user (-want +got):\n%s", diff)
		}
		w.noBreach()
	})
}

func TestMoreIsAPress(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	if _, err := w.d.Choose(t.Context(), practice.Ana, practice.Operations, w.thread(r), moreLabel, "INC-42:root-sev"); err != nil {
		t.Fatal(err)
	}
	if got := w.h.last(t); got.Button != "INC-42:root-sev" {
		t.Errorf("got %+v", got)
	}
}

func TestSlashCommands(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		seen, err := w.d.Command(t.Context(), practice.Cleo, w.thread(r), "mayday run", map[string]string{"playbook": "kill queries", "with": "database=payments-db older_than=5m"})
		if err != nil {
			t.Fatal(err)
		}
		got := w.h.last(t)
		if got.Text != `run "kill queries" database=payments-db older_than=5m` || got.Thread != r || got.Room != "operations" || len(seen.Ephemerals) != 1 {
			t.Errorf("the handler got %+v", got)
		}
		if _, err := w.d.Command(t.Context(), practice.Cleo, practice.Random, "mayday help", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.h.last(t); got.Text != "help" || got.Thread != "" || got.Room != "" {
			t.Errorf("elsewhere the handler got %+v", got)
		}
		w.noBreach()
	})
}

func TestRegistration(t *testing.T) {
	w := run(t, options{})
	var slash, onMessages int
	for _, c := range w.d.Commands() {
		switch c.Name {
		case "mayday":
			slash++
		case noteOnMessage, updateOnMessage:
			onMessages++
		}
	}
	if slash != 1 || onMessages != 2 {
		t.Fatalf("registered %+v", w.d.Commands())
	}
	w.stop()
	again, err := newPlatform(w.p.start)
	if err != nil {
		t.Fatal(err)
	}
	defer again.api.client.CloseIdleConnections()
	if err := again.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := calls(w, "PUT", "commands"); n != 1 {
		t.Errorf("a restart registered again: %d", n)
	}
	again.start.Commands = again.start.Commands[1:]
	if err := again.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := calls(w, "PUT", "commands"); n != 2 {
		t.Errorf("a change was not registered: %d", n)
	}
}

func calls(w *world, method, path string) int {
	n := 0
	for _, c := range w.d.Journal() {
		if c.Method == method && strings.Contains(c.Path, path) {
			n++
		}
	}
	return n
}

func TestCommandsOnMessages(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	id, err := w.d.Say(practice.Ana, w.thread(r), "the database fails over <@1>")
	if err != nil {
		t.Fatal(err)
	}
	for command, verb := range map[string]string{noteOnMessage: "note", updateOnMessage: "update"} {
		seen, err := w.d.MessageCommand(t.Context(), practice.Li, command, w.thread(r), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.h.last(t); got.Text != verb || got.Quote != "the database fails over <@1>" || got.Thread != r || len(seen.Ephemerals) != 1 {
			t.Errorf("%s: the handler got %+v", command, got)
		}
	}
}

func TestAutocomplete(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		w.h.suggest = func(context.Context, chat.Query) ([]chat.Choice, error) {
			out := []chat.Choice{{Value: "rollback", Label: "rollback — undo the last deploy " + strings.Repeat("x", 120)}, {Value: strings.Repeat("v", 101), Label: "too long"}, {Value: "bare"}}
			for range 30 {
				out = append(out, chat.Choice{Value: "v", Label: "l"})
			}
			return out, nil
		}
		got, err := w.d.Autocomplete(t.Context(), practice.Ana, w.thread(r), "mayday run", "playbook", "ro", nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 25 || got[0].Value != "rollback" || got[1].Value != "bare" || got[1].Name != "bare" {
			t.Errorf("got %d choices, first %+v", len(got), got[:2])
		}
		q := w.h.queries[0]
		if q.Command != "run" || q.Arg != "playbook" || q.Prefix != "ro" || q.User.ID != practice.Ana || q.Thread != r {
			t.Errorf("the handler was asked %+v", q)
		}
		w.noBreach()
	})
}

func TestSlowSuggestions(t *testing.T) {
	w := run(t, options{})
	free := make(chan struct{})
	w.h.suggest = func(context.Context, chat.Query) ([]chat.Choice, error) {
		<-free
		return []chat.Choice{{Value: "late", Label: "late"}}, nil
	}
	got, err := w.d.Autocomplete(t.Context(), practice.Ana, practice.Operations, "mayday run", "playbook", "", nil)
	close(free)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v %v, want an empty list in time", got, err)
	}
	w.noBreach()
}

// asks answers everything with the form and its submission with words.
func asks(f chat.Form) func(context.Context, chat.Interaction) (chat.Message, error) {
	return func(_ context.Context, in chat.Interaction) (chat.Message, error) {
		if in.Button == f.Submit && in.Input != nil {
			return say("saved"), nil
		}
		return chat.Message{Key: "form", Form: &f, Text: "Say it."}, nil
	}
}

func TestFormOfFiveFields(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		w.h.answer = asks(fiveFields())
		seen, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "Post first status")
		if err != nil || seen.Modal == nil || len(seen.Modal.Fields) != 5 {
			t.Fatalf("got %+v %v, want a window of five fields", seen, err)
		}
		if f := seen.Modal.Fields[1]; f.Value != "Paying fails." || !f.Long || !f.Required || f.MaxLength != 400 {
			t.Errorf("the second field is %+v", f)
		}
		seen, err = w.d.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": "Paying fails for all.", "pods[]": []string{"investigating", "identified"}})
		if err != nil || len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Content != "saved" {
			t.Fatalf("got %+v %v", seen, err)
		}
		want := map[string]any{"state": "identified", "impact": "Paying fails for all.", "doing": "", "pods": []string{"investigating", "identified"}, "next": ""}
		if diff := cmp.Diff(want, w.h.last(t).Input); diff != "" || w.h.last(t).Button != "submit-5" {
			t.Errorf("input (-want +got):\n%s", diff)
		}
		w.noBreach()
	})
}

func TestAWindowCannotFollowAWindow(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	f := chat.Form{Title: "Type it", Submit: "submit-1", Label: "Type it again", Fields: []chat.Field{{Name: "phrase", Label: "Type payments-db 3", Required: true, Type: chat.FieldText}}}
	w.h.answer = func(context.Context, chat.Interaction) (chat.Message, error) {
		return chat.Message{Key: "form", Form: &f, Text: "That is not payments-db 3."}, nil
	}
	if _, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it"); err != nil {
		t.Fatal(err)
	}
	seen, err := w.d.Submit(t.Context(), practice.Ana, "", map[string]any{"phrase": "payments"})
	if err != nil || len(seen.Ephemerals) != 1 || !strings.Contains(seen.Ephemerals[0].Content, "payments-db 3") {
		t.Fatalf("got %+v %v", seen, err)
	}
	seen, err = w.d.PressEphemeral(t.Context(), practice.Ana, "", "Type it again")
	if err != nil || seen.Modal == nil {
		t.Fatalf("the button opens the window: got %+v %v", seen, err)
	}
	if got := w.h.last(t); got.Button != "submit-1" || got.Input != nil {
		t.Errorf("the handler got %+v", got)
	}
	w.noBreach()
}

func TestSlowHandler(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		free := make(chan struct{})
		w.h.answer = func(context.Context, chat.Interaction) (chat.Message, error) {
			<-free
			return chat.Message{Key: "form", Form: &chat.Form{Title: "T", Submit: "s", Label: "Fill in", Fields: []chat.Field{{Name: "a", Label: "A"}}}}, nil
		}
		seen, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it")
		if err != nil || seen.Kind != replyDeferred || !seen.Deferred || seen.Took > 3*time.Second {
			t.Fatalf("got %+v %v, want a deferred answer in time", seen, err)
		}
		close(free)
		seen, err = w.d.Await(t.Context(), seen)
		if err != nil || len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Content != "T" || !strings.Contains(string(seen.Ephemerals[0].Components), "Fill in") {
			t.Errorf("got %+v %v, want the form as a button", seen, err)
		}
		w.noBreach()
	})
}

func TestEndWhileSomebodyWaits(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	entered := make(chan struct{})
	w.h.answer = func(ctx context.Context, _ chat.Interaction) (chat.Message, error) {
		close(entered)
		<-ctx.Done()
		return chat.Message{}, ctx.Err()
	}
	var all sync.WaitGroup
	all.Go(func() { _, _ = w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it") })
	<-entered
	w.stop()
	all.Wait()
}

func TestFiftyOnOneButton(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.open("INC-42:root")
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				seen, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it")
				if err != nil || len(seen.Ephemerals) == 0 {
					t.Errorf("got %+v %v", seen, err)
				}
			})
		}
		all.Wait()
		if w.h.count() != 50 {
			t.Errorf("the handler heard %d", w.h.count())
		}
		w.noBreach()
	})
}

func TestAnswersThatNeedASecondTry(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "/callback", Status: 503})
	seen, err := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it")
	if err != nil || len(seen.Ephemerals) != 1 {
		t.Errorf("got %+v %v", seen, err)
	}
	w.d.Play(practice.Fault{Kind: practice.LoseReply, Route: "/callback"})
	if seen, err = w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it"); err != nil || len(seen.Ephemerals) != 1 {
		t.Errorf("got %+v %v", seen, err)
	}
	w.noBreach()
}
