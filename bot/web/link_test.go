package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// TestASessionMakesNoLink: a browser that was left open would make its own fresh
// sign-in, and approve with it, and never have to go.
func TestASessionMakesNoLink(t *testing.T) {
	w := newWorld()
	o := w.options()
	o.Proxies, o.UserHeader = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "X-User"
	o.Recognise = func(i Identity) (chat.User, bool) {
		return chat.User{ID: "ana", Name: "ana", Role: "responder"}, i.Name == "ana"
	}
	s, srv := newServer(t, o)
	c := browser(t)
	visit(t, c, "POST", srv.URL+"/session", "k="+strings.TrimPrefix(s.Link(chat.User{ID: "ana", Name: "ana", Role: "responder"}), "/?k="))
	for name, header := range map[string][]string{"a session": nil, "a proxy": {"X-User", "ana"}} {
		for _, body := range []string{"", "{}", `{"for":"ana"}`} {
			resp, said := visit(t, c, "POST", srv.URL+"/api/v1/links", body, header...)
			if resp.StatusCode != http.StatusForbidden || !strings.Contains(said, `"code":"E1"`) || !strings.Contains(said, "mayday web link") || strings.Contains(said, "?k=") {
				t.Errorf("%s, just begun, %q: %d %s", name, body, resp.StatusCode, said)
			}
		}
	}
	w.advance(freshFor + time.Second)
	if resp, said := visit(t, c, "POST", srv.URL+"/api/v1/links", ""); resp.StatusCode != http.StatusForbidden {
		t.Errorf("an old session: %d %s", resp.StatusCode, said)
	}
	if resp, said := visit(t, c, "POST", srv.URL+"/api/v1/links", "", "Authorization", "Bearer ana-token"); resp.StatusCode != http.StatusOK {
		t.Errorf("the same browser with a token: %d %s", resp.StatusCode, said)
	}
}

