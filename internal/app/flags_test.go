package app

import (
	"net/http"
	"strings"
	"testing"

	"mayday/internal/incident"
	"mayday/internal/practice"
)

// sixtyForty is a rollout to the last thousandth.
var sixtyForty = practice.LDChange{Weights: map[string]int{"true": 60001, "false": 39999}, BucketBy: "account", ContextKind: "company"}

// TestFlagOffAndBack flips a flag, sees it in force everywhere, and takes it
// back to the last thousandth.
func TestFlagOffAndBack(t *testing.T) {
	t.Parallel()
	s := newFlagStage(t, "", nil)
	before := s.others("checkout-v2", sixtyForty)
	s.ok(s.say("ana", "run show flag=checkout-v2"))
	s.wants("the look", s.thread()[len(s.thread())-1].Text, "checkout-v2: on, 60.001% true", "off serves false", "Li")
	s.ok(s.say("ana", "run flip flag=checkout-v2"))
	preview, start := s.button("start")
	act := s.step()
	s.wants("the preview", preview.Text, "Turn off checkout-v2", "from  on, 60.001% true", "to    off, everybody gets false",
		"✓ off serves false", "✓ no other flag depends on it", "Undo: yes, back to on, 60.001% true", "Code "+incident.Code(act.Digest))
	if act.Grade != incident.GradeChange || act.SecondOne || start.Label != "Turn off checkout-v2" {
		t.Errorf("a flag that goes off is %s, second person %v, button %q", act.Grade, act.SecondOne, start.Label)
	}
	s.wants("the press", s.ok(s.press("ana", "start")).Text, "Started: Turn off checkout-v2")
	if s.flag("checkout-v2").On {
		t.Fatal("it is still on")
	}
	s.wants("the result", s.cardOf(act).Text, "✓ Turn off checkout-v2", "checkout-v2 is off, everybody gets false", incident.Code(act.Digest))
	if b := buttonOf(s.cardOf(act), "undo"); !strings.HasPrefix(b.Label, "Undo: back") {
		t.Errorf("the undo is labelled %q", b.Label)
	}
	s.wantForce("Turn off checkout-v2 (production)")

	s.wants("the answer", s.ok(s.press("ana", "undo")).Text, "Preparing the preview", "Nothing acts before you press it")
	undo := s.step()
	s.wants("the preview of the undo", s.cardOf(undo).Text, "Put checkout-v2 back to on, 60.001% true", "from  off, everybody gets false", "to    on, 60.001% true", "Code ")
	s.ok(s.press("ana", "start"))
	s.wantState(undo, incident.Succeeded)
	s.wantRun(incident.RunDone)
	s.wantFlag("checkout-v2", before)
	s.wants("the first act", s.cardOf(act).Text, "↩ undone")
	if verbs := verbsOf(s.cardOf(act)); verbs != "" {
		t.Errorf("what is undone still offers %s", verbs)
	}
	s.wantForce()
	if n := s.flags.Applied(); n != 2 {
		t.Errorf("%d changes reached LaunchDarkly, want 2", n)
	}
	s.whole()
}

// TestFlagOnPreviousPercent takes every other act there and back.
func TestFlagOnPreviousPercent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag, run string
		before    []practice.LDChange
		shown     []string
		after     string
	}{
		"on": {flag: "checkout-v2", run: "run turn-on flag=checkout-v2", before: []practice.LDChange{sixtyForty, {On: pointer(false)}},
			shown: []string{"Turn on checkout-v2", "from  off, everybody gets false", "to    on, 60.001% true", "It needs new-cart"}, after: "checkout-v2 is on, 60.001% true"},
		"previous": {flag: "checkout-v2", run: "run previous flag=checkout-v2", before: []practice.LDChange{{On: pointer(false)}, {On: pointer(true), Comment: "for everybody"}},
			shown: []string{"Take back the last change of checkout-v2", "Takes back: Li", "to    off, everybody gets false"}, after: "checkout-v2 is off"},
		"previous weights": {flag: "checkout-v2", run: "run previous flag=checkout-v2", before: []practice.LDChange{sixtyForty, {Serve: "true"}},
			shown: []string{"from  on, serves true", "to    on, 60.001% true"}, after: "checkout-v2 is on, 60.001% true"},
		"percent": {flag: "checkout-v2", run: "run percent flag=checkout-v2 percent=5", before: []practice.LDChange{sixtyForty},
			shown: []string{"Serve true to 5% of checkout-v2", "from  on, 60.001% true", "to    on, 5% true"}, after: "checkout-v2 is on, 5% true"},
		"percent of one that is off": {flag: "checkout-v2", run: "run percent flag=checkout-v2 percent=0", before: []practice.LDChange{{On: pointer(false)}},
			shown: []string{"The flag is off: nobody notices before it is turned on."}, after: "checkout-v2 is off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFlagStage(t, "", nil)
			for _, change := range c.before {
				s.others(c.flag, change)
			}
			before := s.flag(c.flag)
			s.ok(s.say("ana", c.run))
			act := s.step()
			s.wants("the preview", s.cardOf(act).Text, c.shown...)
			s.ok(s.press("ana", "start"))
			s.wantState(act, incident.Succeeded)
			s.wants("the result", s.cardOf(act).Text, c.after)
			s.ok(s.press("ana", "undo"))
			s.ok(s.press("ana", "start"))
			s.wantFlag(c.flag, before)
			s.wants("the first act", s.cardOf(act).Text, "↩ undone")
			s.wantForce()
			s.whole()
		})
	}
}

