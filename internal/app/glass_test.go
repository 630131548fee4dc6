package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/incident"
)

func (w *workbench) as(id string, role incident.Role) chat.Interaction {
	return chat.Interaction{Platform: "web", User: chat.User{ID: id, Name: id, Role: string(role)}}
}

// press presses the newest button of a verb and answers the code of a refusal.
func (w *workbench) press(who chat.Interaction, inc *incident.Incident, verb string, input map[string]any) string {
	w.t.Helper()
	who.Button, who.Input = w.button(inc, verb), input
	_, err := w.handle(who)
	return codeOfErr(err)
}

// TestBreakGlass goes through the rules of the glass: the owner alone, after a
// minute, with phrase and reason, once in an incident; it is loud on the record.
func TestBreakGlass(t *testing.T) {
	w := newWorkbench(t)
	ana, li := w.as("ana", incident.Responder), w.as("sam", incident.Responder)
	inc, s := w.preview(ana)
	words := map[string]any{"phrase": s.Phrase, "reason": "nobody answers"}
	if got := w.press(ana, inc, "glass", words); got != "E1" {
		t.Errorf("without an owner: %q, want E1", got)
	}
	own := ana
	own.Text, own.Incident = "own", inc.ID()
	if _, err := w.handle(own); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who   chat.Interaction
		words map[string]any
		want  string
	}{
		"too early":     {ana, words, "E12"},
		"not the owner": {li, words, "E1"},
	} {
		if got := w.press(c.who, inc, "glass", c.words); got != c.want {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
	}
	w.now = w.now.Add(61 * time.Second)
	if got := w.press(ana, inc, "glass", map[string]any{"phrase": s.Phrase}); got != "E24" {
		t.Errorf("without a reason: %q, want E24", got)
	}
	if got := w.press(ana, inc, "glass", map[string]any{"phrase": "wrong", "reason": "x"}); got != "E9" {
		t.Errorf("the wrong phrase: %q, want E9", got)
	}
	if w.done.Load() != 0 {
		t.Fatal("a refusal acted")
	}
	if got := w.press(ana, inc, "glass", words); got != "" || w.done.Load() != 1 {
		t.Fatalf("the glass holds: %q, %d effects", got, w.done.Load())
	}
	if _, s := w.step(inc.ID()); s.State != incident.Succeeded || s.Glass != "nobody answers" || len(s.ApprovedBy) != 0 {
		t.Errorf("on record: %s, glass %q, approved by %v", s.State, s.Glass, s.ApprovedBy)
	}
	entries, err := w.store.Timeline(context.Background(), inc.Number, 0)
	if err != nil {
		t.Fatal(err)
	}
	loud := false
	for _, e := range entries {
		loud = loud || strings.Contains(e.Text, "BROKE THE GLASS")
	}
	if !loud {
		t.Error("the timeline does not say it")
	}
	again := ana
	again.Text, again.Incident = "run end-it thing=db", inc.ID()
	if _, err := w.handle(again); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute)
	if got := w.press(ana, inc, "glass", words); got != "E1" || w.done.Load() != 1 {
		t.Errorf("a second time in the incident: %q, want E1; %d effects", got, w.done.Load())
	}
}

// holdAction holds a thing back and lets it go again.
func (w *workbench) holdAction() integrations.Action {
	plan := func(title string) func(context.Context, integrations.Args) (integrations.Plan, error) {
		return func(_ context.Context, a integrations.Args) (integrations.Plan, error) {
			return integrations.Plan{Target: "thing/" + a.Text("thing"), Title: title + " " + a.Text("thing"), Subject: a.Text("thing"), Env: "staging",
				Undo: "yes, let it go", Record: map[string]string{"thing": a.Text("thing")}, Pre: map[string]string{}}, nil
		}
	}
	return integrations.Action{Name: "t.hold", Summary: "Hold the thing", Version: 1, Grade: incident.GradeChange,
		Params: []integrations.Field{{Name: "thing", Kind: integrations.Text, Required: true}}, Plan: plan("Hold"),
		Apply: func(context.Context, integrations.Plan, integrations.Keep) (integrations.Receipt, error) {
			w.done.Add(1)
			return integrations.Receipt{Text: "held"}, nil
		},
		Probe: w.action().Probe,
		Undo: func(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
			p, err := plan("Let go")(ctx, integrations.Args{"thing": r.Values["thing"]})
			p.Action, p.Undo, p.NoUndo = "t.hold", "", "It can be held again."
			p.Args = map[string]any{"thing": r.Values["thing"]}
			return p, err
		},
	}
}

