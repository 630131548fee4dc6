package web

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// listen opens the stream and answers its next events, "3 entry".
func listen(t *testing.T, url string, header ...string) func() string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer vi-token")
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("stream is %d %s", resp.StatusCode, got)
	}
	lines := bufio.NewScanner(resp.Body)
	return func() string {
		t.Helper()
		id, kind := "", ""
		for lines.Scan() {
			switch l := lines.Text(); {
			case strings.HasPrefix(l, "id: "):
				id = l[4:]
			case strings.HasPrefix(l, "event: "):
				kind = l[7:]
			case strings.HasPrefix(l, "data: ") && !strings.Contains(l, `"id":`+id):
				t.Errorf("event %s has data %s", id, l)
			case l == "" && id != "":
				return id + " " + kind
			}
		}
		return "end"
	}
}

func TestEventsAreNotMissed(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	w.tell(42, start, "Ana", "one", &incident.Noted{})
	s, srv := newServer(t, w.options())
	more := func(text string) {
		w.tell(42, start, "Ana", text, &incident.Noted{})
		s.Notify()
	}
	all := listen(t, srv.URL+"/api/v1/events?since=0")
	if diff := cmp.Diff([]string{"1 entry", "2 entry"}, []string{all(), all()}); diff != "" {
		t.Errorf("from the start (-want +got):\n%s", diff)
	}
	fresh := listen(t, srv.URL+"/api/v1/events")
	more("two")
	if got := []string{all(), fresh()}; got[0] != "3 entry" || got[1] != "3 entry" {
		t.Errorf("live: %v", got)
	}
	more("three")
	back := listen(t, srv.URL+"/api/v1/events?since=0", "Last-Event-ID", "3") // the browser remembers more than the address
	if got := back(); got != "4 entry" {
		t.Errorf("after a break: %s", got)
	}
	s.Close()
	if got := back(); got != "end" {
		t.Errorf("after the server stopped: %s", got)
	}
}

func TestEventsOfABusyTime(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	for range 3 * feedPage {
		w.tell(42, start, "Ana", "note", &incident.Noted{})
	}
	_, srv := newServer(t, w.options())
	next := listen(t, srv.URL+"/api/v1/events?since=1")
	seen := 0
	for seen < 3*feedPage {
		if got := next(); got == "end" {
			t.Fatalf("the stream ended after %d", seen)
		}
		seen++
	}
}

func TestEventsNeedASignedInReader(t *testing.T) {
	_, srv := newServer(t, newWorld().options())
	if status, _, _ := call(t, "GET", srv.URL+"/api/v1/events", "", ""); status != http.StatusUnauthorized {
		t.Errorf("no token: %d", status)
	}
	if status, _, _ := call(t, "GET", srv.URL+"/api/v1/events?since=x", "vi-token", ""); status != http.StatusBadRequest {
		t.Errorf("bad since: %d", status)
	}
}

// TestAStreamEndsWithItsSession: a page that was left open does not read on when
// its session is over, and keeps no session from ending.
func TestAStreamEndsWithItsSession(t *testing.T) {
	w := newWorld()
	o := w.options()
	s, srv := newServer(t, o)
	c := browser(t)
	visit(t, c, "POST", srv.URL+"/session", "k="+strings.TrimPrefix(s.Link(chat.User{ID: "ana", Name: "Ana"}), "/?k="))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("stream: %v %v", resp, err)
	}
	defer resp.Body.Close()
	byToken := listen(t, srv.URL+"/api/v1/events")
	w.advance(sessionIdle + time.Minute)
	s.Replace(nil, false, func(u chat.User) (chat.User, bool) { return u, true })
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() { // to its end, which comes with the next round
		if strings.HasPrefix(lines.Text(), "data:") {
			t.Errorf("it reads on: %s", lines.Text())
		}
	}
	if got := byToken(); got != "end" {
		t.Errorf("the stream of a token that is gone says %s", got)
	}
}
