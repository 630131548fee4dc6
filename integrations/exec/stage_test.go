package exec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

// stage is one program, "tool", that is a script, and the action on it.
type stage struct {
	t    *testing.T
	dir  string
	path string
	act  integrations.Action
	kept integrations.Kept
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// newStage writes the script and lists it with its hash; more is further keys.
func newStage(t *testing.T, script string, more ...string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), kept: integrations.Kept{}}
	s.path = filepath.Join(s.dir, "tool")
	text := "#!/bin/sh\n" + script
	s.write(text)
	keys := append([]string{"path: " + s.path, "sha256: " + sumOf(text)}, more...)
	s.act = partsOf(t, "tool: {"+strings.Join(keys, ", ")+"}").Actions[0]
	return s
}

func (s *stage) write(text string) {
	s.t.Helper()
	next := s.path + ".new" // renamed, as an installer does it
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(next, 0o700), os.Rename(next, s.path)); err != nil {
		s.t.Fatal(err)
	}
}

func sectionOf(t *testing.T, yaml string) config.Section {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte("connect:\n  exec:\n    "+yaml+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Section("connect", "exec")
}

func partsOf(t *testing.T, yaml string) integrations.Parts {
	t.Helper()
	parts, err := Integration.New(sectionOf(t, yaml), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func (s *stage) plan(args integrations.Args) (integrations.Plan, error) {
	args["program"] = "tool"
	p, err := s.act.Plan(s.t.Context(), args)
	if err != nil {
		return p, fmt.Errorf("plan: %w", err)
	}
	return throughJSON(s.t, p), nil
}

func (s *stage) mustPlan(args ...string) integrations.Plan {
	s.t.Helper()
	p, err := s.plan(integrations.Args{"args": anyOf(args)})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// throughJSON is what the timeline does to a plan.
func throughJSON[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *stage) apply(p integrations.Plan) (integrations.Receipt, error) {
	return s.act.Apply(s.t.Context(), p, s.keep)
}

func (s *stage) keep(key, value string) error {
	s.kept[key] = value
	return nil
}

func (s *stage) probe(p integrations.Plan) integrations.Evidence {
	s.t.Helper()
	ev, err := s.act.Probe(s.t.Context(), p, s.kept)
	if err != nil {
		s.t.Fatal(err)
	}
	return ev
}

func (s *stage) file(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) read(name string) string {
	text, err := os.ReadFile(s.file(name))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(text)
}

// until polls, because other processes tell nobody when they are ready.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("in 10 s: not %s", what)
		case <-tick.C:
		}
	}
}

func unsure(err error) bool {
	_, stale := integrations.AsStale(err)
	_, rejected := integrations.AsRejected(err)
	return err != nil && !stale && !rejected
}
