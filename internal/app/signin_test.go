package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/practice"
)

const phoneWithRoom = twoPhones + "web: {url: 'https://mayday.acme.dev'}\n"

// linkFor asks for help on a platform and answers the link that it holds.
func linkFor(t *testing.T, k *talk, platform string, u chat.User) string {
	t.Helper()
	m, err := k.on(platform, chat.Interaction{User: u, Text: "help"})
	if err != nil {
		t.Fatal(err)
	}
	if !m.Ephemeral || strings.Contains(m.Text, "k=") {
		t.Errorf("others can read the answer: %+v", m)
	}
	for _, line := range m.Lines {
		for _, span := range line {
			if strings.Contains(span.URL, "/?k=") {
				return span.URL
			}
		}
	}
	return ""
}

// browse signs a browser in by a link and types a command there.
func browse(t *testing.T, k *talk, link, command string) string {
	t.Helper()
	post := func(path, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "https://mayday.acme.dev"+path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:5000"
		if !strings.HasPrefix(path, "/api/") {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range cookies {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		k.app.web.Handler().ServeHTTP(rec, r)
		return rec
	}
	in := post("/session", "k="+strings.TrimPrefix(link, "https://mayday.acme.dev/?k="))
	if in.Code != http.StatusSeeOther {
		t.Fatalf("sign in: %d %s", in.Code, in.Body)
	}
	rec := post("/api/v1/commands", `{"text":"`+command+`"}`, in.Result().Cookies()...)
	return rec.Body.String()
}

// TestALinkFromChatKeepsWhoYouAre: somebody who comes into the war room by a link
// from chat is the same person there, or they could approve what they asked for.
func TestALinkFromChatKeepsWhoYouAre(t *testing.T) {
	p := &phone{name: "phone", health: chat.Health{State: "ok"}}
	k := &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC), places: []chat.Platform{p}}
	if err := os.WriteFile(filepath.Join(k.dir, "mayday.yaml"), []byte(phoneWithRoom), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	k.must(t, "start")
	bee := chat.User{ID: "U0BEE", Name: "bee", Groups: []string{"S0SRE"}}
	for name, u := range map[string]chat.User{"phone:U0BEE": bee, "Ana": ana()} {
		if _, err := k.on("phone", chat.Interaction{User: u, Text: "open it is slow"}); err != nil {
			t.Fatal(err)
		}
		open, err := k.app.Incidents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		link := linkFor(t, k, "phone", u)
		if link == "" {
			t.Fatalf("%s gets no link", name)
		}
		if body := browse(t, k, link, "own "+open[0].ID()); !strings.Contains(body, "You own "+open[0].ID()) {
			t.Errorf("%s: %s", name, body)
		}
		if open, err = k.app.Incidents(t.Context()); err != nil || open[0].Owner != name {
			t.Errorf("got owner %q (%v), want %q", open[0].Owner, err, name)
		}
	}
	for name, u := range map[string]chat.User{"somebody from outside": {ID: "U0EVE", Guest: true}, "a service": {ID: "U0CI", Service: true}} {
		if link := linkFor(t, k, "phone", u); link != "" {
			t.Errorf("%s gets a link", name)
		}
	}
	if link := linkFor(t, k, "web", chat.User{ID: "ana", Name: "ana"}); link != "" {
		t.Error("somebody in the war room gets a link")
	}
	if link := linkFor(t, k, "web", chat.User{ID: "U0BEE", Home: "phone", Name: "bee", Role: "responder"}); link != "" {
		t.Error("somebody in the war room who came from chat gets a link")
	}
	if body := browse(t, k, linkFor(t, k, "phone", bee), "help"); !strings.Contains(body, "open incidents") || strings.Contains(body, "?k=") {
		t.Errorf("help in a session that began in chat: %s", body)
	}
	link := linkFor(t, k, "phone", bee)
	k.must(t, "clock +11m")
	r := httptest.NewRequest(http.MethodGet, link, nil)
	rec := httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:5000"
	k.app.web.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusGone {
		t.Errorf("eleven minutes later the link is answered %d", rec.Code)
	}
}

// TestPagerDutyKnowsTheWarRoom: whoever was paged finds it while chat is down.
func TestPagerDutyKnowsTheWarRoom(t *testing.T) {
	k := &talk{dir: t.TempDir(), now: time.Now()}
	pager, err := practice.NewPagerDuty(practice.Options{Secrets: []string{talkSecret}, Token: "pd-token", From: []string{"mayday@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	api, err := pager.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pager.Close)
	t.Setenv("TALK_PD", "pd-token")
	config := strings.Replace(phoneWithRoom, "{webhook_secret: env:TALK_SECRET}", "{webhook_secret: env:TALK_SECRET, api_url: '"+api+"', token: env:TALK_PD, from: mayday@example.com}", 1)
	if err := os.WriteFile(filepath.Join(k.dir, "mayday.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	k.must(t, "start")
	if err := pager.Aim(k.app.URL() + "/hooks/pagerduty"); err != nil {
		t.Fatal(err)
	}
	id, err := pager.Trigger(practice.TriggerSpec{Service: "checkout", Title: "checkout: errors 12%", Urgency: "high"})
	if err != nil {
		t.Fatal(err)
	}
	if err := pager.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.app.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, call := range pager.Journal() {
		var body struct{ Note struct{ Content string } }
		if call.Method == http.MethodPost && call.Path == "/incidents/"+id+"/notes" && json.Unmarshal([]byte(call.Body), &body) == nil {
			if want := "War room of INC-1, also while chat is down: https://mayday.acme.dev/i/INC-1"; body.Note.Content != want || call.Status != http.StatusCreated && call.Status != http.StatusOK {
				t.Errorf("got %q, answered %d, want %q", body.Note.Content, call.Status, want)
			}
			return
		}
	}
	t.Errorf("no note was written: %+v", pager.Journal())
}