// TestTheHandlerOfTheHost makes links by the host's key, and answers nothing else.
func TestTheHandlerOfTheHost(t *testing.T) {
	w := newWorld()
	o := w.options()
	o.HostKey, o.URL = "host-key", "https://mayday.acme.dev/"
	o.Named = func(name string) (chat.User, error) {
		if name != "ana" {
			return chat.User{}, fault.New(fault.NotFound, "E23", "Nobody is called so.", "")
		}
		return chat.User{ID: "ana", Name: "Ana", Role: "responder"}, nil
	}
	s, srv := newServer(t, o)
	host := httptest.NewServer(s.HostHandler("http://own"))
	t.Cleanup(host.Close)
	for name, c := range map[string]struct {
		method, path, key, body string
		header                  []string
		status                  int
	}{
		"a link":                     {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, nil, 200},
		"by localhost":               {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, []string{"Host", "localhost:1"}, 200},
		"for nobody":                 {"POST", "/api/v1/links", "host-key", ``, nil, 400},
		"for a stranger":             {"POST", "/api/v1/links", "host-key", `{"for":"eve"}`, nil, 404},
		"too much":                   {"POST", "/api/v1/links", "host-key", strings.Repeat("x", apiBody+1), nil, 413},
		"without a key":              {"POST", "/api/v1/links", "", `{"for":"ana"}`, nil, 401},
		"with another":               {"POST", "/api/v1/links", "host-kex", `{"for":"ana"}`, nil, 401},
		"with a token":               {"POST", "/api/v1/links", "ana-token", ``, nil, 401},
		"with an admin's":            {"POST", "/api/v1/commands", demoToken, `{"text":"help"}`, nil, 401},
		"by GET":                     {"GET", "/api/v1/links", "host-key", "", nil, 401},
		"incidents":                  {"GET", "/api/v1/incidents", "host-key", "", nil, 401},
		"a command":                  {"POST", "/api/v1/commands", "host-key", `{"text":"help"}`, nil, 401},
		"a backup":                   {"POST", "/api/v1/backup", "host-key", "", nil, 401},
		"a page":                     {"GET", "/", "", "", nil, 401},
		"health":                     {"GET", "/healthz", "", "", nil, 401},
		"around":                     {"POST", "/api/v1/../v1/links", "host-key", `{"for":"ana"}`, nil, 401},
		"by its own name":            {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, []string{"Host", "mayday.acme.dev"}, 403},
		"by a rebound name":          {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, []string{"Host", "evil.example:80"}, 403},
		"from a page":                {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"by the address of a subnet": {"POST", "/api/v1/links", "host-key", `{"for":"ana"}`, []string{"Host", "127.0.0.2"}, 403},
	} {
		status, body, _ := call(t, c.method, host.URL+c.path, c.key, c.body, c.header...)
		if status != c.status || (status == http.StatusOK) != strings.Contains(body, "https://mayday.acme.dev/?k=") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	_, body, _ := call(t, "POST", host.URL+"/api/v1/links", "host-key", `{"for":"ana"}`)
	if resp, _ := visit(t, browser(t), "POST", srv.URL+"/session", "k="+keyIn(t, body)); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the link is answered %d in the war room", resp.StatusCode)
	}
}

// keyIn is the key of a link that was answered.
func keyIn(t *testing.T, body string) string {
	t.Helper()
	var got struct{ URL string }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	_, key, _ := strings.Cut(got.URL, "?k=")
	return key
}

// table is the store that processes share.
type table struct {
	mu    sync.Mutex
	notes map[string]string
	names map[string]bool
	fail  error
	meet  *sync.WaitGroup // whoever reads waits for the others; nil for not at all
}

func newTable() *table { return &table{notes: map[string]string{}, names: map[string]bool{}} }

func (b *table) Note(_ context.Context, key, value string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes[key] = value
	return b.fail
}

func (b *table) Noted(_ context.Context, key string) (value string, at time.Time, err error) {
	b.mu.Lock()
	value, meet := b.notes[key], b.meet
	b.mu.Unlock()
	if meet != nil {
		meet.Done()
		meet.Wait()
	}
	return value, time.Time{}, b.fail
}

func (b *table) Once(_ context.Context, name string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := !b.names[name]
	b.names[name] = true
	return first, b.fail
}

// beside are two processes over one table.
func beside(t *testing.T, w *world, b *table, still func(chat.User) (chat.User, bool)) (*Server, [2]*httptest.Server) {
	t.Helper()
	o := w.options()
	o.Links, o.Still = b, still
	first, one := newServer(t, o)
	_, two := newServer(t, o)
	return first, [2]*httptest.Server{one, two}
}

func same(u chat.User) (chat.User, bool) { return u, true }

// TestALinkWorksAtEveryProcess, and once: of presses at all of them at once, one
// signs in.
func TestALinkWorksAtEveryProcess(t *testing.T) {
	w, b := newWorld(), newTable()
	first, at := beside(t, w, b, same)
	key := strings.TrimPrefix(first.Link(chat.User{ID: "ana", Name: "Ana", Role: "responder"}), "/?k=")
	for where, value := range b.notes {
		if strings.Contains(where+value, key) {
			t.Errorf("the key lies in the store: %s %s", where, value)
		}
	}
	if _, body := visit(t, browser(t), "GET", at[1].URL+"/?k="+key, ""); !strings.Contains(body, "Sign in as Ana") {
		t.Errorf("the second process shows %s", body)
	}
	status := make(chan int, 16)
	b.meet = &sync.WaitGroup{}
	b.meet.Add(cap(status)) // all have seen it when the first one takes it
	var all sync.WaitGroup
	for n := range cap(status) {
		c := browser(t)
		all.Go(func() {
			resp, _ := visit(t, c, "POST", at[n%2].URL+"/session", "k="+key)
			status <- resp.StatusCode
		})
	}
	all.Wait()
	b.meet = nil
	close(status)
	signed := 0
	for s := range status {
		if s == http.StatusSeeOther {
			signed++
		} else if s != http.StatusGone {
			t.Errorf("a press is answered %d", s)
		}
	}
	if signed != 1 {
		t.Errorf("the link signed in %d times", signed)
	}
	for _, srv := range at {
		if resp, _ := visit(t, browser(t), "GET", srv.URL+"/?k="+key, ""); resp.StatusCode != http.StatusGone {
			t.Errorf("after it was used it is shown: %d", resp.StatusCode)
		}
	}
}

// TestASharedLinkIsOfThePresent: it ends in time, and whoever redeems it looks at
// its own configuration.
func TestASharedLinkIsOfThePresent(t *testing.T) {
	ana, bee := chat.User{ID: "ana", Name: "Ana", Role: "approver"}, chat.User{ID: "U0BEE", Home: "phone", Name: "bee", Role: "responder"}
	for name, c := range map[string]struct {
		user   chat.User
		still  func(chat.User) (chat.User, bool)
		wait   time.Duration
		reload bool
		status int
		role   string
	}{
		"at once":                     {user: ana, status: 303, role: "approver"},
		"eleven minutes later":        {user: ana, wait: 11 * time.Minute, status: 410},
		"somebody who is gone":        {user: ana, still: func(chat.User) (chat.User, bool) { return chat.User{}, false }, status: 410},
		"somebody with another role":  {user: ana, still: func(u chat.User) (chat.User, bool) { u.Role = "viewer"; return u, true }, status: 303, role: "viewer"},
		"from chat":                   {user: bee, still: func(chat.User) (chat.User, bool) { return chat.User{}, false }, status: 303, role: "responder"},
		"from chat, before a reload":  {user: bee, wait: time.Second, reload: true, status: 410},
		"by token, before a reload":   {user: ana, wait: time.Second, reload: true, status: 303, role: "approver"},
		"from chat, nine minutes ago": {user: bee, wait: 9 * time.Minute, status: 303, role: "responder"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if c.still == nil {
				c.still = same
			}
			o := w.options()
			o.Links, o.Still = newTable(), c.still
			o.Person = func(u chat.User) incident.Person {
				return incident.Person{ID: u.Home + u.ID, Name: u.Name, Role: incident.Role(u.Role)}
			}
			first, _ := newServer(t, o)
			second, srv := newServer(t, o)
			key := strings.TrimPrefix(first.Link(c.user), "/?k=")
			w.advance(c.wait)
			if c.reload {
				second.Replace(o.Tokens, false, same)
			}
			cl := browser(t)
			resp, body := visit(t, cl, "POST", srv.URL+"/session", "k="+key)
			if resp.StatusCode != c.status {
				t.Fatalf("answered %d %s", resp.StatusCode, body)
			}
			if _, body := visit(t, cl, "GET", srv.URL+"/", ""); c.role != "" && !strings.Contains(body, `title="`+c.role+`"`) {
				t.Errorf("is no %s in %.1500s", c.role, body)
			}
		})
	}
}

