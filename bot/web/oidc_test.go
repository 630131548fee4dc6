package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/practice"
)

// acme is a server that people sign in to by a provider.
type acme struct {
	w   *world
	idp *practice.OIDC
	srv *httptest.Server
	o   Options
}

func newAcme(t *testing.T) *acme {
	t.Helper()
	a := &acme{w: newWorld()}
	a.srv = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(a.srv.Close)
	a.w.clock = time.Now() // tokens are of now
	var err error
	a.idp, err = practice.NewOIDC(practice.OIDCOptions{ClientID: "mayday", Secret: "s3cret", Redirect: a.srv.URL + "/oidc/callback", Now: a.w.now})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := a.idp.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.idp.Close)
	a.o = a.w.options()
	a.o.URL = a.srv.URL
	a.o.OIDC = &OIDC{Title: "Acme", Issuer: issuer, ClientID: "mayday", Secret: config.NewSecret("s3cret")}
	a.o.Recognise = func(i Identity) (chat.User, bool) {
		if strings.EqualFold(i.Email, "ana@acme.dev") || i.Subject == "sub-li" {
			return chat.User{ID: "ana", Name: "Ana", Role: "approver"}, true
		}
		return chat.User{}, false
	}
	a.o.Verb = func(_ context.Context, id string) (string, error) {
		return map[string]string{"b-ok": "approve"}[id], nil
	}
	a.begin(t)
	return a
}

func (a *acme) begin(t *testing.T) {
	t.Helper()
	s, err := New(a.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a.srv.Config.Handler = s.Handler()
}

// round goes to the provider and back, as a browser does, and answers the page
// that it ends on.
func (a *acme) round(t *testing.T, c *http.Client, query string) (*http.Response, string) {
	t.Helper()
	resp, _ := visit(t, c, "GET", a.srv.URL+"/oidc/start"+query, "")
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("start: %d", resp.StatusCode)
	}
	resp, _ = visit(t, c, "GET", resp.Header.Get("Location"), "")
	if resp.StatusCode != http.StatusFound {
		t.Fatalf("the provider answers %d", resp.StatusCode)
	}
	return visit(t, c, "GET", resp.Header.Get("Location"), "", "Sec-Fetch-Site", "cross-site")
}

var (
	anaThere = practice.OIDCPerson{Subject: "sub-ana", Email: "Ana@acme.dev", Verified: true, Name: "Ana Acme"}
	eveThere = practice.OIDCPerson{Subject: "sub-eve", Email: "ana@acme.dev", Name: "Eve"} // an address that nobody verified
)

func TestSignInByAProvider(t *testing.T) {
	a := newAcme(t)
	for name, one := range map[string]struct {
		who  practice.OIDCPerson
		says string
	}{
		"by verified address":       {anaThere, "Signed in as Ana."},
		"by subject":                {practice.OIDCPerson{Subject: "sub-li"}, "Signed in as Ana."},
		"an address not verified":   {eveThere, "Signed in as Eve."},
		"somebody who is not known": {practice.OIDCPerson{Subject: "sub-x", Email: "x@acme.dev", Verified: true}, "Signed in as x@acme.dev."},
	} {
		t.Run(name, func(t *testing.T) {
			a.idp.SignIn(one.who)
			c := browser(t)
			resp, body := a.round(t, c, "?back=/incidents")
			if resp.StatusCode != http.StatusOK || !strings.Contains(body, one.says) || !strings.Contains(body, "url=/incidents") {
				t.Fatalf("got %d %s", resp.StatusCode, body)
			}
			resp, body = visit(t, c, "GET", a.srv.URL+"/incidents", "")
			viewer := !strings.Contains(one.says, "Ana")
			if resp.StatusCode != http.StatusOK || strings.Contains(body, `title="viewer"`) != viewer {
				t.Errorf("then: %d, viewer %t:\n%.400s", resp.StatusCode, viewer, body)
			}
		})
	}
	if r := a.idp.Refused(); len(r) > 0 {
		t.Errorf("the provider refused %q", r)
	}
}

func TestTheProvidersKeysRotate(t *testing.T) {
	a := newAcme(t)
	a.idp.SignIn(anaThere)
	for range 3 {
		if resp, body := a.round(t, browser(t), ""); resp.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s", resp.StatusCode, body)
		}
		if err := a.idp.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTokensThatAreWrong(t *testing.T) {
	a := newAcme(t)
	a.idp.SignIn(anaThere)
	for _, twist := range []string{practice.TwistNonce, practice.TwistAudience, practice.TwistIssuer, practice.TwistExpired, practice.TwistKey, practice.TwistNone, practice.TwistNoToken} {
		a.idp.Twist(twist)
		c := browser(t)
		resp, body := a.round(t, c, "")
		if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "This sign-in was not finished.") {
			t.Errorf("%s: %d %s", twist, resp.StatusCode, body)
		}
		if resp, _ := visit(t, c, "GET", a.srv.URL+"/", ""); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: signed in all the same", twist)
		}
	}
}

