package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/postgrestest"
)

// askHost posts to an address as the command line does.
func askHost(t *testing.T, at Host, method, path, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at.URL+path, strings.NewReader(`{"for":"Ana"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+at.Key)
	if host != "" {
		r.Host = host
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// redeem presses a link at the war room, as a browser that has its address.
func redeem(t *testing.T, app *App, link string) int {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/session", strings.NewReader("k="+u.Query().Get("k")))
	r.Host, r.RemoteAddr = u.Host, "127.0.0.1:5000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	app.web.Handler().ServeHTTP(rec, r)
	return rec.Code
}

// TestLinkOnTheHost: the command line on the host makes a link that the browser
// can open, however the war room is reached by others.
func TestLinkOnTheHost(t *testing.T) {
	const people = "people: {same: [{name: Ana, web: ana}]}\n"
	const tokens = "tokens: [{name: ana, role: responder, token: 'file:DIR/ana'}]"
	for name, c := range map[string]struct{ web, want string }{
		"on loopback":                 {"listen: '127.0.0.1:0', " + tokens, "http://127.0.0.1:"},
		"an address behind a proxy":   {"listen: '127.0.0.2:0', url: 'https://mayday.acme.dev', trust_proxy: 10.0.0.4, " + tokens, "https://mayday.acme.dev/?k="},
		"a proxy on the same machine": {"listen: '127.0.0.2:0', url: 'https://mayday.acme.dev', trust_proxy: 127.0.0.0/8, user_header: X-User, " + tokens, "https://mayday.acme.dev/?k="},
		"all addresses":               {"listen: '0.0.0.0:0', url: 'https://mayday.acme.dev', trust_proxy: 172.16.0.0/12, " + tokens, "https://mayday.acme.dev/?k="},
		"all addresses and no name":   {"listen: '0.0.0.0:0', trust_proxy: 172.16.0.0/12, " + tokens, "http://localhost:"},
		"TLS of its own":              {"listen: '0.0.0.0:0', url: 'https://mayday.acme.dev:7373', tls: {cert: cert.pem, key: key.pem}, " + tokens, "https://mayday.acme.dev:7373/?k="},
		"TLS of its own and no name":  {"listen: '0.0.0.0:0', tls: {cert: cert.pem, key: key.pem}, " + tokens, "https://localhost:"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writePair(t, dir, "mayday.acme.dev")
			app := behind(t, dir, people+"store: {path: DIR/data}\nweb: {"+c.web+"}\n")
			at, err := OnHost(app.set.file, config.Env{})
			if err != nil || !strings.HasPrefix(at.URL, "http://127.0.0.1:") || at.URL == app.URL() {
				t.Fatalf("the host is reached at %s: %v", at.URL, err)
			}
			status, body := askHost(t, at, http.MethodPost, "/api/v1/links", "")
			var got struct{ URL, Name string }
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || got.Name != "Ana" || !strings.HasPrefix(got.URL, c.want) {
				t.Fatalf("got %d %s, want %s", status, body, c.want)
			}
			if status := redeem(t, app, got.URL); status != http.StatusSeeOther {
				t.Errorf("the link is answered %d", status)
			}
			for _, no := range []struct {
				method, path, host string
				status             int
			}{
				{"GET", "/", "", 401}, {"GET", "/metrics", "", 401}, {"GET", "/api/v1/incidents", "", 401}, {"POST", "/api/v1/commands", "", 401},
				{"POST", "/hooks/pagerduty", "", 401}, {"POST", "/api/v1/links", "mayday.acme.dev", 403}, {"POST", "/api/v1/links", "evil.example", 403},
			} {
				if status, body := askHost(t, at, no.method, no.path, no.host); status != no.status {
					t.Errorf("%s %s as %q: %d %s", no.method, no.path, no.host, status, body)
				}
			}
			if status, _ := askHost(t, Host{URL: at.URL, Key: "ana-token"}, http.MethodPost, "/api/v1/links", ""); status != http.StatusUnauthorized {
				t.Errorf("a token is answered %d", status)
			}
		})
	}
}

// TestTheHostIsLeftAlone: file and listener go with the server, and the file is
// for one account.
func TestTheHostIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte("store: {path: "+dir+"/data}\nweb: {listen: '127.0.0.1:0'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(t.Context(), Options{File: file, Log: io.Discard, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "data", hostName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("host.json is %v, %v", info, err)
	}
	at, err := OnHost(file, config.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := OnHost(file, config.Env{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Errorf("after the end it is answered %d", resp.StatusCode)
	}
}

// TestLinkAtAnotherProcess: one of two processes on one Postgres makes a link,
// the other one redeems it, once, and both know that.
func TestLinkAtAnotherProcess(t *testing.T) {
	server := postgrestest.Start(t)
	dir := t.TempDir()
	t.Setenv("LINK_STORE", server.SuperuserDSN(server.Database(t)))
	text := "store: {postgres: env:LINK_STORE}\npeople: {same: [{name: Ana, web: ana}]}\n" +
		"web: {listen: '127.0.0.1:0', url: 'https://mayday.acme.dev', tokens: [{name: ana, role: responder, token: 'file:DIR/ana'}]}\n"
	one, two := behind(t, dir, text), behind(t, dir, text)
	for name, u := range map[string]chat.User{"Ana": {ID: "ana", Name: "Ana", Role: "responder"}, "somebody from chat": {ID: "U0BEE", Home: "phone", Name: "bee", Role: "viewer"}} {
		link := "https://mayday.acme.dev" + one.web.Link(u)
		for _, at := range []struct {
			app  *App
			want int
		}{{two, http.StatusSeeOther}, {one, http.StatusGone}, {two, http.StatusGone}} {
			if got := redeem(t, at.app, link); got != at.want {
				t.Errorf("%s: answered %d, want %d", name, got, at.want)
			}
		}
	}
}
