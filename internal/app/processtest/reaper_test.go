package processtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// reaper runs Mayday below a tracer that stops the whole process in every sync
// of its database: what was committed is on the disk, and nobody was told yet.
// It reads there which entries are new, and ends the process or lets it go on.
type reaper struct {
	s        *signalling
	strace   string
	copy     string                // where the database is copied to be read
	journal  map[int]*atomic.Int64 // session -> how often the server cancelled it
	armed    atomic.Bool
	normal   map[string]int // how often a run that is left in peace says a sentence
	most     int            // how often it ends the process at each
	p        *process
	watching sync.WaitGroup

	// Of the watcher of the process that runs now.
	number int64          // of the incident
	last   int64          // the last entry that was read
	log    os.FileInfo    // the log of the database, as it was read
	whose  map[string]int // step -> the session that it is about
	died   map[string]int // sentence -> how often the process ended there
	reaped *process
}

func newReaper(s *signalling, sessions int) *reaper {
	s.t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		s.t.Fatal("strace is not installed: `make test` installs it (Debian: apt-get install strace)")
	}
	r := &reaper{s: s, strace: strace, copy: filepath.Join(s.t.TempDir(), "copy.db"), most: 1,
		normal: map[string]int{}, journal: map[int]*atomic.Int64{}, whose: map[string]int{}, died: map[string]int{}}
	for range sessions {
		r.sleeper()
	}
	return r
}

// sleeper starts a session that sleeps, and sleeps again when it is cancelled.
// It counts what became of its statements: the journal of the target itself.
func (r *reaper) sleeper() {
	t := r.s.t
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	conn, err := r.s.apps.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	cancelled := &atomic.Int64{}
	r.journal[pid] = cancelled
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, err := conn.ExecContext(ctx, "SELECT pg_sleep(600)")
			if err == nil || !strings.Contains(err.Error(), "57014") {
				return // it ended with the test
			}
			if ctx.Err() == nil {
				cancelled.Add(1)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done; _ = conn.Close() })
}

// start starts Mayday until it is ready: it may end at what it writes before.
func (r *reaper) start() {
	t := r.s.t
	t.Helper()
	for {
		p := launch(t, secrets, r.strace, "-D", "-f", "-e", "trace=fsync,fdatasync",
			"-e", "inject=fsync,fdatasync:signal=SIGSTOP", "-o", os.DevNull, binary, "serve", "-c", r.s.home.file)
		r.watching.Go(func() { r.watch(p) })
		select {
		case line, ok := <-p.first:
			if ok {
				r.s.home.aim(line)
				r.p, r.s.p = p, p
				return
			}
		case <-time.After(patience):
			t.Fatalf("it was not ready after %s; it said:\n%s", patience, p.said())
		}
		p.wait(patience)
		r.watching.Wait()
		if r.reaped != p {
			t.Fatalf("it ended by itself with code %d; it said:\n%s", p.code, p.said())
		}
	}
}

// revive starts Mayday again when it was ended.
func (r *reaper) revive() {
	r.s.t.Helper()
	select {
	case <-r.p.done:
		r.watching.Wait()
		r.start()
	default:
	}
}

// watch decides at every stop of a process, until that has ended.
func (r *reaper) watch(p *process) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var hold *signalHold
	var sent *atomic.Int64
	for {
		select {
		case <-p.done:
			return
		case <-tick.C:
		}
		if hold != nil && sent.Load() > 0 {
			r.reap(p)
			hold.free()
			return
		}
		if !stopped(p.cmd.Process.Pid) {
			continue
		}
		die, session, err := r.judge()
		switch {
		case err != nil:
			continue // it was read in the middle of a change: look again
		case die && session != 0:
			hold, sent = r.s.proxy.trouble(moments[2]), r.journal[session]
		case die:
			r.reap(p)
			return
		}
		_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGCONT) // it may have ended
	}
}

func (r *reaper) reap(p *process) {
	r.reaped = p
	p.kill()
}

// judge reads the new entries. It answers whether the process shall end here, or,
// for every second session of which the signal comes next, when that session was
// cancelled and nobody has heard of it.
func (r *reaper) judge() (die bool, session int, err error) {
	log, err := os.Stat(filepath.Join(r.s.home.data, "mayday.db-wal"))
	if err != nil || !r.armed.Load() || r.log != nil && log.Size() == r.log.Size() && log.ModTime().Equal(r.log.ModTime()) {
		return false, 0, nil // there is no new commit
	}
	fresh, err := r.fresh()
	if err != nil {
		return false, 0, err
	}
	r.log = log
	for _, e := range fresh {
		r.last = e.id
		if pid := r.named(e.text); pid != 0 && e.step != "" {
			r.whose[e.step] = pid
		}
		key, most := r.due(e)
		if r.died[key] >= most {
			continue
		}
		r.died[key]++
		die = true
		if pid := r.whose[e.step]; e.text == "Kept sent." && reached(pid) {
			session = pid
		}
	}
	return die, session, nil
}

// due is under which key the deaths at an entry count, and how many there shall
// be. What a run says when it is left in peace counts for each session; what is
// only said after a death is the same for all of them, but in the soak.
func (r *reaper) due(e freshEntry) (key string, most int) {
	key = sentence(e.text)
	pid := r.whose[e.step]
	if times := r.normal[key]; times > 0 && pid == 0 {
		return key, times * r.most
	}
	if r.normal[key] > 0 || soaking() {
		key = fmt.Sprintf("%s (%d)", key, pid)
	}
	return key, r.most
}

// reached chooses every second session: its signal reaches the server before the
// process ends.
func reached(pid int) bool { return pid%2 == 1 }

// named is the session that a sentence names.
func (r *reaper) named(text string) int {
	for pid := range r.journal {
		if strings.Contains(text, "session "+strconv.Itoa(pid)+" ") {
			return pid
		}
	}
	return 0
}

// numbers and codes are what differs between two sentences that say the same.
var (
	numbers = regexp.MustCompile(`\d+`)
	codes   = regexp.MustCompile(`Code [0-9a-f]{8}`)
)

func sentence(text string) string {
	return numbers.ReplaceAllString(codes.ReplaceAllString(text, "Code"), "#")
}

type freshEntry struct {
	id         int64
	step, text string
}

// fresh reads what is committed, from a copy: the process holds the original.
func (r *reaper) fresh() (all []freshEntry, err error) {
	if err := r.snapshot(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+r.copy+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.Query("SELECT id, step, text FROM entry WHERE incident = ? AND id > ? ORDER BY id", r.number, r.last)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close(), rows.Err()) }()
	for rows.Next() {
		var e freshEntry
		if err := rows.Scan(&e.id, &e.step, &e.text); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// snapshot lays the database beside a copy of its log: what the log holds is only
// in use when the process has been told so.
func (r *reaper) snapshot() error {
	for _, tail := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(r.copy + tail); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	original := filepath.Join(r.s.home.data, "mayday.db")
	if err := os.Link(original, r.copy); err != nil {
		return err
	}
	return copyFile(r.copy+"-wal", original+"-wal")
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// stopped reports whether every thread of a process stands still.
func stopped(pid int) bool {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false
	}
	for _, task := range tasks {
		raw, err := os.ReadFile(task)
		_, rest, _ := strings.Cut(string(raw), ") ")
		if err != nil || !strings.HasPrefix(rest, "t") && !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return len(tasks) > 0
}
