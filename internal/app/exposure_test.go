package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/internal/config"
)

// The war room as strangers, other people's pages and careless set-ups find it:
// done-when 5 of "It holds". Every case says exactly what is answered.

// site is one installation, with a clock of its own.
type site struct {
	app  *App
	mu   sync.Mutex
	time time.Time
}

func (s *site) now() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.time }

func (s *site) later(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.time = s.time.Add(d) }

const siteHead = `
people: {same: [{name: Ana, web: ana, email: ana@acme.dev}, {name: Li, web: li, email: li@acme.dev}]}
web:
  tokens:
    - {name: ana, role: responder, token: 'file:%[1]s/ana'}
    - {name: li, role: approver, token: 'file:%[1]s/li'}
    - {name: ci, role: admin, kind: service, token: 'file:%[1]s/ci'}
`

var siteWebs = map[string]string{
	"alone": "  url: https://mayday.acme.dev\n",
	"proxy": "  url: https://mayday.acme.dev\n  listen: 0.0.0.0:7373\n  trust_proxy: [10.9.0.0/16, 192.0.2.7]\n  user_header: X-Auth-User\n  hosts: [mayday.ops.svc]\n",
	"open":  "  read: anyone\n",
}

func newSite(t *testing.T, more string) *site {
	t.Helper()
	dir := t.TempDir()
	for _, who := range []string{"ana", "li", "ci"} {
		if err := os.WriteFile(filepath.Join(dir, who), []byte(who+"-token"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte(fmt.Sprintf(siteHead, dir)+more))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{time: time.Date(2026, 3, 10, 14, 0, 0, 0, time.UTC)}
	s.app, err = New(t.Context(), Options{File: file, Data: filepath.Join(dir, "data"), Clock: s.now, Log: io.Discard, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.app.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// asked is one request as it arrives.
type asked struct {
	method, path, body string
	host               string // 127.0.0.1:7373 unless set
	peer               string // 127.0.0.1 unless set
	session            string // of whom, begun a moment ago
	wait               time.Duration
	header             []string // name, value, ...
}

// answered is what is told of an answer: status, where it leads, whether it sets
// a cookie, and words that must be in it.
func (s *site) ask(t *testing.T, a asked) (line, body string) {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodGet
	}
	r := httptest.NewRequest(a.method, "http://x/", strings.NewReader(a.body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(a.path, "?")
	if u, err := url.ParseRequestURI(a.path); err == nil {
		r.URL = u
	}
	r.Host, r.RemoteAddr = "127.0.0.1:7373", "127.0.0.1:5000"
	if a.host != "" {
		r.Host = strings.TrimPrefix(a.host, "(none)")
	}
	if a.peer != "" {
		r.RemoteAddr = a.peer + ":5000"
	}
	if a.method == http.MethodPost && !strings.HasPrefix(a.path, "/api/") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n+1 < len(a.header); n += 2 {
		r.Header.Add(a.header[n], a.header[n+1])
	}
	if a.session != "" {
		r.AddCookie(s.signIn(t, a.session))
	}
	s.later(a.wait)
	rec := httptest.NewRecorder()
	s.app.web.Handler().ServeHTTP(rec, r)
	line = fmt.Sprint(rec.Code)
	if to := rec.Header().Get("Location"); to != "" {
		line += " to " + to
	}
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge > 0 {
			line += " sets " + c.Name
		}
	}
	return line, rec.Body.String()
}

// signIn redeems a link and answers the cookie.
func (s *site) signIn(t *testing.T, name string) *http.Cookie {
	t.Helper()
	u, err := s.app.set.named(name)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/session", strings.NewReader("k="+strings.TrimPrefix(s.app.web.Link(u), "/?k=")))
	r.Host, r.RemoteAddr = "127.0.0.1:7373", "127.0.0.1:5000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	s.app.web.Handler().ServeHTTP(rec, r)
	c := rec.Result().Cookies()
	if rec.Code != http.StatusSeeOther || len(c) != 1 {
		t.Fatalf("sign in as %s: %d %s", name, rec.Code, rec.Body)
	}
	return c[0]
}

const (
	token   = "Authorization"
	byAna   = "Bearer ana-token"
	fetch   = "Sec-Fetch-Site"
	acme    = "mayday.acme.dev"
	ownText = `{"text":"help"}`
)

var exposure = []struct {
	name, site string
	asked
	want string // the line
	says string // in the body
}{
	// Host
	{"host: the address", "alone", asked{path: "/api/v1/incidents", header: []string{token, byAna}}, "200", ""},
	{"host: localhost, odd spelling", "alone", asked{path: "/api/v1/incidents", host: "LOCALHOST.:7373", header: []string{token, byAna}}, "200", ""},
	{"host: six colons", "alone", asked{path: "/api/v1/incidents", host: "[::1]:7373", header: []string{token, byAna}}, "200", ""},
	{"host: its own name", "alone", asked{path: "/api/v1/incidents", host: acme, header: []string{token, byAna}}, "200", ""},
	{"host: rebound", "alone", asked{path: "/api/v1/incidents", host: "evil.example:7373", header: []string{token, byAna}}, "403", "not called by this name"},
	{"host: begins like ours", "alone", asked{path: "/", host: "127.0.0.1.evil.example", session: "Ana"}, "403", ""},
	{"host: ends like ours", "alone", asked{path: "/", host: "evil-mayday.acme.dev", session: "Ana"}, "403", ""},
	{"host: another address", "alone", asked{path: "/api/v1/incidents", host: "10.1.2.3:7373", header: []string{token, byAna}}, "403", ""},
	{"host: none", "alone", asked{path: "/", host: "(none)"}, "403", ""},
	{"host: a user part", "alone", asked{path: "/", host: "127.0.0.1@evil.example"}, "403", ""},
	{"host: forwarded host does not count", "alone", asked{path: "/", host: "evil.example", header: []string{"X-Forwarded-Host", acme}}, "403", ""},
	{"host: a port that is none", "alone", asked{path: "/", host: "127.0.0.1:evil", session: "Ana"}, "403", ""},
	{"host: brackets around a name", "alone", asked{path: "/", host: "[localhost]:7373", session: "Ana"}, "403", ""},
	{"host: a monitor with a port that is none", "alone", asked{path: "/readyz", host: "127.0.0.1:evil"}, "403", ""},
	{"host: a monitor by name", "alone", asked{path: "/readyz", host: "evil.example"}, "403", ""},
	{"host: a monitor by address", "alone", asked{path: "/readyz", host: "10.1.2.3:7373"}, "200", ""},

	// Origin
	{"origin: another site posts", "alone", asked{method: "POST", path: "/command", body: "text=help", session: "Ana", header: []string{fetch, "cross-site"}}, "403", "page of somebody else"},
	{"origin: a sister host posts", "alone", asked{method: "POST", path: "/command", body: "text=help", session: "Ana", header: []string{fetch, "same-site"}}, "403", ""},
	{"origin: an old browser says evil", "alone", asked{method: "POST", path: "/command", body: "text=help", session: "Ana", header: []string{"Origin", "https://evil.example"}}, "403", ""},
	{"origin: null", "alone", asked{method: "POST", path: "/command", body: "text=help", session: "Ana", header: []string{"Origin", "null"}}, "403", ""},
	{"origin: another port of this machine", "alone", asked{method: "POST", path: "/command", body: "text=help", session: "Ana", header: []string{"Origin", "http://127.0.0.1:9999"}}, "403", ""},
	{"origin: our own page", "alone", asked{method: "POST", path: "/signout", session: "Ana", header: []string{fetch, "same-origin", "Origin", "http://127.0.0.1:7373"}}, "303 to /", ""},
	{"origin: the API by session, from elsewhere", "alone", asked{method: "POST", path: "/api/v1/commands", body: ownText, session: "Ana", header: []string{fetch, "cross-site"}}, "403", ""},
	{"origin: the API asks no leave of others", "alone", asked{method: "OPTIONS", path: "/api/v1/commands", header: []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}}, "401", ""},
	{"origin: a link from chat is tried again from here", "alone", asked{path: "/i/INC-1", header: []string{fetch, "cross-site"}}, "401", `http-equiv="refresh"`},

	// Form posts and bodies
	{"form: nobody signed in", "alone", asked{method: "POST", path: "/command", body: "text=help"}, "401", "Sign in first."},
	{"form: a press by nobody", "alone", asked{method: "POST", path: "/press/0123456789abcdef"}, "401", ""},
	{"form: plain text that is JSON", "alone", asked{method: "POST", path: "/api/v1/commands", body: ownText, header: []string{"Content-Type", "text/plain", fetch, "cross-site", token, byAna}}, "403", ""},
	{"form: a form for JSON", "alone", asked{method: "POST", path: "/api/v1/commands", body: "text=own", header: []string{token, byAna}}, "400", "E24"},
	{"form: too large", "alone", asked{method: "POST", path: "/command", body: "text=" + strings.Repeat("x", 70<<10), session: "Ana"}, "413", ""},
	{"form: JSON too large", "alone", asked{method: "POST", path: "/api/v1/commands", body: `{"text":"` + strings.Repeat("x", 70<<10) + `"}`, header: []string{token, byAna}}, "413", ""},
	{"form: leads out", "alone", asked{method: "POST", path: "/press/0123456789abcdef0123456789abcdef", body: "back=//evil.example", session: "Ana"}, "303 to /?p=", ""},
	{"form: leads out by a backslash", "alone", asked{method: "POST", path: "/press/0123456789abcdef0123456789abcdef", body: `back=/\evil.example`, session: "Ana"}, "303 to /?p=", ""},
	{"form: a press by GET", "alone", asked{path: "/press/0123456789abcdef", session: "Ana"}, "404", ""},
	{"form: signing out by GET", "alone", asked{path: "/signout", session: "Ana"}, "404", ""},
	{"form: the demo's doors are shut", "alone", asked{method: "POST", path: "/as/Li", session: "Ana"}, "404", ""},

	// Sessions, links, tokens
	{"session: fresh", "alone", asked{path: "/", session: "Ana"}, "200", "All quiet"},
	{"session: half an hour idle", "alone", asked{path: "/", session: "Ana", wait: 31 * time.Minute}, "401", ""},
	{"session: eight hours", "alone", asked{path: "/", session: "Ana", wait: 8*time.Hour + time.Minute}, "401", ""},
	{"session: an invented cookie", "alone", asked{path: "/", header: []string{"Cookie", "mayday=" + strings.Repeat("A", 32)}}, "401", ""},
	{"session: the plain cookie where TLS is", "alone", asked{path: "/", host: acme, header: []string{"Cookie", "mayday=" + strings.Repeat("A", 32)}}, "401", ""},
	{"session: a token is no cookie", "alone", asked{path: "/", header: []string{"Cookie", "mayday=ana-token"}}, "401", ""},
	{"link: looking does not use it up", "alone", asked{path: "/?k=LINK"}, "200", "Sign in as Ana"},
	{"link: pressed", "alone", asked{method: "POST", path: "/session", body: "k=LINK"}, "303 to / sets mayday", ""},
	{"link: pressed over TLS", "alone", asked{method: "POST", path: "/session", body: "k=LINK", host: acme}, "303 to / sets __Host-mayday", ""},
	{"link: eleven minutes old", "alone", asked{method: "POST", path: "/session", body: "k=LINK", wait: 11 * time.Minute}, "410", "used or is too old"},
	{"link: pressed from elsewhere", "alone", asked{method: "POST", path: "/session", body: "k=LINK", header: []string{fetch, "cross-site"}}, "403", ""},
	{"link: invented", "alone", asked{method: "POST", path: "/session", body: "k=guess"}, "410", ""},
	{"link: for somebody else, by token", "alone", asked{method: "POST", path: "/api/v1/links", body: `{"for":"Li"}`, header: []string{token, byAna}}, "403", "own person only"},
	{"link: for a service", "alone", asked{method: "POST", path: "/api/v1/links", header: []string{token, "Bearer ci-token"}}, "403", "E1"},
	{"link: by the host's key", "alone", asked{method: "POST", path: "/api/v1/links", body: `{"for":"li"}`, header: []string{token, "Bearer HOST"}}, "200", `"name":"Li"`},
	{"link: by a session", "alone", asked{method: "POST", path: "/api/v1/links", session: "Ana"}, "403", "E1"},
	{"link: by a session, for its own person", "alone", asked{method: "POST", path: "/api/v1/links", body: `{"for":"Ana"}`, session: "Ana", header: []string{fetch, "same-origin"}}, "403", "mayday web link"},
	{"link: by an old session", "alone", asked{method: "POST", path: "/api/v1/links", session: "Ana", wait: 6 * time.Minute}, "403", "E1"},
	{"link: by a session and a token", "alone", asked{method: "POST", path: "/api/v1/links", session: "Ana", header: []string{token, byAna}}, "200", `"url":"https://mayday.acme.dev/?k=`},
	{"link: by a session and a wrong token", "alone", asked{method: "POST", path: "/api/v1/links", session: "Ana", header: []string{token, "Bearer ana-toke"}}, "401", ""},
	{"link: by what a proxy says", "proxy", asked{method: "POST", path: "/api/v1/links", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "ana"}}, "403", "E1"},
	{"link: by a token through a proxy", "proxy", asked{method: "POST", path: "/api/v1/links", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "ana", token, byAna}}, "200", `"url":"https://mayday.acme.dev/?k=`},
	{"link: by nobody, where reading is open", "open", asked{method: "POST", path: "/api/v1/links"}, "401", ""},
	{"link: help in the war room holds none", "alone", asked{method: "POST", path: "/api/v1/commands", body: ownText, session: "Ana"}, "200", "what is open"},
	{"link: by the host's key, for nobody", "alone", asked{method: "POST", path: "/api/v1/links", body: `{"for":"Eve"}`, header: []string{token, "Bearer HOST"}}, "404", "E23"},
	{"token: the host's key reads nothing", "alone", asked{path: "/api/v1/incidents", header: []string{token, "Bearer HOST"}}, "401", ""},
	{"token: none", "alone", asked{path: "/api/v1/incidents"}, "401", "E25"},
	{"token: wrong", "alone", asked{path: "/api/v1/incidents", header: []string{token, "Bearer ana-toke"}}, "401", ""},
	{"token: in the address", "alone", asked{path: "/api/v1/incidents?access_token=ana-token"}, "401", ""},
	{"token: by another scheme", "alone", asked{path: "/api/v1/incidents", header: []string{token, "Basic YW5hOmFuYS10b2tlbg=="}}, "401", ""},
	{"token: speaks for nobody else", "alone", asked{path: "/api/v1/incidents", header: []string{token, byAna, "Mayday-As", "Li:admin"}}, "403", "E1"},
	{"token: a backup is for admins", "alone", asked{method: "POST", path: "/api/v1/backup", header: []string{token, byAna}}, "403", "E1"},
	{"token: reading is open, acting is not", "open", asked{method: "POST", path: "/api/v1/commands", body: ownText}, "401", ""},
	{"token: reading is open", "open", asked{path: "/api/v1/incidents"}, "200", ""},
	{"token: a backup is no reading", "open", asked{method: "POST", path: "/api/v1/backup"}, "401", ""},

	// Traversal
	{"path: dots under static", "alone", asked{path: "/static/../../../etc/passwd"}, "307 to /etc/passwd", ""},
	{"path: encoded dots", "alone", asked{path: "/static/%2e%2e/%2e%2e/etc/passwd"}, "404", ""},
	{"path: encoded slashes", "alone", asked{path: "/static/..%2f..%2fetc%2fpasswd"}, "404", ""},
	{"path: a listing of static", "alone", asked{path: "/static/"}, "404", ""},
	{"path: the templates", "alone", asked{path: "/static/templates/frame.html"}, "404", ""},
	{"path: an incident that is a path", "alone", asked{path: "/i/..%2f..%2fetc", session: "Ana"}, "404", ""},
	{"path: a zero byte", "alone", asked{path: "/i/INC-1%00", session: "Ana"}, "404", ""},
	{"path: two slashes lead nowhere else", "alone", asked{path: "//evil.example/x", session: "Ana"}, "307 to /evil.example/x", ""},
	{"path: around the API's root", "alone", asked{path: "/api/v1/../../healthz", session: "Ana"}, "307 to /healthz", ""},
	{"path: unknown, and nobody signed in", "alone", asked{path: "/api/v1/secrets"}, "401", ""},

	// Proxy
	{"proxy: says who it is", "proxy", asked{path: "/", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "ana"}}, "200 sets __Host-mayday", "Ana"},
	{"proxy: says who by address", "proxy", asked{path: "/", host: acme, peer: "192.0.2.7", header: []string{"X-Auth-User", "Li@acme.dev"}}, "200 sets __Host-mayday", "Li"},
	{"proxy: somebody unknown may look", "proxy", asked{path: "/", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "eve"}}, "200 sets __Host-mayday", "eve"},
	{"proxy: somebody unknown may not act", "proxy", asked{method: "POST", path: "/api/v1/commands", body: `{"text":"freeze on"}`, host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "eve"}}, "403", "E1"},
	{"proxy: by another of its names", "proxy", asked{path: "/", host: "mayday.ops.svc:7373", peer: "10.9.1.2", header: []string{"X-Auth-User", "ana"}}, "200 sets mayday", "Ana"},
	{"proxy: says two names", "proxy", asked{path: "/", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "ana", "X-Auth-User", "li"}}, "401", ""},
	{"proxy: another site presses through it", "proxy", asked{method: "POST", path: "/command", body: "text=help", host: acme, peer: "10.9.1.2", header: []string{"X-Auth-User", "ana", fetch, "cross-site"}}, "403", ""},
	{"proxy: a stranger pretends to be it", "proxy", asked{path: "/", host: acme, peer: "10.10.1.2", header: []string{"X-Auth-User", "ana"}}, "403", "through its proxy"},
	{"proxy: a local user pretends to be it", "proxy", asked{path: "/", host: acme, header: []string{"X-Auth-User", "ana"}}, "401", ""},
	{"proxy: the API around it", "proxy", asked{path: "/api/v1/incidents", peer: "10.10.1.2", header: []string{token, byAna}}, "403", ""},
	{"proxy: the header where none is trusted", "alone", asked{path: "/", header: []string{"X-Auth-User", "ana"}}, "401", ""},
	{"proxy: a monitor around it", "proxy", asked{path: "/healthz", peer: "10.10.1.2"}, "200", ""},
}