// TestFlagWithDependants is danger: another flag needs it. Where LaunchDarkly
// does not tell, that is said and not taken for a no.
func TestFlagWithDependants(t *testing.T) {
	t.Parallel()
	s := newFlagStage(t, "", nil)
	before := s.flag("new-cart")
	s.ok(s.say("ana", "run flip flag=new-cart"))
	act := s.step()
	s.wants("the preview", s.cardOf(act).Text, "danger step in production", "Depends on it: checkout-v2 will serve false, its off value", "somebody else must approve", "asked by Ana")
	if act.Grade != incident.GradeDanger || !act.SecondOne || act.Phrase != "new-cart" {
		t.Fatalf("it is %s, second person %v, phrase %q", act.Grade, act.SecondOne, act.Phrase)
	}
	s.refused("the asker's own approval", s.press("ana", "approve", "phrase", "new-cart"), "E11", "Sam", "Nothing was done")
	s.refused("a responder's approval", s.press("li", "approve", "phrase", "new-cart"), "E1")
	s.refused("a wrong word", s.press("sam", "approve", "phrase", "old-cart"), "E9", "Two tries left")
	form := s.ok(s.press("sam", "approve"))
	s.wants("the form", form.Text, "Type new-cart", incident.Code(act.Digest), "Undo: yes, back to on, 50% true")
	s.ok(s.press("sam", "approve", "phrase", "new-cart"))
	s.wantState(act, incident.Succeeded)
	s.wants("the result", s.cardOf(act).Text, "✓ Turn off new-cart", "Sam, asked by Ana")
	s.wantForce("Turn off new-cart (production)")
	s.ok(s.press("ana", "undo"))
	s.wants("the preview of the undo", s.cardOf(s.step()).Text, "somebody else must approve", "checkout-v2 will serve false to those who do not get true")
	s.ok(s.press("kim", "approve", "phrase", "new-cart"))
	s.wantFlag("new-cart", before)

	s.flags.HideDependants(true)
	s.ok(s.say("ana", "run flip flag=checkout-v2"))
	m, start := s.button("start")
	s.wants("the preview", m.Text, "? whether other flags depend on it is not known: it refuses to say")
	if !strings.HasSuffix(start.Label, ", 1 unknown") {
		t.Errorf("the button hides what nobody knows: %q", start.Label)
	}
	s.whole()
}

// TestFlagRefusals are LaunchDarkly's ways to say no, and the world that moves.
func TestFlagRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble func(*flagStage)
		state   incident.StepState
		words   []string
	}{
		"405 asks for an approval there": {func(s *flagStage) { s.flags.RequireApproval("production", true) }, incident.FailedProven,
			[]string{"Nothing was changed", "405: approval required for checkout-v2 in production", "I asked for one there", "checkout-v2 is still on", "E17"}},
		"405 and no right to ask": {func(s *flagStage) { s.flags.RequireApproval("production", true); s.flags.Deny("createApprovalRequest") }, incident.FailedProven,
			[]string{"Nothing was changed", "asking for one was refused (403", "checkout-v2 is still on", "E17"}},
		"409": {func(s *flagStage) { s.flags.Answer(http.StatusConflict) }, incident.RefusedStale,
			[]string{"Nothing was done", "somebody changed checkout-v2 at the same moment (409)", "E10"}},
		"403": {func(s *flagStage) { s.flags.Deny("updateOn") }, incident.FailedProven, []string{"Nothing was changed", "updateOn", "E17"}},
		"drift": {func(s *flagStage) { s.others("checkout-v2", practice.LDChange{Serve: "false"}) }, incident.RefusedStale,
			[]string{"Nothing was done", "It changed since the preview", "E10"}},
		"done already": {func(s *flagStage) { s.others("checkout-v2", practice.LDChange{On: pointer(false)}) }, incident.RefusedStale,
			[]string{"Nothing was done", "checkout-v2 is off already", "E18"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFlagStage(t, "", nil)
			s.ok(s.say("ana", "run flip flag=checkout-v2"))
			act := s.step()
			c.trouble(s)
			was := s.flag("checkout-v2")
			s.ok(s.press("ana", "start"))
			s.wantState(act, c.state)
			card := s.cardOf(act)
			s.wants("the result", card.Text, c.words...)
			if verbsOf(card) != "again skip stop" {
				t.Errorf("the result offers %q", verbsOf(card))
			}
			s.wantFlag("checkout-v2", was)
			s.wantForce()
			s.refused("undo of what was not done", s.say("ana", "undo "+incident.Code(act.Digest)), "E15", "There is nothing to undo")
			s.wants("undo alone", s.ok(s.say("ana", "undo")).Text, "Nothing in INC-1 can be taken back")
			s.whole()
		})
	}
}
