package store

import (
	"context"
	"testing"
	"time"

	"mayday/internal/incident"
)

// openTemp opens a store in a directory of its own and closes it with the test.
func openTemp(tb testing.TB) *Store {
	tb.Helper()
	return openIn(tb, tb.TempDir(), nil)
}

func openIn(tb testing.TB, dir string, clock func() time.Time) *Store {
	tb.Helper()
	s, err := Open(context.Background(), Options{Dir: dir, Platforms: []string{"web"}, Clock: clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// opening is the decision of a typical alert: three entries, two messages.
func opening(key string) (incident.Target, incident.Decide) {
	src := incident.Source{Kind: "pagerduty", Key: key, Title: "checkout: error rate 12 %", Status: "triggered", URL: "https://pd.example/" + key}
	target := incident.Target{SourceKind: src.Kind, SourceKey: key}
	return target, func(v incident.View) (incident.Change, error) {
		if v.Incident != nil {
			return incident.Change{}, nil
		}
		return incident.Change{Entries: []incident.Entry{
			incident.NewEntry("PagerDuty", "Alert: checkout error rate 12 %", &incident.Opened{Title: src.Title, Service: "checkout", Severity: incident.SEV2, Source: &src, Policy: incident.DefaultPolicy()}),
			incident.NewEntry("", "Declared: urgency is high", &incident.Declared{Why: "urgency high"}),
			incident.NewEntry("PagerDuty", "On call: Ana", &incident.OnCall{Who: "Ana"}),
		}}, nil
	}
}

func TestOpenReadBack(t *testing.T) {
	ctx := t.Context()
	s := openTemp(t)
	target, decide := opening("P1")
	i, err := s.Do(ctx, target, decide)
	if err != nil {
		t.Fatal(err)
	}
	if i.ID() != "INC-1" || i.Seq != 3 {
		t.Fatalf("got %s at %d, want INC-1 at 3", i.ID(), i.Seq)
	}
	for _, check := range []func(context.Context, int64) error{s.Verify, s.Recompute} {
		if err := check(ctx, 1); err != nil {
			t.Error(err)
		}
	}
	claims, err := s.Claim(ctx, []string{"out"}, 10, time.Minute)
	if err != nil || len(claims) != 1 || claims[0].Row != "web|operations|INC-1" {
		t.Fatalf("got claims %v, %v, want the lane", claims, err)
	}
}
