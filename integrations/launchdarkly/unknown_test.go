package launchdarkly

import (
	"context"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/practice"
)

func TestALostAnswerIsUnknownAndNothingIsSentTwice(t *testing.T) {
	tests := []struct {
		name    string
		at      practice.LDPoint
		applied integrations.Evidence
	}{
		{"before it was applied", practice.LDBeforeApply, integrations.Evidence{Applied: integrations.No, Text: "as before the act"}},
		{"after it was applied", practice.LDAfterApply, integrations.Evidence{Applied: integrations.Yes, Settled: true, Text: "the audit log has my change at "}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for range 20 {
				st := newStage(t)
				// A connection that was used before must not change anything.
				p := st.plan(offName, flagArg("theme"))
				st.ld.Drop(tc.at)
				_, err := st.apply(p)
				wantUnknown(t, err)
				st.oncePatched()
				if want := tc.applied.Applied == integrations.Yes; want != (st.ld.Applied() == 1) {
					t.Fatalf("applied %d times", st.ld.Applied())
				}
				ev, err := st.action(offName).Probe(t.Context(), p, nil)
				if err != nil || ev.Applied != tc.applied.Applied || ev.Settled != tc.applied.Settled {
					t.Fatalf("got %+v, %v", ev, err)
				}
				contains(t, ev.Text, tc.applied.Text)
			}
		})
	}
}

func TestATimeoutIsUnknown(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("theme"))
	held := st.ld.Hold(practice.LDBeforeApply)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := st.action(offName).Apply(ctx, p, func(string, string) error { return nil })
		done <- err
	}()
	<-held.Reached()
	cancel()
	wantUnknown(t, <-done)
	ev, err := st.action(offName).Probe(t.Context(), p, nil)
	if err != nil || ev.Applied != integrations.No {
		t.Fatalf("while it is held: %+v, %v", ev, err)
	}
	held.Release()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	for tick := time.NewTicker(5 * time.Millisecond); st.ld.Applied() == 0; {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("it was never applied")
		}
	}
	if ev, err = st.action(offName).Probe(t.Context(), p, nil); err != nil || ev.Applied != integrations.Yes {
		t.Fatalf("afterwards: %+v, %v", ev, err)
	}
	st.oncePatched()
}

func TestProbeTellsWhoItWas(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("theme"))
	probe := func() integrations.Evidence {
		t.Helper()
		ev, err := st.action(offName).Probe(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ev
	}
	st.set("Sam", "theme", practice.LDChange{Serve: "autumn"})
	if ev := probe(); ev.Applied != integrations.No || !strings.Contains(ev.Text, "Sam updated the default rule") {
		t.Errorf("somebody else: %+v", ev)
	}
	st.set("Sam", "theme", practice.LDChange{On: off, Serve: "dark"})
	if ev := probe(); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "Sam turned off") {
		t.Errorf("somebody else did the same: %+v", ev)
	}
	st.set("Sam", "theme", practice.LDChange{On: on})
	st.ld.Drop(practice.LDAfterApply)
	p = st.plan(offName, flagArg("theme"))
	_, err := st.apply(p)
	wantUnknown(t, err)
	st.set("Ana", "theme", practice.LDChange{On: on})
	if ev := probe(); ev.Applied != integrations.Yes || !strings.Contains(ev.Text, "since then Ana turned on") {
		t.Errorf("ours, and then somebody else: %+v", ev)
	}
}
