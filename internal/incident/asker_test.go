package incident

import (
	"encoding/json"
	"slices"
	"testing"
)

// Whoever's answer shapes what a run does has asked for it; whoever says that
// something was done by hand has not.
func TestAnswersThatAsk(t *testing.T) {
	for asked, want := range map[string]bool{"pick": true, "choose": true, "inputs": true, "ask": true, AskNotMet: true, "tell": false, AskWatch: false} {
		w := opened(t, SEV2)
		w.do(t, StartRun(li, Run{ID: "r", Playbook: "rollback", By: "Li", ByID: li.ID, Pinned: json.RawMessage(`{}`)}))
		w.do(t, Progress("r", "0", "Asks.", Result{Asked: asked}, RunWaiting, false))
		w.do(t, AnswerRun(sam, "r", "0", "Sam answers.", func(r *Result) error { r.Outcome = OutDone; return nil }))
		head := Step{ID: "s", Run: "r", Path: "1", RequestedBy: "Li", AskedByID: li.ID, Askers: w.inc.Run("r").Askers}
		if got := head.AskedBy(sam.Name); got != want {
			t.Errorf("%s: Sam asked for it: %v, want %v", asked, got, want)
		}
		names := []string{"Li"}
		if want {
			names = append(names, "Sam")
		}
		if got := head.AskerNames(); !slices.Equal(got, names) {
			t.Errorf("%s: got %v, want %v", asked, got, names)
		}
	}
}

// Across platforms only people whose accounts are known approve.
func TestAccountsThatNobodyKnows(t *testing.T) {
	known := Asker{Name: "Ana", ID: "web:ana", Linked: true}
	for name, c := range map[string]struct {
		asker Asker
		by    Person
		want  bool
	}{
		"both known":              {known, Person{Name: "Sam", ID: "chat:U2", Linked: true}, false},
		"a token with a name":     {Asker{Name: "Ana", ID: "chat:U1", Linked: true}, Person{Name: "ana-laptop", ID: "web:ana-laptop"}, true},
		"asked with such a token": {Asker{Name: "ana-laptop", ID: "web:ana-laptop"}, Person{Name: "Ana", ID: "chat:U1", Linked: true}, true},
		"the same place":          {Asker{Name: "laptop", ID: "web:laptop"}, Person{Name: "other", ID: "web:other"}, false},
	} {
		s := Step{RequestedBy: c.asker.Name, AskedByID: c.asker.ID, Askers: []Asker{c.asker}}
		if got := s.mayBeAsker(c.by); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	old := Step{RequestedBy: "Ana", AskedByID: "web:ana"} // of a release that kept no askers
	if old.mayBeAsker(Person{Name: "Sam", ID: "chat:U2", Linked: true}) || !old.AskedBy("Ana") {
		t.Error("a step of an older release is judged otherwise")
	}
}
