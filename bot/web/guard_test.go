package web

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
)

func TestTheHostsThatPagesAnswerTo(t *testing.T) {
	o := newWorld().options()
	o.URL, o.Hosts = "https://mayday.acme.dev", []string{"warroom.acme.dev:8443"}
	_, srv := newServer(t, o)
	for host, ok := range map[string]bool{
		"127.0.0.1:7373": true, "localhost": true, "[::1]:7373": true, "LOCALHOST.:7373": true, "mayday.acme.dev": true, "warroom.acme.dev": true,
		"evil.example": false, "127.0.0.1.evil.example": false, "mayday.acme.dev.evil.example": false, "10.1.2.3:7373": false, "localhost.evil.example:7373": false,
	} {
		status, _, _ := call(t, "GET", srv.URL+"/api/v1/incidents", "ana-token", "", "Host", host)
		if (status == http.StatusOK) != ok || (status == http.StatusForbidden) == ok {
			t.Errorf("API as %s: %d", host, status)
		}
		status, body, _ := call(t, "GET", srv.URL+"/", "", "", "Host", host)
		if (status == http.StatusForbidden) == ok || strings.Contains(body, "evil.example") {
			t.Errorf("page as %s: %d", host, status)
		}
	}
}

func TestMonitorsMayCallByAddress(t *testing.T) {
	o := newWorld().options()
	o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("mayday_build_info 1")) })
	ready := true
	o.Ready = func(context.Context) (bool, map[string]string) {
		return ready, map[string]string{"store": "ok", "war room": "off"}
	}
	_, srv := newServer(t, o)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		for _, host := range []string{"10.1.2.3:7373", "[fd00::7]:7373", "mayday:7373", "mayday.ops.svc", "mayday.ops.svc.cluster.local:7373"} {
			if status, _, _ := call(t, "GET", srv.URL+path, "", "", "Host", host); status != http.StatusOK {
				t.Errorf("%s as %s: %d", path, host, status)
			}
		}
	}
	for _, path := range []string{"/readyz", "/metrics"} {
		if status, _, _ := call(t, "GET", srv.URL+path, "", "", "Host", "evil.example"); status != http.StatusForbidden {
			t.Errorf("%s by a strange name: %d", path, status)
		}
	}
	ready = false
	status, body, _ := call(t, "GET", srv.URL+"/readyz", "", "")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"war room":"off"`) {
		t.Errorf("not ready: %d %s", status, body)
	}
}

// browser is a client with cookies that does not follow redirects by itself.
func browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// visit makes a request as a browser does.
func visit(t testing.TB, c *http.Client, method, address, form string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return resp, body
}

func signedIn(t testing.TB, srv *httptest.Server) *http.Client {
	t.Helper()
	c := browser(t)
	if resp, body := visit(t, c, "GET", srv.URL+"/?k=demo-key", ""); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign in: %d %s", resp.StatusCode, body)
	}
	return c
}

func TestOtherPagesCannotPress(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	_, srv := newServer(t, w.demo())
	c := signedIn(t, srv)
	for name, header := range map[string][]string{
		"cross site":              {"Sec-Fetch-Site", "cross-site"},
		"same site, another host": {"Sec-Fetch-Site", "same-site"},
		"an old browser's origin": {"Origin", "https://evil.example"},
		"no origin at all":        {"Origin", "null"},
	} {
		for _, path := range []string{"/press/b1", "/command", "/as/Li", "/demo/fire", "/session", "/signout", "/api/v1/commands", "/api/v1/buttons/b1"} {
			resp, body := visit(t, c, "POST", srv.URL+path, "text=own", header...)
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s: POST %s: %d %s", name, path, resp.StatusCode, body)
			}
		}
	}
	if n := len(w.heard()); n > 0 {
		t.Errorf("the handler heard %d times", n)
	}
	resp, _ := visit(t, c, "POST", srv.URL+"/command", "text=own", "Sec-Fetch-Site", "same-origin", "Origin", srv.URL)
	if resp.StatusCode != http.StatusSeeOther || len(w.heard()) != 1 {
		t.Errorf("our own page: %d, heard %d", resp.StatusCode, len(w.heard()))
	}
}

func TestHeadersAndCookies(t *testing.T) {
	o := newWorld().demo()
	o.URL = "https://mayday.acme.dev"
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]struct {
		name   string
		secure bool
	}{"mayday.acme.dev": {"__Host-mayday", true}, "127.0.0.1:7373": {"mayday", false}} {
		key := s.Link(chat.User{ID: "ana", Name: "Ana", Role: "responder"})[len("/?k="):]
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/session", strings.NewReader("k="+key))
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, r)
		c := rec.Result().Cookies()
		if len(c) != 1 || c[0].Name != want.name || c[0].Secure != want.secure || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" {
			t.Errorf("cookie at %s is %v", host, c)
		}
		for name, words := range map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := rec.Header().Get(name); !strings.Contains(got, words) || strings.Contains(got, "unsafe") {
				t.Errorf("%s is %q", name, got)
			}
		}
	}
}

func TestALinkIsRedeemedByAPressOnce(t *testing.T) {
	w := newWorld()
	s, srv := newServer(t, w.options())
	link := srv.URL + s.Link(chat.User{ID: "ana", Name: "Ana", Role: "responder"})
	key := "k=" + link[strings.Index(link, "k=")+2:]
	for range 3 { // previews fetch it as often as they like
		resp, body := visit(t, browser(t), "GET", link, "")
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Sign in as Ana") || len(resp.Cookies()) > 0 {
			t.Fatalf("preview: %d %s", resp.StatusCode, body)
		}
	}
	c := browser(t)
	if resp, _ := visit(t, c, "POST", srv.URL+"/session", key); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("press: %d", resp.StatusCode)
	}
	if resp, body := visit(t, c, "GET", srv.URL+"/", ""); resp.StatusCode != http.StatusOK || !strings.Contains(body, "All quiet") {
		t.Errorf("signed in: %d %s", resp.StatusCode, body)
	}
	if resp, _ := visit(t, browser(t), "POST", srv.URL+"/session", key); resp.StatusCode != http.StatusGone {
		t.Errorf("second press: %d", resp.StatusCode)
	}
	late := s.Link(chat.User{ID: "li", Name: "Li"})
	w.advance(linkLife + time.Second)
	if resp, _ := visit(t, browser(t), "POST", srv.URL+"/session", "k="+late[len("/?k="):]); resp.StatusCode != http.StatusGone {
		t.Errorf("late press: %d", resp.StatusCode)
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		wait []time.Duration
		end  bool
	}{
		"in use":       {wait: []time.Duration{29 * time.Minute, 29 * time.Minute, 29 * time.Minute}},
		"left alone":   {wait: []time.Duration{31 * time.Minute}, end: true},
		"after a day":  {wait: []time.Duration{24 * time.Hour}, end: true},
		"after a long": {wait: slow(17, 29*time.Minute), end: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			s, srv := newServer(t, w.options())
			cl := browser(t)
			visit(t, cl, "POST", srv.URL+"/session", "k="+s.Link(chat.User{ID: "ana", Name: "Ana"})[len("/?k="):])
			status := 0
			for _, d := range c.wait {
				w.advance(d)
				resp, _ := visit(t, cl, "GET", srv.URL+"/", "")
				status = resp.StatusCode
			}
			if (status == http.StatusUnauthorized) != c.end {
				t.Errorf("the last page was %d", status)
			}
		})
	}
}

func slow(n int, d time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = d
	}
	return out
}

func TestTheDemoKeyWorksInOneBrowser(t *testing.T) {
	_, srv := newServer(t, newWorld().demo())
	c := signedIn(t, srv)
	if resp, _ := visit(t, c, "GET", srv.URL+"/?k=demo-key", ""); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
		t.Errorf("again, same browser: %d", resp.StatusCode)
	}
	if resp, _ := visit(t, browser(t), "GET", srv.URL+"/?k=demo-key", ""); resp.StatusCode != http.StatusGone {
		t.Errorf("another browser: %d", resp.StatusCode)
	}
	if resp, _ := visit(t, browser(t), "GET", srv.URL+"/?k=other", ""); resp.StatusCode != http.StatusGone {
		t.Errorf("another key: %d", resp.StatusCode)
	}
}

func TestPagesNeedASession(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	_, srv := newServer(t, w.options())
	for _, path := range []string{"/", "/i/INC-42", "/incidents", "/help"} {
		resp, body := visit(t, browser(t), "GET", srv.URL+path, "")
		if resp.StatusCode != http.StatusUnauthorized || strings.Contains(body, "checkout") || !strings.Contains(body, "Sign in first.") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	// A link in a chat app comes without the strict cookie; the page loads itself
	// once more from here, and not again after that.
	_, body := visit(t, browser(t), "GET", srv.URL+"/i/INC-42", "", "Sec-Fetch-Site", "cross-site")
	if !strings.Contains(body, `http-equiv="refresh"`) {
		t.Error("a visit from elsewhere is not tried again")
	}
	if _, body = visit(t, browser(t), "GET", srv.URL+"/i/INC-42", "", "Sec-Fetch-Site", "same-origin"); strings.Contains(body, `http-equiv="refresh"`) {
		t.Error("a visit from here is tried for ever")
	}
}

func TestReadingMayBeOpen(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Lines: []chat.Line{chat.L("card")}, Buttons: []chat.Button{{ID: "b1", Label: "I'm on it"}}}, start)
	o := w.options()
	o.OpenRead = true
	_, srv := newServer(t, o)
	resp, body := visit(t, browser(t), "GET", srv.URL+"/i/42", "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "checkout") || strings.Contains(body, "I&#39;m on it") {
		t.Errorf("page: %d %s", resp.StatusCode, body)
	}
	if status, _, _ := call(t, "GET", srv.URL+"/api/v1/incidents", "", ""); status != http.StatusOK {
		t.Errorf("API: %d", status)
	}
	if status, _, _ := call(t, "POST", srv.URL+"/api/v1/commands", "", `{"text":"own"}`); status != http.StatusUnauthorized {
		t.Errorf("a command of nobody: %d", status)
	}
	if resp, _ := visit(t, browser(t), "POST", srv.URL+"/press/b1", ""); resp.StatusCode != http.StatusUnauthorized || len(w.heard()) > 0 {
		t.Errorf("a press of nobody: %d", resp.StatusCode)
	}
}

func TestFormsLeadNowhereElse(t *testing.T) {
	for back, want := range map[string]string{
		"/i/INC-42?tab=do": "/i/INC-42?tab=do", "": "/", "https://evil.example": "/", "//evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "i/INC-42": "/",
	} {
		if got := backTo(back); got != want {
			t.Errorf("%q leads to %q, want %q", back, got, want)
		}
	}
	_, srv := newServer(t, newWorld().demo())
	c := signedIn(t, srv)
	resp, _ := visit(t, c, "POST", srv.URL+"/as/Li", url.Values{"back": {"//evil.example"}}.Encode())
	if resp.Header.Get("Location") != "/" {
		t.Errorf("leads to %q", resp.Header.Get("Location"))
	}
}

func TestALinkForATokensPerson(t *testing.T) {
	o := newWorld().options()
	o.Tokens = append(o.Tokens, Token{Name: "broken", Role: "admin", Token: config.Secret{}})
	_, srv := newServer(t, o)
	status, body, _ := call(t, "POST", srv.URL+"/api/v1/links", "ana-token", "")
	if status != http.StatusOK || !strings.Contains(body, `"url":"`+srv.URL+`/?k=`) {
		t.Errorf("got %d %s", status, body)
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	w := newWorld()
	w.on("b", func(chat.Interaction) (chat.Message, error) { panic("boom") })
	_, srv := newServer(t, w.options())
	status, body, _ := call(t, "POST", srv.URL+"/api/v1/buttons/b", "ana-token", "{}")
	if status != http.StatusInternalServerError || strings.Contains(body, "boom") || !strings.Contains(body, `"error"`) {
		t.Errorf("got %d %s", status, body)
	}
}
