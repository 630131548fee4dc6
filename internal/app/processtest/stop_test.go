package processtest

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStopsInOrder: SIGTERM and SIGINT end it within ten seconds and with 0, also
// while somebody watches, and the next one finds the directory free.
func TestStopsInOrder(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := h.serve()
		h.deliver(s.sample("incident.triggered", "Q"+strings.ToUpper(signal.String()[:4])))
		stream, err := h.watch()
		if err != nil {
			t.Fatalf("watch the events: %v", err)
		}
		if err := p.cmd.Process.Signal(signal); err != nil {
			t.Fatalf("send %s: %v", signal, err)
		}
		if code := p.wait(10 * time.Second); code != 0 {
			t.Errorf("after %s it ended with %d and said:\n%s", signal, code, p.said())
		}
		_ = stream.Body.Close()
		if got := p.printed(); strings.Count(got, "\n") != 1 {
			t.Errorf("on stdout it printed more than the ready line: %q", got)
		}
	}
	h.serve() // what was taken just before a stop is not lost
	h.opened("QTERM")
	h.opened("QINTE")
}

// watch opens a stream of events, which never ends by itself.
func (h *home) watch() (*http.Response, error) {
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url+"/api/v1/events?since=0", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	return (&http.Client{Transport: h.http.Transport}).Do(req)
}

// TestOneServerForADirectory: a second one refuses in words, and harms nothing.
func TestOneServerForADirectory(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	second := run(t, secrets, "serve", "-c", h.file)
	if second.code == 0 || second.printed() != "" || !strings.Contains(second.said(), "Another Mayday uses "+h.data) {
		t.Errorf("the second ended with %d, printed %q and said:\n%s", second.code, second.printed(), second.said())
	}
	h.deliver(s.sample("incident.triggered", "QSTILL"))
	h.opened("QSTILL")
	h.pid.kill()
	h.serve() // a lock does not outlive its process
	h.opened("QSTILL")
}

// TestHealth is what monitors ask.
func TestHealth(t *testing.T) {
	h := newHome(t, tenLines)
	h.serve()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": `"store":"ok"`, "/metrics": "mayday_build_info"} {
		status, body, err := h.request(http.MethodGet, path, nil)
		if err != nil || status != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s is answered %d (%v): %.300s", path, status, err, body)
		}
	}
	h.token = "nobody"
	if status, _, err := h.request(http.MethodGet, "/api/v1/incidents", nil); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a wrong token is answered %d (%v), want 401", status, err)
	}
}

// TestClosedByDefault: others can reach it only where somebody must sign in.
func TestClosedByDefault(t *testing.T) {
	open := strings.Replace(tenLines, "127.0.0.1:0", "0.0.0.0:0", 1)
	without := strings.Replace(open, "  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]\n", "", 1)
	h := newHome(t, without)
	for _, command := range []string{"serve", "validate"} {
		p := run(t, secrets, command, "-c", h.file)
		if p.code == 0 || p.printed() != "" || !strings.Contains(p.said(), "web.tokens") {
			t.Errorf("%s ended with %d, printed %q and said:\n%s", command, p.code, p.printed(), p.said())
		}
	}
	if _, err := os.Stat(h.data); !os.IsNotExist(err) {
		t.Errorf("it made its data directory before it refused: %v", err)
	}
	h.configure(open)
	if p := run(t, secrets, "serve", "-c", h.file); p.code == 0 || !strings.Contains(p.said(), "in plain text") {
		t.Errorf("with tokens, and nothing before it: %d, it said\n%s", p.code, p.said())
	}
	h.configure(strings.Replace(open, "web:\n", "web:\n  trust_proxy: 127.0.0.1\n", 1))
	p := launch(t, secrets, binary, "serve", "-c", h.file)
	if line := p.line(); !strings.HasPrefix(line, "ready http://") {
		t.Errorf("with tokens it printed %q", line)
	}
}

func TestVersion(t *testing.T) {
	p := run(t, nil, "version", "--json")
	var v struct{ Version, Go string }
	if err := json.Unmarshal([]byte(p.printed()), &v); err != nil || p.code != 0 || v.Version == "" || !strings.HasPrefix(v.Go, "go1.") {
		t.Errorf("version --json ended with %d and printed %q (%v)", p.code, p.printed(), err)
	}
	if p := run(t, nil, "version"); p.code != 0 || strings.TrimSpace(p.printed()) != "mayday "+v.Version {
		t.Errorf("version printed %q", p.printed())
	}
	if p := run(t, nil, "verzion"); p.code != 2 || p.printed() != "" {
		t.Errorf("a word that is no command ends with %d and prints %q", p.code, p.printed())
	}
}
