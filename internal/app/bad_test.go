package app

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// The corpus of bad input: each line of testdata/bad/*.jsonl is one input with
// its verdict. A new way to be wrong is a new line.

// badCase is a line. Which fields it has depends on the file.
type badCase struct {
	Name    string            `json:"name"`
	Want    json.RawMessage   `json:"want"`
	Door    string            `json:"door"`
	Auth    string            `json:"auth"`
	Body    string            `json:"body"`
	Text    string            `json:"text"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
}

func (c badCase) want() string { return strings.Trim(string(c.Want), `"`) }

// corpusLeast is how many inputs there are at least, over all files.
const corpusLeast = 600

func badCases(t *testing.T, name string) []badCase {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "bad", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var out []badCase
	seen := map[string]bool{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c badCase
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil || c.Name == "" || seen[c.Name] || c.want() == "" {
			t.Fatalf("%s: %.200s: %v, or its name is taken, or it has no verdict", name, lines.Text(), err)
		}
		seen[c.Name] = true
		out = append(out, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// verdict compares; every case that is judged otherwise is said.
func (c badCase) verdict(t *testing.T, got string) {
	t.Helper()
	if got != c.want() {
		t.Errorf("%s: got %s, want %s", c.Name, got, c.want())
	}
}

func TestCorpusIsLarge(t *testing.T) {
	n := 0
	for _, name := range []string{"webhooks.jsonl", "text.jsonl", "http.jsonl", "config.jsonl", "playbooks.jsonl"} {
		n += len(badCases(t, name))
	}
	if n < corpusLeast {
		t.Errorf("got %d bad inputs, want %d", n, corpusLeast)
	}
}

const badSecret = "cAnary-of-the-corpus-8812"

const badConfig = `
pagerduty: {webhook_secret: 'file:SECRET'}
alertmanager: {token: 'file:SECRET'}
changes: {token: 'file:SECRET'}
web: {tokens: [{name: ana, role: responder, token: 'file:SECRET'}]}
connect: {postgres: {payments-db: {dsn: 'file:DSN'}}, launchdarkly: {api_url: 'http://127.0.0.1:1', token: 'file:SECRET', project: web, environment: production}}
log: {level: debug}
shutdown: 2s
`

// badStage is a Mayday with one open incident, INC-1.
type badStage struct {
	t      *testing.T
	app    *App
	log    *syncBuffer
	client *http.Client
	rows   int64 // bodies that were taken in
	data   string
}

func newBadStage(t *testing.T) *badStage {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"secret": badSecret, "dsn": "postgres://mayday:" + badSecret + "@127.0.0.1:1/shop"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := config.Parse("mayday.yaml", []byte(strings.NewReplacer("SECRET", dir+"/secret", "DSN", dir+"/dsn").Replace(badConfig)))
	if err != nil {
		t.Fatal(err)
	}
	s := &badStage{t: t, log: &syncBuffer{}, data: filepath.Join(dir, "data")}
	if s.app, err = New(t.Context(), Options{File: file, Listen: "127.0.0.1:0", Data: s.data, Log: s.log, Manual: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.app.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if text := s.log.String(); strings.Contains(text, badSecret) || strings.Contains(text, "panic") {
			t.Error("the log has a secret or a panic in it")
		}
	})
	s.say("open checkout is slow service=checkout")
	s.drain()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

func (s *badStage) drain() {
	s.t.Helper()
	if err := s.app.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// say answers the verdict over a text: the code of the refusal, "ok", or "internal".
func (s *badStage) say(text string) string {
	m, err := s.app.handler.Handle(s.t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana"}, At: time.Now(), Text: text})
	if err == nil {
		if m.Code != "" {
			return m.Code
		}
		return "ok"
	}
	if f := fault.Of(err); f.Code != "" {
		return f.Code
	}
	return "internal"
}

func TestBadText(t *testing.T) {
	s := newBadStage(t)
	for _, c := range badCases(t, "text.jsonl") {
		text := strings.ReplaceAll(c.Text, "REPEAT", strings.Repeat("x", 1<<20))
		c.verdict(t, s.say(text))
	}
	s.drain()
	s.sound()
}

// sound: after all that, the record holds and the auditor has nothing to say.
func (s *badStage) sound() {
	s.t.Helper()
	all, err := s.app.store.Incidents(s.t.Context(), incident.Filter{State: "all", Limit: 200})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, i := range all {
		if err := s.app.store.Verify(s.t.Context(), i.Number); err != nil {
			s.t.Error(err)
		}
		if err := s.app.store.Recompute(s.t.Context(), i.Number); err != nil {
			s.t.Error(err)
		}
	}
	if found, err := s.app.store.Audit(s.t.Context(), auditLate); err != nil || len(found) > 0 {
		s.t.Errorf("the auditor says %v, %v", found, err)
	}
}

// sign puts the credential of a door into a request, or a bad one.
func sign(h http.Header, c badCase, body []byte) {
	mac := hmac.New(sha256.New, []byte(badSecret))
	mac.Write(body)
	sum := hex.EncodeToString(mac.Sum(nil))
	if c.Door == "pagerduty" {
		value := map[string]string{"good": "v1=" + sum, "wrong": "v1=" + strings.Repeat("0", 64), "empty": "v1=", "v0": "v0=" + sum, "nothex": "v1=zz" + sum[2:], "short": "v1=" + sum[:32],
			"basic": "Basic " + sum, "otherbody": "v1=" + hex.EncodeToString(hmac.New(sha256.New, []byte(badSecret)).Sum(nil)), "spaces": "   ", "second": "v1=" + strings.Repeat("0", 64) + ",v1=" + sum}[c.Auth]
		if value != "" {
			h.Set("X-PagerDuty-Signature", value)
		}
		return
	}
	value := map[string]string{"good": "Bearer " + badSecret, "wrong": "Bearer " + badSecret + "x", "basic": "Basic " + badSecret, "empty": "Bearer ", "lower": "bearer " + badSecret}[c.Auth]
	if value != "" {
		h.Set("Authorization", value)
	}
}

// TestBadWebhooks: what is authentic is answered 202 whatever it says, and is
// kept; the rest is refused and leaves nothing (P1, P2).
func TestBadWebhooks(t *testing.T) {
	s := newBadStage(t)
	for _, c := range badCases(t, "webhooks.jsonl") {
		text := strings.NewReplacer("NOW", time.Now().UTC().Format(time.RFC3339), "OLD", time.Now().Add(-5*24*time.Hour).UTC().Format(time.RFC3339), "REPEAT", strings.Repeat("x", 1<<20)).Replace(c.Body)
		c.verdict(t, s.knock(c, []byte(text)))
	}
	s.sound()
}

func (s *badStage) knock(c badCase, body []byte) string {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.app.URL()+"/hooks/"+c.Door, strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	sign(req.Header, c, body)
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("%s: %v", c.Name, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	s.drain()
	row, err := s.app.store.Received(s.t.Context(), s.rows+1)
	if err != nil {
		return fmt.Sprint(res.StatusCode)
	}
	s.rows++
	return fmt.Sprintf("%d %s", res.StatusCode, row.State)
}

// TestBadHTTP: paths, methods, hosts, origins and bodies that nobody should send.
func TestBadHTTP(t *testing.T) {
	s := newBadStage(t)
	s.signIn()
	for _, c := range badCases(t, "http.jsonl") {
		c.verdict(t, s.call(c))
	}
	s.sound()
}

func (s *badStage) signIn() {
	s.t.Helper()
	_, key, _ := strings.Cut(s.app.web.Link(chat.User{ID: "ana", Name: "ana", Role: "responder"}), "k=")
	res, err := s.client.Post(s.app.URL()+"/session", "application/x-www-form-urlencoded", strings.NewReader("k="+key))
	if err != nil {
		s.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode >= 400 || len(res.Cookies()) == 0 {
		s.t.Fatalf("sign in: %s", res.Status)
	}
}

func (s *badStage) call(c badCase) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.Method, s.app.URL(), strings.NewReader(c.Body))
	if err != nil {
		s.t.Fatal(err)
	}
	path, query, _ := strings.Cut(c.Path, "?")
	req.URL.Opaque, req.URL.RawQuery = path, query // as it is written, however odd
	for name, value := range c.Headers {
		req.Header.Set(name, value)
	}
	if host := c.Headers["Host"]; host != "" {
		req.Host = host
	}
	switch c.Auth {
	case "ana":
		req.Header.Set("Authorization", "Bearer "+badSecret)
	case "wrong":
		req.Header.Set("Authorization", "Bearer nonsense")
	case "basic":
		req.SetBasicAuth("ana", badSecret)
	}
	client := *s.client
	if c.Auth != "cookie" {
		client.Jar = nil
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("%s: %v", c.Name, err)
	}
	defer func() { _ = res.Body.Close() }()
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") { // which does not end
		body, err := io.ReadAll(res.Body)
		if err != nil || strings.Contains(string(body), badSecret) {
			s.t.Errorf("%s: the answer is cut off or has a secret in it: %v", c.Name, err)
		}
	}
	return fmt.Sprint(res.StatusCode)
}

// placed is file:line:col of the first mistake that an error tells.
var placed = regexp.MustCompile(`bad\.yaml:(\d+:\d+)`)

// TestBadConfig: each mistake is refused with the place where it stands; exit code
// 3 is made of any error of Validate.
func TestBadConfig(t *testing.T) {
	for _, c := range badCases(t, "config.jsonl") {
		got := "ok"
		file, err := config.Parse("bad.yaml", []byte(c.Text))
		if err == nil {
			_, err = Validate(file, config.Env{})
		}
		if err != nil {
			got = "refused"
			if m := placed.FindStringSubmatch(err.Error()); m != nil {
				got = m[1]
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "literal-value") {
				t.Errorf("%s: the error repeats a literal secret: %v", c.Name, err)
			}
		}
		c.verdict(t, got)
	}
}

// TestBadPlaybooks: each mistake is found with its place before anybody runs it.
func TestBadPlaybooks(t *testing.T) {
	s := newBadStage(t)
	cat := s.app.desk().Catalogue
	for _, c := range badCases(t, "playbooks.jsonl") {
		got := "ok"
		_, problems := playbooks.Load(cat, playbooks.Source{Name: "bad.yaml", Text: []byte(c.Text)})
		for _, p := range problems {
			if m := placed.FindStringSubmatch(p.String()); m != nil && !p.Warning {
				got = m[1]
				break
			}
			if !p.Warning {
				got = "refused"
			}
		}
		c.verdict(t, got)
	}
}
