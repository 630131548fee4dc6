package launchdarkly

import (
	"context"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
	"mayday/internal/practice"
)

func services(t *testing.T) []integrations.Service {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte("checkout: {launchdarkly: {flags: [new-cart, 'checkout-*']}}\nsearch: {}\nwrong: {launchdarkly: {flag: x}}\nodd: {launchdarkly: {flags: '[x'}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out []integrations.Service
	for _, name := range f.Section().Keys() {
		out = append(out, integrations.Service{Name: name, Own: f.Section(name, "launchdarkly")})
	}
	return out
}

func lately(names ...string) integrations.Window {
	return integrations.Window{Services: names, From: time.Now().Add(-3 * time.Hour), To: time.Now().Add(time.Minute)}
}

// TestChangesAreSuspects compares what is told of the audit log, newest first.
func TestChangesAreSuspects(t *testing.T) {
	st := newStage(t)
	if err := st.parts.Adopt(services(t)[:2]); err != nil {
		t.Fatal(err)
	}
	st.set("Li", "checkout-v2", practice.LDChange{On: off, Comment: "too slow"})
	st.set("Li", "new-cart", practice.LDChange{Weights: map[string]int{"true": 0, "false": 100000}})
	st.set("Ana", "new-cart", practice.LDChange{Weights: map[string]int{"true": 50000, "false": 50000}})
	st.set("Ana", "theme", practice.LDChange{Serve: "autumn"})
	st.set("Ana", "theme", practice.LDChange{Rule: true, Comment: "only\nfor eu"})
	got, err := st.parts.Changes.Changes(t.Context(), lately("checkout"))
	if err != nil {
		t.Fatal(err)
	}
	type brief struct{ Service, What, Who, Why, Label string }
	var all []brief
	for _, s := range got {
		b := brief{Service: s.Service, What: s.What, Who: s.Who, Why: s.Why}
		if s.Offer != nil {
			b.Label = s.Offer.Label
			if s.Offer.Playbook != "flag-off" || !strings.HasPrefix(s.What, s.Offer.Inputs["flag"]+" ") {
				t.Errorf("got %+v for %s", s.Offer, s.What)
			}
		}
		if s.Kind != incident.SuspectFlag || s.ID == "" || s.Source != "launchdarkly" || s.At.IsZero() || s.URL == "" {
			t.Errorf("got %+v", s)
		}
		all = append(all, b)
	}
	same(t, []brief{
		{"", "theme updated the rules", "Ana", "only for eu", ""},
		{"", `theme serves "dark" → serves "autumn"`, "Ana", "", ""},
		{"checkout", "new-cart 0%→50%", "Ana", "", "Set new-cart to 0%"},
		{"checkout", "new-cart 50%→0%", "Li", "", ""},
		{"checkout", "checkout-v2 on→off", "Li", "too slow", "Turn checkout-v2 on"},
	}, all)

	// Of another service only what belongs to nobody is left.
	others, err := st.parts.Changes.Changes(t.Context(), lately("search"))
	if err != nil || len(others) != 2 {
		t.Errorf("got %+v, %v, want the two of theme", others, err)
	}
	w := lately()
	w.To = w.From.Add(time.Hour)
	if none, err := st.parts.Changes.Changes(t.Context(), w); err != nil || len(none) != 0 {
		t.Errorf("got %+v, %v, want nothing of that time", none, err)
	}
}

func TestSilentSourceSaysSo(t *testing.T) {
	st := newStage(t)
	st.ld.Close()
	_, err := st.parts.Changes.Changes(t.Context(), lately())
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, "I can't reach LaunchDarkly") {
		t.Errorf("got %v, want that it cannot be reached", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.parts.Changes.Changes(ctx, lately()); err == nil {
		t.Error("got an answer after the deadline")
	}
}

func TestServicesSayWhichFlagsAreTheirs(t *testing.T) {
	st := newStage(t)
	err := st.parts.Adopt(services(t))
	for _, words := range []string{"flag", "is no pattern"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
}
