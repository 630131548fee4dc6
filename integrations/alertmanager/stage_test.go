package alertmanager

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/prometheustest"
)

const (
	secret = "canary-token"
	note   = "INC-42 step 4f2k9a1b for Ana"
)

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// partsOf makes the parts from what stands under alertmanager.
func partsOf(t *testing.T, yaml string) (integrations.Parts, error) {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{"PASSWORD": prometheustest.Password, "TOKEN": secret} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		yaml = strings.ReplaceAll(yaml, "$"+name, "file:"+path)
	}
	f, err := config.Parse("mayday.yaml", []byte("alertmanager: "+yaml+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Integration.New(f.Section(Integration.At...), slog.New(slog.DiscardHandler))
}

// stage is a real Alertmanager with an alert of checkout, and the adapter on it.
type stage struct {
	*testing.T
	server *prometheustest.Manager
	parts  integrations.Parts
	kept   integrations.Kept
}

func newStage(t *testing.T, url string) *stage {
	t.Helper()
	s := &stage{T: t, kept: integrations.Kept{}}
	if url == "" {
		s.server = prometheustest.StartAlertmanager(t, prometheustest.Locked())
		url = s.server.URL
		s.server.Fire(t, prometheustest.Alert{StartsAt: time.Now().Add(-time.Hour),
			Labels: map[string]string{"alertname": "Errors", "app": "checkout"}, Annotations: map[string]string{"summary": "12% of payments fail"}})
	}
	var err error
	if s.parts, err = partsOf(t, "{url: "+url+", user: mayday, password: $PASSWORD}"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.parts.Close)
	if err := s.parts.Adopt([]integrations.Service{{Name: "checkout", Match: map[string]string{"app": "checkout"}}, {Name: "search"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) action(name string) integrations.Action {
	s.Helper()
	for _, a := range s.parts.Actions {
		if a.Name == name {
			return a
		}
	}
	s.Fatalf("there is no %s", name)
	return integrations.Action{}
}

func (s *stage) plan(name string, a integrations.Args) integrations.Plan {
	s.Helper()
	p, err := s.action(name).Plan(s.Context(), a)
	if err != nil {
		s.Fatal(err)
	}
	p.Note = note
	return p
}

func (s *stage) apply(p integrations.Plan) (integrations.Receipt, error) {
	s.Helper()
	raw, err := json.Marshal(p) // as it comes back from the store
	if err != nil {
		s.Fatal(err)
	}
	var again integrations.Plan
	if err := json.Unmarshal(raw, &again); err != nil {
		s.Fatal(err)
	}
	return s.action(p.Action).Apply(s.Context(), again, func(key, value string) error { s.kept[key] = value; return nil })
}

func (s *stage) probe(p integrations.Plan) integrations.Evidence {
	s.Helper()
	e, err := s.action(p.Action).Probe(s.Context(), p, s.kept)
	if err != nil {
		s.Fatal(err)
	}
	return e
}

// values are what an undo gets: the record, and what the answer added.
func values(p integrations.Plan, r integrations.Receipt) integrations.Receipt {
	all := maps.Clone(p.Record)
	maps.Copy(all, r.Values)
	return integrations.Receipt{Values: all}
}

// inForce are the states of silences by who made them.
func (s *stage) states() map[string]string {
	s.Helper()
	out := map[string]string{}
	for _, one := range s.server.Silences(s) {
		status, _ := one["status"].(map[string]any)
		out[one["createdBy"].(string)] = status["state"].(string)
	}
	return out
}

func refusal(t *testing.T, err error, code, words string) {
	t.Helper()
	var r *integrations.Rejected
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if r.Code != code || !strings.Contains(r.Why, words) || r.Fix == "" {
		t.Errorf("got %s %q (%q), want %s with %q", r.Code, r.Why, r.Fix, code, words)
	}
	if text := r.Why + r.Fix; strings.Contains(text, "127.0.0.1") || strings.Contains(text, prometheustest.Password) {
		t.Errorf("got %q, which repeats an address or a secret", text)
	}
}

func stale(t *testing.T, err error, code, words string) {
	t.Helper()
	var s *integrations.Stale
	if !errors.As(err, &s) || s.Code != code || !strings.Contains(s.Diff, words) {
		t.Errorf("got %v, want %s with %q", err, code, words)
	}
}
