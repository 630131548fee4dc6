package pagerduty

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/practice"
)

// sleeping are the parts with a token and a user.
func sleeping(t *testing.T, address string) integrations.Parts {
	t.Helper()
	parts, err := partsOf(t, quiet(), "pagerduty:\n  api_url: "+address+"/\n  token: file:"+secretFile(t, key)+"\n"+fromBot)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func keptIn(m integrations.Kept) integrations.Keep {
	return func(key, value string) error { m[key] = value; return nil }
}

func TestSnoozeEndsByItself(t *testing.T) {
	vendor, address := newVendor(t)
	act := sleeping(t, address).Actions[0]
	id := trigger(t, vendor)
	p, err := act.Plan(t.Context(), integrations.Args{"incident": id, "for": 90 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if p.Title != "Snooze "+id+" in PagerDuty for 1 h 30 min" || p.From != "triggered" || p.Undo != "" || p.NoUndo == "" || p.Env != "prod" || p.Grade != integrations.GradeChange || p.Gone != "" {
		t.Errorf("got %+v", p)
	}
	kept := integrations.Kept{}
	if e, err := act.Probe(t.Context(), p, kept); err != nil || e.Applied != integrations.No {
		t.Errorf("got %+v, %v, want that nothing was done", e, err)
	}
	r, err := act.Apply(t.Context(), p, keptIn(kept))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST /incidents/" + id + "/snooze mayday@shop.example " + `{"duration":5400}`}, calls(vendor)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	until, err := time.Parse(time.RFC3339, r.Values["until"])
	if off := time.Until(until) - 90*time.Minute; err != nil || off.Abs() > time.Minute {
		t.Errorf("got %v, %v, want an end in 90 minutes", r, err)
	}
	if e, err := act.Probe(t.Context(), p, kept); err != nil || e.Applied != integrations.Yes || !e.Settled {
		t.Errorf("got %+v, %v, want that it sleeps", e, err)
	}
	if again, err := act.Plan(t.Context(), integrations.Args{"incident": id, "for": time.Hour}); err != nil || len(again.Open()) != 1 || !strings.HasPrefix(again.From, "acknowledged, and quiet until") {
		t.Errorf("got %+v, %v, want a question", again, err)
	}
}

func TestSnoozeIsRefusedInWords(t *testing.T) {
	vendor, address := newVendor(t)
	act := sleeping(t, address).Actions[0]
	ended := trigger(t, vendor)
	open, err := act.Plan(t.Context(), integrations.Args{"incident": ended})
	if err != nil {
		t.Fatal(err)
	}
	if err := vendor.Acknowledge(ended, "Ana"); err != nil {
		t.Fatal(err)
	}
	var stale *integrations.Stale
	if _, err := act.Apply(t.Context(), open, keptIn(integrations.Kept{})); !errors.As(err, &stale) || !strings.Contains(stale.Diff, "was triggered and is acknowledged") {
		t.Errorf("got %v, want what changed", err)
	}
	if err := vendor.Resolve(ended, "Li"); err != nil {
		t.Fatal(err)
	}
	if p, err := act.Plan(t.Context(), integrations.Args{"incident": ended}); err != nil || p.Gone == "" {
		t.Errorf("got %+v, %v, want that it is resolved", p, err)
	}
	without, err := Integration.New(config.Section{}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := partsOf(t, quiet(), "pagerduty:\n  api_url: "+address+"\n  token: file:"+secretFile(t, key)+"\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		act   integrations.Action
		args  integrations.Args
		words string
	}{
		{act, integrations.Args{"incident": "QNONE"}, "404"},
		{act, integrations.Args{"incident": "../users"}, "not the id"},
		{act, integrations.Args{"incident": ended, "for": 25 * time.Hour}, "1m to 24h"},
		{without.Actions[0], integrations.Args{"incident": ended}, "no token"},
		{nobody.Actions[0], integrations.Args{"incident": ended}, "pagerduty.from is not set"},
	} {
		_, err := tc.act.Plan(t.Context(), tc.args)
		if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, tc.words) {
			t.Errorf("%v: got %v, want %q", tc.args, err, tc.words)
		}
	}
	if got := calls(vendor); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

// TestSnoozeWhoseAnswerIsLost holds a server that breaks at the act.
func TestSnoozeWhoseAnswerIsLost(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		proven bool
	}{{"overloaded", 429, true}, {"not allowed", 403, true}, {"broken", 500, false}, {"hung up", 0, false}} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet:
					_, _ = w.Write([]byte(`{"incident":{"status":"triggered"}}`))
				case tc.status > 0:
					w.WriteHeader(tc.status)
				default:
					if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
						_ = conn.Close()
					}
				}
			}))
			defer server.Close()
			act := sleeping(t, server.URL).Actions[0]
			p, err := act.Plan(t.Context(), integrations.Args{"incident": "Q1"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = act.Apply(t.Context(), p, keptIn(integrations.Kept{}))
			if _, proven := integrations.AsRejected(err); err == nil || proven != tc.proven {
				t.Errorf("got %v, want proven %v", err, tc.proven)
			}
			if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("got %v, which repeats an address", err)
			}
		})
	}
}

func TestChangeEventsAreSuspects(t *testing.T) {
	vendor, address := newVendor(t)
	parts := sleeping(t, address)
	file, err := config.Parse("mayday.yaml", []byte("checkout: {pagerduty: PCHECK}\nsearch: {pagerduty: PSEARCH}\nworkers: {}\nwrong: {pagerduty: {id: P1}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var services []integrations.Service
	for _, name := range file.Section().Keys() {
		services = append(services, integrations.Service{Name: name, Own: file.Section(name, "pagerduty")})
	}
	if err := parts.Adopt(services); err == nil {
		t.Error("got no error, want one about the id that is none")
	}
	if err := parts.Adopt(services[:3]); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []practice.ChangeSpec{
		{Summary: "cart\nv2", Source: "ci", URL: "https://ci.example.com/812", At: now.Add(-10 * time.Minute)},
		{Summary: "index v7", Service: "search"}, {Summary: "of a service that nobody configured", Service: "rabbitmq"},
		{Summary: "long ago", At: now.Add(-5 * time.Hour)},
	} {
		if _, err := vendor.Changed(c); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(names ...string) (out []string) {
		t.Helper()
		got, err := parts.Changes.Changes(t.Context(), integrations.Window{Services: names, From: now.Add(-3 * time.Hour), To: now.Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got {
			if s.ID == "" || s.Source != "pd" || s.At.IsZero() {
				t.Errorf("got %+v", s)
			}
			out = append(out, strings.Join([]string{s.Service, s.What, s.Who, s.URL}, "|"))
		}
		return out
	}
	if diff := cmp.Diff([]string{"checkout|cart v2|ci|https://ci.example.com/812"}, ask("checkout", "payments-db")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := ask(); len(got) != 3 {
		t.Errorf("got %v, want those of everybody", got)
	}
	for range 150 {
		if _, err := vendor.Changed(practice.ChangeSpec{Summary: "again"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask("checkout"); len(got) != 151 {
		t.Errorf("got %d, want those of both pages", len(got))
	}
	vendor.Close()
	_, err = parts.Changes.Changes(t.Context(), integrations.Window{From: now, To: now})
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, "I can't reach PagerDuty (the connection") || strings.Contains(r.Why, "127.0.0.1") {
		t.Errorf("got %v, want that it cannot be reached", err)
	}
}