// TestAStoreThatIsAway refuses links in words that say so, and keeps no cookie.
func TestAStoreThatIsAway(t *testing.T) {
	w, b := newWorld(), newTable()
	first, at := beside(t, w, b, same)
	key := strings.TrimPrefix(first.Link(chat.User{ID: "ana", Name: "Ana"}), "/?k=")
	b.fail = fault.New(fault.Unavailable, "E26", "The database does not answer.", "Wait.")
	if link := first.Link(chat.User{ID: "ana", Name: "Ana"}); link != "" {
		t.Errorf("made %s", link)
	}
	for _, c := range []struct{ method, path, form string }{{"GET", "/?k=" + key, ""}, {"POST", "/session", "k=" + key}} {
		if resp, body := visit(t, browser(t), c.method, at[1].URL+c.path, c.form); resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) > 0 || !strings.Contains(body, "does not answer") {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, body)
		}
	}
	if status, body, _ := call(t, "POST", at[0].URL+"/api/v1/links", "ana-token", ""); status != http.StatusServiceUnavailable {
		t.Errorf("by token: %d %s", status, body)
	}
	if resp, _ := visit(t, browser(t), "GET", at[1].URL+"/?k=guess", ""); resp.StatusCode != http.StatusGone {
		t.Errorf("a guess asks the store: %d", resp.StatusCode)
	}
}