func TestExposure(t *testing.T) {
	if len(exposure) < 60 {
		t.Fatalf("got %d cases, want 60", len(exposure))
	}
	sites := map[string]*site{}
	for name, more := range siteWebs {
		sites[name] = newSite(t, more)
	}
	for _, c := range exposure {
		t.Run(c.name, func(t *testing.T) {
			s := sites[c.site]
			u, err := s.app.set.named("Ana")
			if err != nil {
				t.Fatal(err)
			}
			link := strings.TrimPrefix(s.app.web.Link(u), "/?k=")
			c.path, c.body = strings.ReplaceAll(c.path, "LINK", link), strings.ReplaceAll(c.body, "LINK", link)
			for n := range c.header {
				c.header[n] = strings.ReplaceAll(c.header[n], "HOST", s.app.hostKey)
			}
			got, body := s.ask(t, c.asked)
			if before, _, ok := strings.Cut(got, "?p="); ok {
				got = before + "?p="
			}
			if got != c.want || !strings.Contains(body, c.says) {
				t.Errorf("got %s, want %s with %q in:\n%.600s", got, c.want, c.says, body)
			}
			if c.session != "" && strings.Contains(body, "?k=") && c.header == nil {
				t.Errorf("a session is given a sign-in link:\n%.600s", body)
			}
			if strings.Contains(body, "//evil.example") || strings.Contains(body, "root:") {
				t.Errorf("what was asked is repeated:\n%.600s", body)
			}
		})
	}
}