// TestRemindAsksAndNeverActs lets an act stand for its time: the thread asks, and
// asks again; Put back starts the preview of its undo, and only that press acts.
func TestRemindAsksAndNeverActs(t *testing.T) {
	w := newWorkbench(t)
	ana := w.as("ana", incident.Responder)
	open := ana
	open.Text = "open trouble"
	m, err := w.handle(open)
	if err != nil {
		t.Fatal(err)
	}
	run := ana
	run.Text, run.Incident = "run hold-it thing=db", m.Incident
	if _, err := w.handle(run); err != nil {
		t.Fatal(err)
	}
	inc, s := w.step(m.Incident)
	if got := w.press(ana, inc, "start", nil); got != "" || w.done.Load() != 1 {
		t.Fatalf("the act: %q, %d effects", got, w.done.Load())
	}
	asked := func() int { i, _ := w.step(m.Incident); return i.Step(s.ID).Asked }
	for n := range 3 {
		w.now = w.now.Add(31 * time.Minute)
		w.drain()
		if got := asked(); got != n+1 {
			t.Fatalf("after %d times it was asked %d times", n+1, got)
		}
	}
	if w.done.Load() != 1 {
		t.Fatal("the timer acted")
	}
	if got := w.press(ana, inc, "undo", nil); got != "" || w.done.Load() != 1 {
		t.Fatalf("the press on the question: %q, %d effects", got, w.done.Load())
	}
	if got := w.press(ana, inc, "start", nil); got != "" || w.done.Load() != 2 {
		t.Fatalf("the undo: %q, %d effects", got, w.done.Load())
	}
	i, _ := w.step(m.Incident)
	if i.Step(s.ID).UndoneBy == "" || len(i.InForce()) != 0 {
		t.Errorf("it is not undone: by %q, %d in force", i.Step(s.ID).UndoneBy, len(i.InForce()))
	}
	before := asked()
	w.now = w.now.Add(2 * time.Hour)
	w.drain()
	if asked() != before {
		t.Error("it asks about what was undone")
	}
}

// TestBreakGlassOfAChange: where nothing is to be typed, the reason is enough.
func TestBreakGlassOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorkbench(t)
	w.desk.Safety.SecondPerson = "always"
	ana := w.as("ana", incident.Responder)
	inc := w.opened(ana)
	for _, text := range []string{"own", "run hold-it thing=db"} {
		ana.Text, ana.Incident = text, inc
		if _, err := w.handle(ana); err != nil {
			t.Fatal(err)
		}
	}
	ana.Text, ana.Incident = "", ""
	i, s := w.step(inc)
	if !s.SecondOne || s.Phrase != "" {
		t.Fatalf("second person %v, phrase %q", s.SecondOne, s.Phrase)
	}
	w.now = w.now.Add(61 * time.Second)
	ana.Button = w.button(i, "glass")
	form, err := w.handle(ana)
	if err != nil || form.Form == nil || len(form.Form.Fields) != 1 || form.Form.Fields[0].Name != "reason" {
		t.Fatalf("got %+v, %v; want a form that asks for the reason alone", form.Form, err)
	}
	if got := w.press(ana, i, "glass", map[string]any{"reason": ""}); got != "E24" {
		t.Errorf("without a reason: %q, want E24", got)
	}
	if got := w.press(ana, i, "glass", map[string]any{"reason": "nobody answers"}); got != "" {
		t.Errorf("with one: %q", got)
	}
	if _, s = w.step(inc); s.State != incident.Succeeded || s.Glass == "" {
		t.Errorf("it is %s, glass %q", s.State, s.Glass)
	}
}
