package prometheus

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/prometheustest"
)

// partsOf makes the parts from what stands under connect.prometheus.
func partsOf(t *testing.T, yaml string) (integrations.Parts, error) {
	t.Helper()
	dir := t.TempDir()
	for name, secret := range map[string]string{"PASSWORD": prometheustest.Password, "TOKEN": "canary-token"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		yaml = strings.ReplaceAll(yaml, "$"+name, "file:"+path)
	}
	f, err := config.Parse("mayday.yaml", []byte("connect:\n  prometheus: "+yaml+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Integration.New(f.Section("connect", "prometheus"), slog.New(slog.DiscardHandler))
}

func connected(t *testing.T, yaml string, services ...integrations.Service) integrations.Parts {
	t.Helper()
	parts, err := partsOf(t, yaml)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(parts.Close)
	if err := parts.Adopt(services); err != nil {
		t.Fatal(err)
	}
	return parts
}

// shop is a Prometheus with the figures that most tests ask for.
func shop(t *testing.T, with ...prometheustest.Option) (*prometheustest.Exporter, *prometheustest.Server) {
	t.Helper()
	t.Parallel() // a server takes five seconds to find what it scrapes
	e := prometheustest.NewExporter(t)
	e.Set("errors", "0.12")
	e.Set("traffic", "3")
	e.Set("nothing_known", "NaN")
	e.Set("without_end", "+Inf")
	e.Set(`ready{queue="mail",region="eu"}`, "4120")
	e.Set(`ready{queue="mail",region="us"}`, "12")
	e.Set(`ready{queue="sms",region="eu"}`, "NaN")
	s := prometheustest.Start(t, e, with...)
	s.Await(t, "errors", func(v float64) bool { return v == 0.12 })
	return e, s
}

func look(t *testing.T, parts integrations.Parts, name string, a integrations.Args) (integrations.Table, error) {
	t.Helper()
	for _, one := range parts.Actions {
		if one.Name == name {
			return one.Look(t.Context(), a)
		}
	}
	t.Fatalf("there is no %s", name)
	return integrations.Table{}, nil
}

// refusal asserts that an error is a refusal in words, with its code.
func refusal(t *testing.T, err error, code, words string) {
	t.Helper()
	var r *integrations.Rejected
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if r.Code != code || !strings.Contains(r.Why, words) || r.Fix == "" {
		t.Errorf("got %s %q (%q), want %s with %q", r.Code, r.Why, r.Fix, code, words)
	}
	if text := r.Why + r.Fix; strings.Contains(text, "127.0.0.1") || strings.Contains(text, "canary") {
		t.Errorf("got %q, which repeats an address or a secret", text)
	}
}

func contextOf(t *testing.T, limit time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), limit)
}
