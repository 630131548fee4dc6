package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/incident"
	"mayday/internal/practice"
)

const flagConfig = `
people:
  responder: [web:ana, web:li]
  commander: [web:cleo]
  approver: [web:sam, web:kim]
  same:
    - {name: Ana, web: ana}
    - {name: Li, web: li}
    - {name: Sam, web: sam}
    - {name: Kim, web: kim}
    - {name: Cleo, web: cleo}
services:
  checkout: {impact: "Paying fails. Browsing works."}
web:
  tokens: [{name: ana, role: responder, token: 'file:DIR/api'}]
connect:
  launchdarkly: {api_url: 'API', token: 'file:DIR/token', project: web, environment: production}
playbooks: DIR/books
shutdown: 2s
MORE
`

// flagBooks are one playbook for each act on a flag.
var flagBooks = map[string]string{
	"show.yaml":     "name: show\nsay: Look at a flag\nask: [flag]\nsteps:\n  - launchdarkly.show: $flag\n    id: now\n",
	"off.yaml":      "name: \"off\"\nsay: Turn a flag off\nask: [flag]\nsteps:\n  - launchdarkly.off: $flag\n",
	"flip.yaml":     "name: flip\nsay: Turn a flag off\nask: [flag]\nsteps:\n  - launchdarkly.off: $flag\n    id: flipped\n",
	"turn-on.yaml":  "name: turn-on\nsay: Turn a flag on\nask: [flag]\nsteps:\n  - launchdarkly.on: $flag\n",
	"previous.yaml": "name: previous\nsay: Take the last change back\nask: [flag]\nsteps:\n  - launchdarkly.previous: $flag\n",
	"percent.yaml":  "name: percent\nsay: Serve a part\nask: [flag, percent]\nsteps:\n  - launchdarkly.percent: {flag: $flag, percent: $percent}\n",
}

// flagStage is a Mayday with an open incident beside a pretend LaunchDarkly.
type flagStage struct {
	*actStage
	flags *practice.LaunchDarkly
	api   string // token of the JSON API
}

func newFlagStage(t *testing.T, more string, books map[string]string) *flagStage {
	t.Helper()
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "flag-token"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	address, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &flagStage{flags: flags, api: "api-token-of-ana-0123456789", actStage: &actStage{t: t, dir: t.TempDir(), manual: true,
		log: &syncBuffer{}, seen: map[string]bool{}, now: time.Now().Truncate(time.Second)}}
	s.file("token", "flag-token")
	s.file("api", s.api)
	if err := os.Mkdir(filepath.Join(s.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range flagBooks {
		s.file(filepath.Join("books", name), text)
	}
	for name, text := range books {
		s.file(filepath.Join("books", name), text)
	}
	s.data = filepath.Join(s.dir, "data")
	s.text = strings.NewReplacer("DIR", s.dir, "API", address, "MORE", more).Replace(flagConfig)
	s.start()
	t.Cleanup(s.stop)
	if m := s.say("ana", "open checkout fails service=checkout"); m.Code != "" {
		t.Fatalf("open: %s", m.Text)
	}
	s.ok(s.say("ana", "own"))
	return s
}

// ok fails on a refusal.
func (s *flagStage) ok(m chat.Message) chat.Message {
	s.t.Helper()
	if m.Code != "" {
		s.t.Fatalf("refused (%s): %s", m.Code, m.Text)
	}
	return m
}

// refused fails unless the answer is a refusal with a code and these words.
func (s *flagStage) refused(what string, m chat.Message, code string, parts ...string) {
	s.t.Helper()
	if m.Code != code {
		s.t.Errorf("%s is answered (%s) %s, want %s", what, m.Code, m.Text, code)
	}
	s.wants(what, m.Text, parts...)
}

// others is somebody at LaunchDarkly itself.
func (s *flagStage) others(flag string, c practice.LDChange) practice.LDState {
	s.t.Helper()
	if err := s.flags.SetBy("Li", flag, c); err != nil {
		s.t.Fatal(err)
	}
	return s.flag(flag)
}

// flag is how a flag is, without its version: that one always rises.
func (s *flagStage) flag(name string) practice.LDState {
	s.t.Helper()
	st, err := s.flags.State(name, "")
	if err != nil {
		s.t.Fatal(err)
	}
	st.Version = 0
	return st
}

func (s *flagStage) wantFlag(name string, want practice.LDState) {
	s.t.Helper()
	if d := cmp.Diff(want, s.flag(name)); d != "" {
		s.t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// cardOf is the message of an act.
func (s *flagStage) cardOf(step *incident.Step) chat.Message {
	s.t.Helper()
	return s.message("INC-1:step:" + step.ID)
}

func (s *flagStage) root() chat.Message {
	s.t.Helper()
	return s.thread()[0]
}

// inForce are the titles in the JSON API's in_force.
func (s *flagStage) inForce() []string {
	s.t.Helper()
	var out struct {
		InForce []struct {
			Plan struct {
				Title string `json:"title"`
			} `json:"plan"`
		} `json:"in_force"`
	}
	s.get("/incidents/INC-1", &out)
	titles := []string{}
	for _, one := range out.InForce {
		titles = append(titles, one.Plan.Title)
	}
	return titles
}

func (s *flagStage) get(path string, into any) {
	s.t.Helper()
	if err := askAPI(s.t.Context(), http.MethodGet, s.app.URL()+"/api/v1"+path, s.api, "", nil, into); err != nil {
		s.t.Fatal(err)
	}
}

// askAPI is one request to the JSON API, as a person where the token may act for
// others.
func askAPI(ctx context.Context, method, url, token, as string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	if as != "" {
		req.Header.Set("Mayday-As", as)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var fault json.RawMessage
		_ = json.NewDecoder(resp.Body).Decode(&fault)
		return fmt.Errorf("%s %s answers %d: %s", method, url, resp.StatusCode, fault)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

func (s *flagStage) wantForce(want ...string) {
	s.t.Helper()
	if d := cmp.Diff(append([]string{}, want...), s.inForce()); d != "" {
		s.t.Errorf("in force (-want +got):\n%s", d)
	}
	for _, title := range want {
		s.wants("the card", s.root().Text, "In force: "+title)
	}
	if len(want) == 0 && strings.Contains(s.root().Text, "In force") {
		s.t.Errorf("the card says that something is in force:\n%s", s.root().Text)
	}
}

func pointer[T any](v T) *T { return &v }
