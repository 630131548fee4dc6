package processtest

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the configuration refers to.
const (
	firstSecret  = "first-secret-of-the-webhook-0123456789"
	secondSecret = "second-secret-of-the-webhook-9876543210"
	anaToken     = "ana-token-abcdefghijklmnopqrstuvwxyz"
)

var secrets = []string{"PD_FIRST=" + firstSecret, "PD_SECOND=" + secondSecret, "ANA_TOKEN=" + anaToken}

// tenLines is the configuration of most tests. DATA is the data directory.
const tenLines = `web:
  listen: 127.0.0.1:0
  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]
pagerduty: {webhook_secret: [env:PD_FIRST, env:PD_SECOND]}
people: {same: [{name: Ana, pagerduty: PUANA, web: ana}]}
store: {path: DATA}
services:
  checkout: {pagerduty: PCHECK, group: key, impact: Paying fails.}
  search: {pagerduty: PSEARCH, impact: Search is slow.}
log: {level: info}
`

// home is a configuration and a data directory, which outlive the processes that
// use them.
type home struct {
	t      testing.TB
	dir    string
	file   string
	data   string
	env    []string // beside the secrets
	within []string // a command that the server is started by
	pid    *process // the one that serves now
	*client
}

func newHome(t testing.TB, config string) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{t: t, dir: dir, file: filepath.Join(dir, "mayday.yaml"), data: filepath.Join(dir, "data"), client: newClient(t)}
	h.configure(config)
	return h
}

func (h *home) configure(config string) {
	h.t.Helper()
	write(h.t, h.file, strings.ReplaceAll(config, "DATA", h.data))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
}

// serve starts mayday on this home and waits until it takes traffic.
func (h *home) serve() *process {
	h.t.Helper()
	command := append(slices.Clone(h.within), binary, "serve", "-c", h.file)
	h.pid = launch(h.t, append(h.env, secrets...), command[0], command[1:]...)
	h.ready(h.pid)
	return h.pid
}

// ready reads the ready line and aims the client.
func (h *home) ready(p *process) {
	h.t.Helper()
	h.aim(p.line())
}

// aim takes the address from the ready line.
func (h *home) aim(line string) {
	h.t.Helper()
	url, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "ready ")
	host, isHTTP := strings.CutPrefix(url, "http://")
	if _, _, err := net.SplitHostPort(host); !ok || !isHTTP || err != nil {
		h.t.Fatalf("the ready line is %q", line)
	}
	h.url, h.token = url, anaToken
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return string(text)
}