// TestOpenBind: who listens where others can reach it says who may come in, and
// how what they say is kept from others.
func TestOpenBind(t *testing.T) {
	dir := t.TempDir()
	tokens := "tokens: [{name: ana, role: responder, token: 'file:" + dir + "/ana'}]"
	oidc := "url: https://mayday.acme.dev, oidc: {issuer: https://login.acme.dev, client_id: m, client_secret: 'file:" + dir + "/s'}"
	for _, c := range []struct{ name, web, env, want string }{
		{"loopback, nobody may sign in", "", "", ""},
		{"loopback by name", "listen: localhost:7373", "", ""},
		{"loopback, six colons", "listen: '[::1]:7373'", "", ""},
		{"everywhere", "listen: ':7373'", "", "add web.tokens or web.oidc"},
		{"everywhere, by number", "listen: 0.0.0.0:7373", "", "add web.tokens or web.oidc"},
		{"everywhere, six colons", "listen: '[::]:7373'", "", "add web.tokens or web.oidc"},
		{"one address", "listen: 10.1.2.3:7373", "", "add web.tokens or web.oidc"},
		{"a name that is not ours", "listen: mayday.acme.dev:7373", "", "add web.tokens or web.oidc"},
		{"everywhere, by the environment", "", "0.0.0.0:7373", "add web.tokens or web.oidc"},
		{"reading is open, and nobody may sign in", "listen: 0.0.0.0:7373, read: anyone, trust_proxy: 10.0.0.0/8", "", "add web.tokens or web.oidc"},
		{"tokens in plain text", "listen: 0.0.0.0:7373, " + tokens, "", "in plain text"},
		{"OIDC in plain text", "listen: 0.0.0.0:7373, " + oidc, "", "in plain text"},
		{"tokens behind a proxy", "listen: 0.0.0.0:7373, trust_proxy: 10.0.0.0/8, " + tokens, "", ""},
		{"OIDC behind a proxy", "listen: 0.0.0.0:7373, trust_proxy: [10.0.0.1], " + oidc, "", ""},
		{"a proxy's header", "listen: 0.0.0.0:7373, trust_proxy: [10.0.0.1], user_header: X-User", "", ""},
		{"another name", "hosts: [mayday.ops.svc]", "", ""},
		{"a name that is none", "hosts: ['http://mayday.ops.svc']", "", "list of host names"},
		{"a header of everybody", "user_header: X-User", "", "needs trust_proxy"},
		{"everybody is the proxy", "trust_proxy: 0.0.0.0/0", "", "may not be everybody"},
		{"a proxy that is no address", "trust_proxy: proxy.acme.dev", "", "list of addresses or networks"},
		{"half of TLS", "listen: 0.0.0.0:7373, tls: {cert: c.pem}, " + tokens, "", "both cert and key"},
		{"TLS without its files", "listen: 0.0.0.0:7373, tls: {cert: c.pem, key: k.pem}, " + tokens, "", "cannot be used"},
		{"OIDC over plain http", "url: https://mayday.acme.dev, oidc: {issuer: http://login.acme.dev, client_id: m, client_secret: env:S}", "", "https address"},
		{"OIDC that cannot come back", "oidc: {issuer: https://login.acme.dev, client_id: m, client_secret: env:S}", "", "needs web.url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte("web: {"+c.web+"}\n"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = read(f, config.Env{Listen: c.env})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
