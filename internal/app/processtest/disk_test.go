package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayday/internal/postgrestest"
)

// disk is a small one in memory, in a mount namespace of its own, so that it is
// gone with the test however that ends.
type disk struct {
	t      testing.TB
	holder *process
	path   string // as it is seen from outside
}

// mount puts a disk of so many MiB on a directory, for those who are within.
func mount(t testing.TB, dir string, size int) *disk {
	t.Helper()
	args := []string{"-m", "sh", "-c", `mount -t tmpfs -o mode=700,size="$2"m tmpfs "$1" && echo mounted && exec sleep infinity`, "sh", dir, strconv.Itoa(size)}
	if os.Geteuid() != 0 {
		args = append([]string{"-r"}, args...)
	}
	d := &disk{t: t, holder: launch(t, nil, "unshare", args...)}
	if line := d.holder.line(); line != "mounted\n" {
		t.Fatalf("mount a small disk: %q, %s", line, d.holder.said())
	}
	d.path = filepath.Join("/proc", strconv.Itoa(d.holder.cmd.Process.Pid), "root", dir)
	return d
}

// within is the command that starts others on the disk.
func (d *disk) within() []string {
	enter := []string{"nsenter", "-m", "-t", strconv.Itoa(d.holder.cmd.Process.Pid)}
	if os.Geteuid() != 0 {
		enter = append(enter, "-U", "--preserve-credentials")
	}
	return append(enter, "--")
}

// leave fills the disk until so many bytes are free.
func (d *disk) leave(free int64) {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.path, "filler"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatalf("fill the disk: %v", err)
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 64<<10)
	for d.free() > free {
		if _, err := f.Write(block[:max(min(int64(len(block)), d.free()-free), 1)]); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			d.t.Fatalf("fill the disk: %v", err)
		}
	}
}

func (d *disk) free() int64 {
	d.t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.path, &st); err != nil {
		d.t.Fatalf("look at the disk: %v", err)
	}
	return int64(st.Bavail) * st.Bsize //nolint:unconvert // the types are others elsewhere
}

// clear gives the room back.
func (d *disk) clear() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.path, "filler")); err != nil {
		d.t.Fatalf("free the disk: %v", err)
	}
}

// TestAFullDisk: below 100 MiB acts are refused and deliveries are taken; with
// nothing left deliveries are 202 or 503 and never anything else, the process
// stays, and starts; ten seconds after there is room all is as before.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	sender := newSender(t)
	s := newSignalling(t, postgrestest.Start(t), "cancel")
	s.p.kill()
	h := s.home
	h.configure(read(t, h.file) + "pagerduty: {webhook_secret: env:PD_FIRST}\nservices: {checkout: {pagerduty: PCHECK, group: key}}\n")
	d := mount(t, h.data, 192)
	h.within = d.within()
	s.p = h.serve()
	h.deliver(sender.sample("incident.triggered", "QROOM"))
	h.opened("QROOM")
	id := *h.say("", "open sessions hang").Incident
	s.preview(id, s.sleep())
	start := s.button(id, "start")

	d.leave(60 << 20)
	h.deliver(sender.sample("incident.triggered", "QLITTLE"))
	h.opened("QLITTLE")
	before := s.effects()
	press := func() (int, replyJSON) {
		return h.post("buttons/"+start, map[string]any{"input": map[string]any{"phrase": "db"}})
	}
	if status, reply := press(); status != http.StatusServiceUnavailable || reply.Error == nil || reply.Error.Code != "E26" {
		t.Errorf("a step is answered %d %+v, want 503 and E26", status, reply)
	}

	d.leave(0)
	letters := flood(t, h, d, sender, "FIRST")
	h.pid.kill()
	s.p = h.serve() // with nothing left
	letters = append(letters, flood(t, h, d, sender, "SECOND")...)
	if n := s.effects() - before; n != 0 {
		t.Errorf("%d acts were made on a full disk", n)
	}

	d.clear()
	recovers(t, h, letters)
	if status, reply := press(); status != http.StatusOK {
		t.Errorf("a step with room is answered %d %+v", status, reply)
	}
	eventually(t, patience, func() string { return unless(s.effects()-before == 1, "there are %d effects", s.effects()-before) })
}

