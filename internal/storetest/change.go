package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/incident"
)

func testChange(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	now := c.Now().Truncate(time.Microsecond)
	tell := func(event string, change incident.Suspect) {
		t.Helper()
		_, err := s.Receive(ctx, "changes", event, []byte("{}"))
		must(t, "receive", err)
		must(t, "keep change", s.KeepChange(ctx, claim(t, s, incident.WakeInbox, ""), change))
	}
	deploy := incident.Suspect{ID: "d1", Source: "changes", Kind: incident.SuspectDeploy, Service: "checkout", At: now.Add(-9 * time.Minute), What: "checkout 1.9.8→2.0.1", Who: "ci",
		Offer: &incident.Offer{Label: "Roll back checkout", Playbook: "rollback", Inputs: map[string]string{"service": "checkout"}}}
	other := incident.Suspect{ID: "d2", Source: "changes", Kind: incident.SuspectDeploy, Service: "search", At: now.Add(-5 * time.Minute), What: "search 7"}
	nobodys := incident.Suspect{ID: "d3", Source: "changes", Kind: incident.SuspectConfig, At: now.Add(-time.Minute), What: "DNS moved"}
	tell("e1", deploy)
	tell("e2", other)
	tell("e3", nobodys)
	tell("e4", deploy) // told twice
	list := func(services []string, from time.Time) []incident.Suspect {
		t.Helper()
		got, err := s.Changes(ctx, services, from, now, 10)
		must(t, "list changes", err)
		return got
	}
	if diff := cmp.Diff([]incident.Suspect{nobodys, deploy}, list([]string{"checkout"}, now.Add(-time.Hour))); diff != "" {
		t.Errorf("changes of checkout (-want +got):\n%s", diff)
	}
	if got := list(nil, now.Add(-6*time.Minute)); len(got) != 2 {
		t.Errorf("changes of the last 6 minutes: got %d, want 2", len(got))
	}
	if claims := claimAll(t, s, incident.WakeInbox); len(claims) != 0 {
		t.Errorf("%d bodies still wait after their change was kept", len(claims))
	}
}
