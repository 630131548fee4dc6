package chattest

import (
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// deadline is within what every platform wants a first answer (VENDORS, 9.1).
const deadline = 3 * time.Second

func (w *World) cardWithButton(t *testing.T) chat.Ref {
	t.Helper()
	return w.open(t, card("INC-1:card", "checkout: errors 12%", button(0, "I'm on it", chat.Primary), button(1, "Write update", chat.Plain)))
}

func testPress(t *testing.T, w *World) {
	if w.Press == nil {
		return // presses in the war room come over its own pages
	}
	root := w.cardWithButton(t)
	began := time.Now()
	got, err := w.Press(t.Context(), "I'm on it")
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > deadline {
		t.Errorf("the answer took %s", took)
	}
	if !strings.Contains(got.Text, "Noted.") {
		t.Errorf("whoever pressed sees %q", got.Text)
	}
	all := w.Handler.Got()
	if len(all) != 1 {
		t.Fatalf("%d interactions arrived, want 1: %+v", len(all), all)
	}
	in := all[0]
	if in.Button != button(0, "", "").ID || in.User.ID != w.User || in.Platform != w.Platform.Name() || in.ID == "" || (in.Thread != root && in.Thread != "") {
		t.Errorf("it arrived as %+v, want the button of the card %s, by %s", in, root, w.User)
	}
}

func testSlow(t *testing.T, w *World) {
	if w.Press == nil {
		return
	}
	w.cardWithButton(t)
	release := w.Handler.Hold()
	defer release()
	late := time.AfterFunc(4*time.Second, release)
	defer late.Stop()
	began := time.Now()
	if _, err := w.Press(t.Context(), "I'm on it"); err != nil {
		t.Errorf("a press on a slow desk: %v after %s", err, time.Since(began))
	}
	eventually(t, "the desk is done", func() bool { return len(w.Handler.Got()) == 1 })
}

func theForm() chat.Message {
	options := []chat.Choice{{Value: "investigating", Label: "investigating"}, {Value: "identified", Label: "identified"}}
	m := chat.Message{Kind: "form", Key: "INC-1:form", Incident: "INC-1", Ephemeral: true, Lines: []chat.Line{chat.L("Status update for INC-1.")}}
	m.Form = &chat.Form{Title: "Status update", Submit: strings.Repeat("f", 32), Label: "Post update", Fields: []chat.Field{
		{Name: "state", Label: "State", Type: chat.FieldOne, Options: options, Value: "investigating"},
		{Name: "impact", Label: "What users see", Type: chat.FieldArea, Required: true, Value: "Paying fails.", Max: 400},
		{Name: "doing", Label: "What we are doing", Type: chat.FieldArea, Required: true, Max: 400},
		{Name: "pick", Label: "Which sessions", Type: chat.FieldMany, Options: []chat.Choice{{Value: "p1", Label: "pid 1"}, {Value: "p2", Label: "pid 2"}, {Value: "p3", Label: "pid 3"}}},
		{Name: "phrase", Label: "Type payments-db 3", Type: chat.FieldText, Max: 64, Hint: "to end 3 sessions"},
	}}
	return m.Finish()
}

func testForm(t *testing.T, w *World) {
	if w.Press == nil {
		return
	}
	root := w.cardWithButton(t)
	w.Handler.Say(func(in chat.Interaction) (chat.Message, error) {
		if len(in.Input) == 0 {
			return theForm(), nil
		}
		return answer("Posted to #status."), nil
	})
	got, err := w.Press(t.Context(), "Write update")
	if err != nil {
		t.Fatal(err)
	}
	if want := "State|What users see|What we are doing|Which sessions|Type payments-db 3"; strings.Join(got.Fields, "|") != want {
		t.Fatalf("the form asks for %q, want %q", strings.Join(got.Fields, "|"), want)
	}
	got, err = w.Fill(t.Context(), map[string]any{"state": "identified", "impact": "Some payments fail. <b> & *all*", "doing": "Rolling back.\nThen watching.",
		"pick": []string{"p1", "p3"}, "phrase": "payments-db 3"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Text, "Posted to #status.") {
		t.Errorf("whoever posted sees %q", got.Text)
	}
	all := w.Handler.Got()
	in := all[len(all)-1]
	list, _ := in.Input["pick"].([]string)
	if in.Button != strings.Repeat("f", 32) || in.Input["state"] != "identified" || in.Input["impact"] != "Some payments fail. <b> & *all*" ||
		in.Input["doing"] != "Rolling back.\nThen watching." || strings.Join(list, ",") != "p1,p3" || in.Input["phrase"] != "payments-db 3" {
		t.Errorf("the form arrived as %+v", in)
	}
	if in.ID == "" || in.ID == all[0].ID || in.User.ID != w.User || (in.Thread != root && in.Thread != "") {
		t.Errorf("it arrived as %+v", in)
	}
}

func testRefusal(t *testing.T, w *World) {
	if w.Press == nil {
		return
	}
	w.cardWithButton(t)
	w.Handler.Say(func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Refused, "E11", "You asked for this, so someone else must approve: Li or Sam.", "Ping Li and Sam.")
	})
	got, err := w.Press(t.Context(), "I'm on it")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"someone else must approve", "Nothing was done.", "Ping Li and Sam.", "(E11)"} {
		if !strings.Contains(got.Text, line) {
			t.Errorf("%q is missing in %q", line, got.Text)
		}
	}
}

func testAgain(t *testing.T, w *World) {
	if w.Again == nil {
		return
	}
	w.cardWithButton(t)
	if _, err := w.Press(t.Context(), "I'm on it"); err != nil {
		t.Fatal(err)
	}
	if err := w.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second delivery arrives", func() bool { return len(w.Handler.Got()) == 2 })
	all := w.Handler.Got()
	if all[0].ID != all[1].ID {
		t.Errorf("the deliveries are called %q and %q, so nobody can know that they are one", all[0].ID, all[1].ID)
	}
}
