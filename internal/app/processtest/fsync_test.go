package processtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSyncedBeforeTheAnswer watches the system calls of an idle server while one
// delivery comes in: what is written to the log of the database after the request
// was read is on the disk before the answer begins.
func TestSyncedBeforeTheAnswer(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is not installed: `make test` installs it (Debian: apt-get install strace)")
	}
	h, s := newHome(t, tenLines), newSender(t)
	trace := filepath.Join(h.dir, "trace")
	// With -D the server stays the child of the test, and dies with it.
	p := launch(t, secrets, strace, "-D", "-f", "-y", "-s", "4200", "-e", "trace=read,write,pwrite64,writev,sendto,fsync,fdatasync", "-o", trace,
		binary, "serve", "-c", h.file)
	h.ready(p)
	body := s.sample("incident.triggered", "QSYNC")
	h.deliver(body)
	h.opened("QSYNC")
	p.term()
	if code := p.wait(patience); code != 0 {
		t.Errorf("it ended with code %d: %s", code, p.said())
	}
	var calls []string
	eventually(t, patience, func() string { // strace writes its last lines after the server has ended
		raw, err := os.ReadFile(trace)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("read the trace: %v", err)
		}
		calls = strings.Split(string(raw), "\n")
		return unless(strings.Contains(string(raw), "+++ exited with 0"), "the trace does not end: %.2000s", raw)
	})
	if wrong := outOfOrder(calls, eventID(t, body)); wrong != "" {
		t.Errorf("%s\n%s", wrong, strings.Join(around(calls), "\n"))
	}
}

var (
	requestRead = regexp.MustCompile(`read(\(| resumed).*"POST /hooks/pagerduty`)
	logWritten  = regexp.MustCompile(`pwrite64\(\d+<[^>]*mayday\.db-wal>`)
	syncBegun   = regexp.MustCompile(`^(\d+) +f(?:data)?sync\(\d+<[^>]*mayday\.db-wal>(.*)$`)
	syncEnded   = regexp.MustCompile(`^(\d+) +<\.\.\. f(?:data)?sync resumed>.*= 0`)
	answerBegun = regexp.MustCompile(`(?:write|writev|sendto)\(\d+<(?:socket|TCP).*"HTTP/1\.1 202`)
)

// outOfOrder walks through the trace: the request, the write of this event to the
// log, its sync, the answer. It answers "" when they came in this order.
func outOfOrder(calls []string, event string) string {
	var read, written, synced bool
	pending := map[string]bool{} // threads in a sync that began after the write
	for _, call := range calls {
		switch {
		case requestRead.MatchString(call):
			read = true
		case !read:
		case logWritten.MatchString(call) && strings.Contains(call, event):
			written = true
		case syncBegun.MatchString(call):
			m := syncBegun.FindStringSubmatch(call)
			pending[m[1]] = written
			synced = synced || written && strings.HasSuffix(m[2], "= 0")
		case syncEnded.MatchString(call):
			synced = synced || pending[syncEnded.FindStringSubmatch(call)[1]]
		case answerBegun.MatchString(call):
			return unless(written && synced, "before the answer the event was written: %v, and synced: %v", written, synced)
		}
	}
	return missing("there is no answer after the request (seen: %v)", read)
}

// around is the part of the trace from the request on.
func around(calls []string) []string {
	for n, call := range calls {
		if requestRead.MatchString(call) {
			return calls[n:min(n+60, len(calls))]
		}
	}
	return calls[:min(60, len(calls))]
}

// TestTheOrderIsChecked shows that the check can fail.
func TestTheOrderIsChecked(t *testing.T) {
	const (
		read   = `7  read(8<socket:[1]>, "POST /hooks/pagerduty HTTP/1.1\r\n"..., 4096) = 900`
		write  = `7  pwrite64(5</d/mayday.db-wal>, "..01EVENT.."..., 4096, 0) = 4096`
		begin  = `7  fdatasync(5</d/mayday.db-wal> <unfinished ...>`
		end    = `7  <... fdatasync resumed>)      = 0`
		sync   = `7  fsync(5</d/mayday.db-wal>) = 0`
		other  = `7  fsync(6</d/mayday.db>) = 0`
		alien  = `7  pwrite64(5</d/mayday.db-wal>, "of another"..., 4096, 0) = 4096`
		answer = `7  write(8<socket:[1]>, "HTTP/1.1 202 Accepted\r\n"..., 150) = 150`
	)
	for name, c := range map[string]struct {
		calls []string
		good  bool
	}{
		"in order":              {[]string{read, write, sync, answer}, true},
		"in order, in two":      {[]string{read, write, begin, end, answer}, true},
		"no sync":               {[]string{read, write, answer}, false},
		"sync after the answer": {[]string{read, write, answer, sync}, false},
		"sync not over":         {[]string{read, write, begin, answer, end}, false},
		"sync before the write": {[]string{read, sync, write, answer}, false},
		"another file's sync":   {[]string{read, write, other, answer}, false},
		"another row's write":   {[]string{read, alien, sync, answer}, false},
		"before the request":    {[]string{write, sync, read, answer}, false},
		"no answer":             {[]string{read, write, sync}, false},
	} {
		if wrong := outOfOrder(c.calls, "01EVENT"); (wrong == "") != c.good {
			t.Errorf("%s: taken for good: %v", name, wrong == "")
		}
	}
}
