package incident

import (
	"testing"
	"time"
)

func TestNextMorning(t *testing.T) {
	for _, c := range []struct{ now, zone, want string }{
		{"2026-11-25T03:00:00Z", "", "2026-11-26T10:00:00Z"},
		{"2026-11-25T03:00:00Z", "Europe/Berlin", "2026-11-26T09:00:00Z"},
		{"2026-11-27T18:00:00Z", "", "2026-11-30T10:00:00Z"},                 // Friday evening
		{"2026-11-28T23:30:00Z", "Europe/Berlin", "2026-11-30T09:00:00Z"},    // Sunday there already
		{"2026-03-27T12:00:00Z", "America/New_York", "2026-03-30T14:00:00Z"}, // summer time
		{"2026-11-25T03:00:00Z", "Nowhere/At_All", "2026-11-26T10:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextMorning(now, c.zone).Format(time.RFC3339); got != c.want {
			t.Errorf("after %s in %q: got %s, want %s", c.now, c.zone, got, c.want)
		}
	}
}

func TestWhatIsInForceIsAskedAboutNextMorning(t *testing.T) {
	i := &Incident{Number: 1, State: Monitoring, OpenedAt: noon, DeclaredAt: noon, Steps: []Step{
		{ID: "a", State: Succeeded, Plan: Plan{Title: "Scale workers to 0", Undo: "yes"}},
		{ID: "b", State: Succeeded, Plan: Plan{Title: "Flip", Undo: "yes"}, UndoneBy: "c"},
	}}
	v := View{Now: noon, Incident: i}
	c, err := Resolve(Person{Name: "Ana", Role: Commander}, Ending{})(v)
	if err != nil {
		t.Fatal(err)
	}
	var wakes []Wake
	for _, w := range c.Wakes {
		if w.Kind == WakeRemind {
			wakes = append(wakes, w)
		}
	}
	if len(wakes) != 1 || wakes[0].Row != "INC-1:a" || wakes[0].Due.Before(noon.Add(12*time.Hour)) {
		t.Fatalf("got %+v, want one wake-up for the act in force", wakes)
	}
	for _, e := range c.Entries {
		foldInto(i, e)
	}
	v.Now = wakes[0].Due
	asked, err := AskPutBack("a", 24*time.Hour)(v)
	if err != nil || len(asked.Entries) != 1 {
		t.Fatalf("in the morning: got %d entries, %v, want the question", len(asked.Entries), err)
	}
	foldInto(i, asked.Entries[0])
	if again, _ := AskPutBack("a", 24*time.Hour)(v); len(again.Entries) != 0 || len(again.Wakes) != 0 {
		t.Errorf("asked twice: %+v", again)
	}
}
