package launchdarkly

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/practice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token  = "api-canary-token-1"
	sdkKey = "sdk-canary-key-2"
	note   = "INC-42, step 1a2b3c4d, asked by Ana"
)

// stage is a practice LaunchDarkly with the integration in front of it. At its
// end no secret may have come out anywhere.
type stage struct {
	t       *testing.T
	ld      *practice.LaunchDarkly
	address string
	parts   integrations.Parts
	log     *locked
	said    []string
}

// locked is a log that goroutines may share.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func secretFile(t *testing.T, value string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func partsOf(t *testing.T, log *slog.Logger, lines string) (integrations.Parts, error) {
	t.Helper()
	file, err := config.Parse("mayday.yaml", []byte(lines))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Integration.New(file.Section("connect", "launchdarkly"), log)
	if err == nil && parts.Close != nil {
		t.Cleanup(parts.Close)
	}
	return parts, err
}

func newStage(t *testing.T, more ...string) *stage {
	t.Helper()
	ld, err := practice.NewLaunchDarkly(practice.LDOptions{Token: token, SDKKey: sdkKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ld.Close)
	address, err := ld.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{t: t, ld: ld, address: address, log: &locked{}}
	st.parts = st.connect(address, more...)
	t.Cleanup(func() { clean(t, st.log.buf.String()+strings.Join(st.said, "\n")) })
	return st
}

// connect makes the integration for an address, with more lines of config.
func (st *stage) connect(address string, more ...string) integrations.Parts {
	st.t.Helper()
	lines := "connect:\n  launchdarkly:\n    project: web\n    environment: production\n    api_url: " + address +
		"\n    token: file:" + secretFile(st.t, token) + "\n"
	for _, m := range more {
		lines += "    " + m + "\n"
	}
	parts, err := partsOf(st.t, slog.New(slog.NewTextHandler(st.log, nil)), lines)
	if err != nil {
		st.t.Fatal(err)
	}
	return parts
}

func clean(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{token, sdkKey} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret came out: %s", text)
		}
	}
}

func (st *stage) action(name string) integrations.Action {
	st.t.Helper()
	for _, a := range st.parts.Actions {
		if a.Name == name {
			return a
		}
	}
	st.t.Fatalf("there is no action %s", name)
	return integrations.Action{}
}

// plan previews an act, as the desk does: with a note.
func (st *stage) plan(name string, args integrations.Args) integrations.Plan {
	st.t.Helper()
	p, err := st.action(name).Plan(st.t.Context(), args)
	if err != nil {
		st.t.Fatalf("plan %s: %v", name, err)
	}
	p.Note = note
	st.said = append(st.said, fmt.Sprintf("%+v", p))
	return p
}

func (st *stage) apply(p integrations.Plan) (integrations.Receipt, error) {
	st.t.Helper()
	r, err := st.action(p.Action).Apply(st.t.Context(), p, func(string, string) error { return nil })
	st.said = append(st.said, fmt.Sprintf("%+v", r))
	if err != nil {
		st.said = append(st.said, err.Error())
	}
	if refused, ok := integrations.AsRejected(err); ok {
		st.said = append(st.said, fmt.Sprintf("%+v", *refused))
	}
	return r, err
}

// do previews and acts, and answers what an undo gets.
func (st *stage) do(name string, args integrations.Args) integrations.Receipt {
	st.t.Helper()
	p := st.plan(name, args)
	r, err := st.apply(p)
	if err != nil {
		st.t.Fatalf("apply %s: %v", name, err)
	}
	return kept(p, r)
}

// kept is a receipt with the record of its plan, as undo gets it.
func kept(p integrations.Plan, r integrations.Receipt) integrations.Receipt {
	values := map[string]string{}
	for _, from := range []map[string]string{p.Record, r.Values} {
		for k, v := range from {
			values[k] = v
		}
	}
	return integrations.Receipt{Text: r.Text, Values: values}
}

func (st *stage) set(person, flag string, c practice.LDChange) {
	st.t.Helper()
	if err := st.ld.SetBy(person, flag, c); err != nil {
		st.t.Fatal(err)
	}
}

// state is a flag without its version, to compare.
func (st *stage) state(flag string) practice.LDState {
	st.t.Helper()
	s, err := st.ld.State(flag, "")
	if err != nil {
		st.t.Fatal(err)
	}
	s.Version = 0
	return s
}

// patches are the requests that may have changed something: method and status.
func (st *stage) patches() []practice.LDReceived { return st.ld.Journal() }

func (st *stage) oncePatched() {
	st.t.Helper()
	if got := st.patches(); len(got) != 1 || got[0].Method != http.MethodPatch || got[0].IdempotencyKey != "" {
		st.t.Errorf("got %+v, want one patch", got)
	}
}

func wantStale(t *testing.T, err error, words ...string) {
	t.Helper()
	s, ok := integrations.AsStale(err)
	if !ok {
		t.Fatalf("got %v, want *Stale", err)
	}
	contains(t, s.Code+" "+s.Diff, words...)
}

func wantRejected(t *testing.T, err error, words ...string) {
	t.Helper()
	r, ok := integrations.AsRejected(err)
	if !ok {
		t.Fatalf("got %v, want *Rejected", err)
	}
	contains(t, r.Code+" "+r.Why+" "+r.Fix, words...)
}

// wantUnknown: neither refused nor stale, so nobody knows.
func wantUnknown(t *testing.T, err error) {
	t.Helper()
	_, stale := integrations.AsStale(err)
	_, rejected := integrations.AsRejected(err)
	if err == nil || stale || rejected {
		t.Fatalf("got %v, want an error that proves nothing", err)
	}
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q lacks %q", text, w)
		}
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

var off, on = new(bool), func() *bool { b := true; return &b }()

func flagArg(key string) integrations.Args { return integrations.Args{"flag": key} }