func TestAnswersOfTheProviderThatAreNotGood(t *testing.T) {
	a := newAcme(t)
	a.idp.SignIn(anaThere)
	callback := func(c *http.Client) string { // up to the answer, which is not opened
		resp, _ := visit(t, c, "GET", a.srv.URL+"/oidc/start", "")
		resp, _ = visit(t, c, "GET", resp.Header.Get("Location"), "")
		return resp.Header.Get("Location")
	}
	with := func(address, name, value string) string {
		u, _ := url.Parse(address)
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for name, open := range map[string]func(c *http.Client) string{
		"another browser's":      func(*http.Client) string { return callback(browser(t)) },
		"a guessed state":        func(c *http.Client) string { return with(callback(c), "state", "guess") },
		"a guessed code":         func(c *http.Client) string { return with(callback(c), "code", "guess") },
		"another issuer":         func(c *http.Client) string { return with(callback(c), "iss", "https://evil.example") },
		"an error":               func(c *http.Client) string { return with(callback(c), "error", "access_denied") },
		"used before":            func(c *http.Client) string { at := callback(c); visit(t, c, "GET", at, ""); return at },
		"eleven minutes old":     func(c *http.Client) string { at := callback(c); a.w.advance(11 * time.Minute); return at },
		"without having started": func(*http.Client) string { return a.srv.URL + "/oidc/callback?code=x&state=y" },
	} {
		c := browser(t)
		resp, body := visit(t, c, "GET", open(c), "")
		if resp.StatusCode != http.StatusUnauthorized || strings.Contains(body, "evil.example") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	a.o.OIDC.Secret = config.NewSecret("wrong")
	a.begin(t)
	if resp, _ := a.round(t, browser(t), ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a wrong secret: %d", resp.StatusCode)
	}
}

func TestTheProviderIsDown(t *testing.T) {
	a := newAcme(t)
	a.idp.Close()
	resp, body := visit(t, browser(t), "GET", a.srv.URL+"/oidc/start", "")
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "Acme does not answer.") || !strings.Contains(body, "mayday web link") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if resp, body := visit(t, browser(t), "GET", a.srv.URL+"/", ""); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "Sign in with Acme") {
		t.Errorf("the page is %d %s", resp.StatusCode, body)
	}
}

// TestApprovingNeedsAFreshSignIn: a session that is old enough to be somebody
// else's does not approve, by page or by API.
func TestApprovingNeedsAFreshSignIn(t *testing.T) {
	a := newAcme(t)
	pressed := 0
	a.w.on("b-ok", func(chat.Interaction) (chat.Message, error) { pressed++; return reply("INC-42", "Approved."), nil })
	a.w.on("b-own", func(chat.Interaction) (chat.Message, error) { return reply("INC-42", "Yours."), nil })
	old := anaThere
	old.Since = a.w.now().Add(-time.Hour) // signed in at the provider an hour ago
	a.idp.SignIn(old)
	c := browser(t)
	a.round(t, c, "")
	for button, want := range map[string]string{"b-ok": "approving needs a fresh sign-in", "b-own": "Yours."} {
		resp, _ := visit(t, c, "POST", a.srv.URL+"/press/"+button, "back=/incidents")
		_, body := visit(t, c, "GET", a.srv.URL+resp.Header.Get("Location"), "")
		if !strings.Contains(body, want) {
			t.Errorf("%s: %q is not in\n%s", button, want, body)
		}
		if button == "b-ok" && !strings.Contains(body, "/oidc/start?again=1&amp;back=%2Fincidents") {
			t.Errorf("no way to sign in again in\n%s", body)
		}
	}
	if resp, _ := visit(t, c, "POST", a.srv.URL+"/api/v1/buttons/b-ok", "{}"); resp.StatusCode != http.StatusUnauthorized || pressed > 0 {
		t.Errorf("by API: %d, pressed %d", resp.StatusCode, pressed)
	}
	a.round(t, c, "?again=1")
	if resp, _ := visit(t, c, "POST", a.srv.URL+"/api/v1/buttons/b-ok", "{}"); resp.StatusCode != http.StatusOK || pressed != 1 {
		t.Errorf("after a fresh sign-in: %d, pressed %d", resp.StatusCode, pressed)
	}
	a.w.advance(freshFor + time.Second)
	if resp, _ := visit(t, c, "POST", a.srv.URL+"/api/v1/buttons/b-ok", "{}"); resp.StatusCode != http.StatusUnauthorized || pressed != 1 {
		t.Errorf("five minutes later: %d, pressed %d", resp.StatusCode, pressed)
	}
	if status, _, _ := call(t, "POST", a.srv.URL+"/api/v1/buttons/b-ok", "ana-token", "{}"); status != http.StatusOK || pressed != 2 {
		t.Errorf("by token: %d, pressed %d", status, pressed)
	}
}

func TestAPersonHasFiveSessions(t *testing.T) {
	w := newWorld()
	s, srv := newServer(t, w.options())
	in := func(id string) *http.Client {
		c := browser(t)
		w.advance(time.Second)
		visit(t, c, "POST", srv.URL+"/session", "k="+strings.TrimPrefix(s.Link(chat.User{ID: id, Name: id, Role: "responder"}), "/?k="))
		return c
	}
	is := func(c *http.Client) int { resp, _ := visit(t, c, "GET", srv.URL+"/", ""); return resp.StatusCode }
	li := in("li")
	var mine []*http.Client
	for range maxPerPerson + 1 {
		mine = append(mine, in("ana"))
	}
	if got := is(mine[0]); got != http.StatusUnauthorized {
		t.Errorf("the first of six sessions is answered %d", got)
	}
	for n, c := range append(mine[1:], li) {
		if got := is(c); got != http.StatusOK {
			t.Errorf("session %d is answered %d", n, got)
		}
	}
}
