package processtest

import (
	"testing"
)

// ending is a server whose process is ended at bad moments of an act, and the
// count of effects that the target itself keeps.
type ending struct {
	t       testing.TB
	home    *home
	p       *process
	effects func() int
}

// atMostOnce holds what the target saw against what the step says.
func (f *ending) atMostOnce(moment, state string, before int) {
	f.t.Helper()
	n := f.effects() - before
	switch {
	case n > 1:
		f.t.Errorf("%s: there were %d effects", moment, n)
	case state == "SUCCEEDED" && n != 1, state == "FAILED_PROVEN" && n != 0, state == "REFUSED_STALE" && n != 0:
		f.t.Errorf("%s: the step is %s and there were %d effects", moment, state, n)
	}
}

func (f *ending) end(gently bool) {
	f.t.Helper()
	if gently {
		f.p.term()
		f.p.wait(patience)
	} else {
		f.p.kill()
	}
	f.p = f.home.serve()
}

// rests waits until the step is settled, or unknown with evidence.
func (f *ending) rests(step string) string {
	f.t.Helper()
	var s stepJSON
	eventually(f.t, patience, func() string {
		s = f.step(step)
		switch s.State {
		case "SUCCEEDED", "FAILED_PROVEN", "REFUSED_STALE", "EXPIRED", "CANCELLED":
			return ""
		case "UNKNOWN":
			if s.Evidence == nil || s.Evidence == "" {
				return "it is UNKNOWN without evidence"
			}
			return ""
		}
		return "the step is " + s.State
	})
	return s.State
}

// restarts starts three times more: nothing is repeated. What was held goes on at
// the other end, as it would at the vendor, so it is counted when it was freed.
func (f *ending) restarts(moment, step string, before int) {
	f.t.Helper()
	was := f.step(step).State
	for range 3 {
		f.end(false)
		if is := f.rests(step); is != was {
			f.t.Errorf("%s: a restart made %s of %s", moment, is, was)
		}
	}
	if n := f.effects() - before; n > 1 {
		f.t.Errorf("%s: after three restarts there were %d effects", moment, n)
	}
}

func (f *ending) step(id string) (s stepJSON) {
	f.t.Helper()
	f.home.get("steps/"+id, &s)
	return s
}

// button is the id of the newest button of a verb.
func (f *ending) button(id, verb string) (button string) {
	f.t.Helper()
	var all struct {
		Messages []struct {
			Buttons []struct{ ID, Verb string }
		}
	}
	eventually(f.t, patience, func() string {
		f.home.get("incidents/"+id+"/messages", &all)
		for _, m := range all.Messages {
			for _, b := range m.Buttons {
				if b.Verb == verb {
					button = b.ID
				}
			}
		}
		if button == "" {
			return "there is no button " + verb
		}
		return ""
	})
	return button
}
