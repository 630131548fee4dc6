package processtest

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

// demoLine is what `demo --json` prints when it is ready.
type demoLine struct {
	Ready           bool
	URL, API, Token string
	Secret          string `json:"pagerduty_secret"`
}

// TestDemo plays the demo from outside: fire, own, update, be reminded; then it
// goes and leaves nothing.
func TestDemo(t *testing.T) {
	t.Parallel() // it waits for a reminder
	dir := t.TempDir()
	p := launch(t, []string{"TMPDIR=" + dir}, binary, "demo", "--listen", "127.0.0.1:0", "--json", "--no-browser", "--speed", "600")
	var ready demoLine
	if line := p.line(); json.Unmarshal([]byte(line), &ready) != nil || !ready.Ready || ready.Token == "" || ready.Secret == "" ||
		!strings.HasPrefix(ready.URL, ready.API+"/?k=") || !strings.HasPrefix(ready.API, "http://127.0.0.1:") {
		t.Fatalf("the ready line is %q", line)
	}
	c, s := newClient(t), newSender(t)
	c.url, c.token = ready.API, ready.Token
	body := s.sample("incident.triggered", "QDEMO")
	if status, err := c.knock(mac("not-the-secret-of-the-demo", body), body); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a forged delivery is answered %d (%v)", status, err)
	}
	if status, err := c.knock(mac(ready.Secret, body), body); err != nil || status != http.StatusAccepted {
		t.Fatalf("the alert is answered %d (%v)", status, err)
	}
	id := c.opened("QDEMO").ID
	c.as = "Li:responder"
	c.say(id, "own")
	owner("Li")(t, nil, c.incident(id))
	c.say(id, "update we look at the last deploy")
	c.inStatus(t, "we look at the last deploy")
	eventually(t, patience, func() string { // half an hour is three seconds here
		for _, m := range c.messages(id) {
			if m.Kind == "nudge" && strings.Contains(m.Key, ":0:1") {
				return ""
			}
		}
		return "no reminder came after the update"
	})
	c.as = "Nobody:king"
	if status, _, err := c.request(http.MethodGet, "/api/v1/incidents", nil); err != nil || status != http.StatusBadRequest {
		t.Errorf("a role that does not exist is answered %d (%v)", status, err)
	}
	p.term()
	if code := p.wait(patience); code != 0 {
		t.Errorf("it ended with %d: %s", code, p.said())
	}
	if got := p.printed(); strings.Count(got, "\n") != 1 {
		t.Errorf("on stdout it printed more than the ready line: %q", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

func (c *client) inStatus(t *testing.T, words string) {
	t.Helper()
	eventually(t, patience, func() string {
		var room struct{ Messages []messageJSON }
		c.get("rooms/status/messages", &room)
		for _, m := range room.Messages {
			if strings.Contains(m.Text, words) {
				return ""
			}
		}
		return missing("#status does not say %q: %+v", words, room.Messages)
	})
}

// TestDemoFlags: plain words without --json, loopback only, sane speeds.
func TestDemoFlags(t *testing.T) {
	dir := t.TempDir()
	env := []string{"TMPDIR=" + dir}
	p := launch(t, env, binary, "demo", "--listen", "127.0.0.1:0", "--no-browser")
	if line := p.line(); !strings.HasPrefix(line, "ready http://127.0.0.1:") || strings.Contains(line, "?") {
		t.Errorf("the ready line is %q", line)
	}
	p.term()
	if code := p.wait(patience); code != 0 {
		t.Errorf("it ended with %d: %s", code, p.said())
	}
	for _, args := range [][]string{{"--listen", "0.0.0.0:0"}, {"--speed", "0"}, {"--speed", "-1"}, {"--nonsense"}} {
		if p := run(t, env, append([]string{"demo", "--no-browser"}, args...)...); p.code != 2 || p.printed() != "" {
			t.Errorf("%q ended with %d and printed %q", args, p.code, p.printed())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}