// flood delivers until the disk has no room for more, and some more. It answers
// everything that it sent.
func flood(t *testing.T, h *home, d *disk, s *sender, name string) (letters []*letter) {
	t.Helper()
	turned := 0
	for n := 0; turned < 20; n++ {
		if n > 2000 {
			t.Fatalf("a full disk takes everything; %d bytes are free", d.free())
		}
		l := &letter{key: fmt.Sprintf("Q%s%d", name, n)}
		l.body = s.sample("incident.triggered", l.key, set("description", strings.Repeat("x", 100_000)))
		status, err := h.knock(mac(firstSecret, l.body), l.body)
		switch {
		case err != nil || status != http.StatusAccepted && status != http.StatusServiceUnavailable:
			t.Fatalf("delivery %d is answered %d (%v), want 202 or 503", n, status, err)
		case status == http.StatusServiceUnavailable:
			turned++
		}
		l.acked = status == http.StatusAccepted
		letters = append(letters, l)
		d.leave(0)
	}
	return letters
}

// recovers waits until deliveries are taken, sends again what was not, and looks
// for each once.
func recovers(t *testing.T, h *home, letters []*letter) {
	t.Helper()
	eventually(t, 10*time.Second, func() string {
		for _, l := range letters {
			if l.acked {
				continue
			}
			if status, err := h.knock(mac(firstSecret, l.body), l.body); err != nil || status != http.StatusAccepted {
				return missing("a delivery is answered %d (%v)", status, err)
			}
			l.acked = true
		}
		status, body, err := h.request(http.MethodGet, "/readyz", nil)
		return unless(err == nil && status == http.StatusOK, "/readyz is answered %d (%v): %s", status, err, body)
	})
	eventually(t, backlog(len(letters)), func() string {
		count := map[string]int{}
		for _, i := range h.incidents() {
			if i.Source != nil {
				count[i.Source.ID]++
			}
		}
		for _, l := range letters {
			if count[l.key] != 1 {
				return missing("%s has %d incidents", l.key, count[l.key])
			}
		}
		return ""
	})
	if said := h.pid.said(); strings.Contains(said, "panic") {
		t.Errorf("it said:\n%s", said)
	}
}

// TestADiskThatFailsToSync: while every sync fails, deliveries are 503 and nothing
// is promised; when syncs work again, all is as before.
func TestADiskThatFailsToSync(t *testing.T) {
	t.Parallel()
	h, s := newHome(t, tenLines), newSender(t)
	p := h.serve()
	h.deliver(s.sample("incident.triggered", "QBEFORE"))
	id := h.opened("QBEFORE").ID
	repair := failSyncs(t, p)
	var letters []*letter
	for n := range 12 {
		l := &letter{key: fmt.Sprint("QSYNC", n)}
		l.body = s.sample("incident.triggered", l.key)
		if status, err := h.knock(mac(firstSecret, l.body), l.body); err != nil || status != http.StatusServiceUnavailable {
			t.Errorf("delivery %d is answered %d (%v), want 503", n, status, err)
		}
		letters = append(letters, l)
	}
	if status, reply := h.post("commands", map[string]string{"text": "note is anybody there", "incident": id}); status != 503 || reply.Error.Code != "E26" {
		t.Errorf("a command is answered %d %+v, want 503 and E26", status, reply.Error)
	}
	if status, _, err := h.request(http.MethodGet, "/readyz", nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("/readyz is answered %d (%v), want 503", status, err)
	}
	repair()
	recovers(t, h, letters)
	if all := texts(h.timeline(id)); strings.Contains(all, "is anybody there") {
		t.Errorf("a note that was refused is there:\n%s", all)
	}
	p.kill()
	h.serve()
	recovers(t, h, letters)
}

// failSyncs makes every sync of a process fail with EIO until repair is called.
func failSyncs(t *testing.T, p *process) (repair func()) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is not installed: `make test` installs it (Debian: apt-get install strace)")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	tracer := launch(t, nil, strace, "-f", "-p", strconv.Itoa(p.cmd.Process.Pid), "-o", trace,
		"-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO")
	eventually(t, patience, func() string { // the loop notes every two seconds that it is alive
		raw, err := os.ReadFile(trace)
		return unless(err == nil && bytes.Contains(raw, []byte("(INJECTED)")), "nothing failed yet (%v); strace said: %s", err, tracer.said())
	})
	return func() {
		tracer.term()
		tracer.wait(patience)
	}
}
