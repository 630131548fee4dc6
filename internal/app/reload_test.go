package app

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/config"
)

// reloader is an App over a file that the test writes anew.
type reloader struct {
	t   *testing.T
	dir string
	app *App
	mu  sync.Mutex
	log bytes.Buffer
}

func (r *reloader) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

// said answers what was logged since the last time.
func (r *reloader) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.log.String()
	r.log.Reset()
	return out
}

const reloadBase = `people: {same: [{name: Ana, web: ana}], approver: [web:li]}
services: {checkout: {impact: Paying fails.}}
web: {tokens: [{name: ana, role: responder, token: 'file:DIR/ana'}]}
playbooks: DIR/books
store: {path: DIR/data}
`

func newReloader(t *testing.T) *reloader {
	t.Helper()
	r := &reloader{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{"ana": "ana-token", "li": "li-token", "books/greet.yaml": greet("hello")} {
		r.put(name, text)
	}
	r.put("mayday.yaml", reloadBase)
	file, err := config.Load(filepath.Join(r.dir, "mayday.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r.app, err = New(t.Context(), Options{File: file, Log: r, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.app.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func greet(words string) string {
	return "name: greet\nsay: Says " + words + "\nsteps:\n  - tell: " + words + "\n"
}

func (r *reloader) put(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", r.dir)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// api makes a request of the JSON API and answers the status and the body.
func (r *reloader) api(token, method, path, body string) (int, string) {
	req := httptest.NewRequest(method, "http://127.0.0.1:7373"+path, strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:5000"
	req.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	r.app.web.Handler().ServeHTTP(rec, req)
	return rec.Code, rec.Body.String()
}

func (r *reloader) open(token, text string) (int, string) {
	return r.api(token, http.MethodPost, "/api/v1/commands", `{"text":"`+text+`"}`)
}

func TestAGoodFileReplacesWhatWasInForce(t *testing.T) {
	r := newReloader(t)
	r.open("ana-token", "open it is slow service=checkout")
	link := r.app.web.Link(mustNamed(t, r, "Ana"))
	r.put("books/part.yaml", strings.ReplaceAll(greet("goodbye"), "greet", "part"))
	next := strings.NewReplacer("[{name: ana, role: responder, token: 'file:DIR/ana'}]", "[{name: li, role: responder, token: 'file:DIR/li'}]",
		"[{name: Ana, web: ana}]", "[{name: Li, web: li}]", "{checkout: {impact: Paying fails.}}", "{checkout: {impact: Nothing works.}, search: {impact: Search is slow.}}",
		"DIR/data", "DIR/elsewhere").Replace(reloadBase) + "safety: {second_person: never}\nupdates: {every: 10m}\n"
	r.put("mayday.yaml", next)
	if err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := r.said()
	for _, want := range []string{"configuration was read again", "people, services, safety, updates, web.tokens", "after_restart=store"} {
		for _, word := range strings.Split(want, ", ") {
			if !strings.Contains(said, word) {
				t.Errorf("%q is not in the log:\n%s", word, said)
			}
		}
	}
	if status, body := r.api("ana-token", "GET", "/api/v1/incidents", ""); status != http.StatusUnauthorized {
		t.Errorf("the token that is gone: %d %s", status, body)
	}
	req := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:7373/session", strings.NewReader("k="+strings.TrimPrefix(link, "/?k=")))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	r.app.web.Handler().ServeHTTP(rec, req)
	if rec.Code != http.StatusGone {
		t.Errorf("the link of somebody who is gone: %d", rec.Code)
	}
	if status, body := r.open("li-token", "open search is slow service=search"); status != http.StatusOK || !strings.Contains(body, "INC-2") {
		t.Errorf("the new token: %d %s", status, body)
	}
	if _, body := r.api("li-token", "GET", "/api/v1/incidents/2", ""); !strings.Contains(body, `"impact":"Search is slow."`) {
		t.Errorf("the new service is not known: %s", body)
	}
	if status, body := r.open("li-token", "run part incident=INC-2"); status != http.StatusOK || !strings.Contains(body, "Started part") {
		t.Errorf("the new playbook: %d %s", status, body)
	}
	if got := r.app.desk().Safety.SecondPerson; got != "never" {
		t.Errorf("second_person is %s", got)
	}
	if _, body := r.api("li-token", "GET", "/api/v1/incidents/1", ""); !strings.Contains(body, "it is slow") {
		t.Errorf("what was open is gone: %s", body)
	}
	found := r.app.unread()
	if len(found) != 1 || !found[0].Warn || !strings.Contains(found[0].Text, "store") {
		t.Errorf("doctor says %v", found)
	}
}

func mustNamed(t *testing.T, r *reloader, name string) chat.User {
	t.Helper()
	u, err := r.app.now.Load().set.named(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestABadFileReplacesNothing(t *testing.T) {
	for name, c := range map[string]struct{ file, book, want string }{
		"no YAML":             {file: "people: {same: [\n", want: "mayday.yaml:"},
		"an unknown key":      {file: reloadBase + "safty: {}\n", want: `mayday.yaml:6:1: unknown key`},
		"a wrong value":       {file: reloadBase + "safety: {second_person: sometimes}\n", want: "mayday.yaml:6:25: `second_person` is never, danger, always or when_available"},
		"a token not there":   {file: strings.Replace(reloadBase, "DIR/ana'", "DIR/nobody'", 1), want: "token ana: read secret file:"},
		"an open door":        {file: strings.Replace(reloadBase, "web: {", "web: {listen: '0.0.0.0:1', ", 1), want: "in plain text"},
		"a literal secret":    {file: reloadBase + "connect: {postgres: {db: {dsn: 'postgres://a:b@c/d'}}}\n", want: "holds a literal secret"},
		"an integration's":    {file: reloadBase + "connect: {postgres: {db: {dns: env:X}}}\n", want: "unknown key `dns`"},
		"a playbook's":        {book: "name: greet\nsteps:\n  - nothing.at_all: {}\n", want: "greet.yaml:3:"},
		"gone":                {file: "-", want: "cannot be read"},
		"a platform's":        {file: reloadBase + "chat: {slack: {bot_tokn: env:X}}\n", want: "unknown key `bot_tokn`"},
		"people that are not": {file: strings.Replace(reloadBase, "{name: Ana, web: ana}", "{web: ana}", 1), want: "needs a name"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReloader(t)
			switch {
			case c.file == "-":
				if err := os.Remove(filepath.Join(r.dir, "mayday.yaml")); err != nil {
					t.Fatal(err)
				}
			case c.file != "":
				r.put("mayday.yaml", c.file)
			default:
				r.put("books/greet.yaml", c.book)
			}
			before := r.app.now.Load()
			if err := r.app.Reload(t.Context()); err == nil {
				t.Fatal("it was taken")
			}
			if said := r.said(); !strings.Contains(said, "was not replaced") || !strings.Contains(strings.ReplaceAll(said, `\"`, `"`), c.want) {
				t.Errorf("%q is not in the log:\n%s", c.want, said)
			}
			if found := r.app.unread(); len(found) != 1 || found[0].Warn || found[0].OK || !strings.Contains(found[0].Text, c.want) {
				t.Errorf("doctor says %v", found)
			}
			if r.app.now.Load() != before {
				t.Error("something was replaced")
			}
			if status, body := r.open("ana-token", "open it is slow service=checkout"); status != http.StatusOK {
				t.Errorf("then: %d %s", status, body)
			}
			r.put("mayday.yaml", reloadBase)
			r.put("books/greet.yaml", greet("hello"))
			if err := r.app.Reload(t.Context()); err != nil || len(r.app.unread()) > 0 {
				t.Errorf("mended: %v, doctor says %v", err, r.app.unread())
			}
		})
	}
}

// TestReloadingDropsNothing: what is asked while the file is read again and again
// is answered as ever.
func TestReloadingDropsNothing(t *testing.T) {
	r := newReloader(t)
	r.open("ana-token", "open it is slow service=checkout")
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if status, body := r.open("ana-token", "note still here"); status != http.StatusOK {
					t.Errorf("a note: %d %s", status, body)
					return
				}
			}
		})
	}
	for n := range 30 {
		r.put("mayday.yaml", reloadBase+map[bool]string{true: "updates: {every: 10m}\n"}[n%2 == 0])
		if err := r.app.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
}

// TestASecretThatChangesIsReadAgain without any signal.
func TestASecretThatChangesIsReadAgain(t *testing.T) {
	r := newReloader(t)
	r.put("ana", "another-token")
	if status, _ := r.api("ana-token", "GET", "/api/v1/incidents", ""); status != http.StatusUnauthorized {
		t.Errorf("the old value: %d", status)
	}
	if status, _ := r.api("another-token", "GET", "/api/v1/incidents", ""); status != http.StatusOK {
		t.Errorf("the new value: %d", status)
	}
}
