package app

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// actProxy passes everything on, but holds the reply to the first statement that
// signals a session until it is told to let go.
type actProxy struct {
	listener net.Listener
	server   string
	held     chan struct{} // closed when a signal was sent and its reply is held
	release  chan struct{}
	once     sync.Once
	let      sync.Once
	wg       sync.WaitGroup
}

func newActProxy(t *testing.T, server *postgrestest.Server) *actProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &actProxy{listener: l, server: net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port())), held: make(chan struct{}), release: make(chan struct{})}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		p.letGo()
		_ = l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *actProxy) address() string { return p.listener.Addr().String() }
func (p *actProxy) letGo()          { p.let.Do(func() { close(p.release) }) }

func (p *actProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		hold := make(chan struct{})
		p.wg.Go(func() { p.forth(server, client, hold) })
		p.wg.Go(func() { p.back(client, server, hold) })
	}
}

// forth passes requests on, and closes hold before the one that signals.
func (p *actProxy) forth(server, client net.Conn, hold chan struct{}) {
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if bytes.Contains(buf[:n], []byte("pg_cancel_backend(")) {
			p.once.Do(func() { close(hold); close(p.held) })
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (p *actProxy) back(client, server net.Conn, hold chan struct{}) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		select {
		case <-hold:
			<-p.release
		default:
		}
		if _, werr := client.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// hang starts an act whose reply does not come, and waits until it has its
// effect. STARTING must be on record by then.
func (s *actStage) hang(p *actProxy, c *client) {
	s.t.Helper()
	preview := s.cancelPreview(c)
	if m := s.answer(s.pressing("ana", buttonOf(preview, "start").ID)); m.Code != "" {
		s.t.Fatalf("start: %s", m.Text)
	}
	if s.manual {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		app := s.app
		go func() { defer close(done); _ = app.Drain(ctx) }()
		s.t.Cleanup(func() { p.letGo(); cancel(); <-done })
	}
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	select {
	case <-p.held:
	case <-deadline.C:
		s.t.Fatalf("nothing was sent:\n%s", texts(s.thread()))
	}
	child := s.inc().Step(s.step().Children[0])
	s.wantState(child, incident.Starting)
	if err := c.wait(); err == nil {
		s.t.Fatal("the query was not cancelled")
	}
}

// killedInAct is a process that dies while its act is under way: another one on
// the same data says that nobody knows, and never does it again.
func killedInAct(t *testing.T, server *postgrestest.Server) {
	p := newActProxy(t, server)
	s := newActStage(t, server, actOptions{proxy: p})
	c := s.sleeper("app", "report")
	s.hang(p, c)
	dead := s.step()
	c.start("SELECT pg_sleep(600)") // its client asks again
	s.old(c)
	after := s.afterDeath()
	after.wantState(dead, incident.UnknownOutcome)
	after.wantState(after.inc().Step(dead.Children[0]), incident.UnknownOutcome)
	m := after.unknown()
	for _, one := range after.thread() {
		if one.Kind == "run" && verbsOf(one) != "stop" {
			t.Errorf("the card of the run offers %s", verbsOf(one))
		}
	}
	entries := len(after.timeline())
	after.press("ana", "look")
	after.wantState(dead, incident.UnknownOutcome)
	if ev := after.inc().Step(dead.ID).Evidence; ev == nil || len(after.timeline()) == entries {
		t.Error("looking again left no evidence")
	}
	worked := buttonOf(m, "worked").ID
	after.wants("the answer", after.press("li", "not_worked").Text, "Noted")
	after.wantState(dead, incident.FailedProven)
	after.wantState(after.inc().Step(dead.Children[0]), incident.FailedProven)
	after.wantRun(incident.RunPaused)
	if m := after.pressID("ana", worked); m.Code != "E22" {
		t.Errorf("settling it twice is answered (%s) %s", m.Code, m.Text)
	}
	after.restart()
	after.wants("the result", after.message(after.stepKey()).Text, "did not work", "Li looked")
	after.wantSession(c, "active") // nothing was done again
	after.press("ana", "again")
	after.wants("the refusal", texts(after.thread()), "runs another transaction")
	after.wantSession(c, "active")
	after.whole()
}

// afterDeath is the next process, on the data as the dead one left it.
func (s *actStage) afterDeath() *actStage {
	s.t.Helper()
	next := &actStage{t: s.t, server: s.server, db: s.db, super: s.super, roles: s.roles, words: s.words, dir: s.dir, text: s.text, env: s.env,
		data: filepath.Join(s.dir, "after"), manual: true, log: &syncBuffer{}, seen: s.seen, now: s.clock().Add(20 * time.Second)}
	if err := os.Mkdir(next.data, 0o700); err != nil {
		s.t.Fatal(err)
	}
	files, err := os.ReadDir(s.data)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		if !f.Type().IsRegular() || strings.HasSuffix(f.Name(), "-shm") {
			continue
		}
		copyFile(s.t, filepath.Join(s.data, f.Name()), filepath.Join(next.data, f.Name()))
	}
	next.start()
	s.t.Cleanup(next.stop)
	return next
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// unknown checks the message of an act whose result nobody knows.
func (s *actStage) unknown() chat.Message {
	s.t.Helper()
	m := s.message(s.stepKey())
	s.wants("the result", m.Text, "? Cancel the query", "I do not know whether it worked", "Now: ", "It may have worked. Do not start it twice.")
	if got := verbsOf(m); got != "look worked not_worked" {
		s.t.Errorf("the buttons are %s", got)
	}
	s.wantRun(incident.RunPaused)
	return m
}

// stoppedInAct is a process that is told to stop meanwhile: it says so itself.
func stoppedInAct(t *testing.T, server *postgrestest.Server) {
	p := newActProxy(t, server)
	s := newActStage(t, server, actOptions{proxy: p, loop: true})
	c := s.sleeper("app", "report")
	s.hang(p, c)
	dead := s.step()
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	s.start()
	s.eventually("it is unknown", func() bool { return s.inc().Step(dead.ID).State == incident.UnknownOutcome })
	s.eventually("the message says so", func() bool { return strings.Contains(s.message(s.stepKey()).Text, "I do not know") })
	s.unknown()
	s.press("ana", "worked")
	s.wantState(dead, incident.Succeeded)
	s.eventually("the run goes on", func() bool { return s.run().State != incident.RunPaused })
	s.whole()
}
