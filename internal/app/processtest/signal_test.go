package processtest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mayday/internal/postgrestest"
)

const signalLines = `web:
  listen: 127.0.0.1:0
  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]
connect: {postgres: {db: {dsn: 'file:DSNFILE', env: staging}}}
playbooks: BOOKS
store: {path: DATA}
shutdown: 2s
log: {level: warn}
`

// TestSoakKillDuringASignal is the same for ending and for cancelling a session
// on a real Postgres, through a proxy that holds the one statement that signals,
// or its answer. What the server was asked to do is counted at the proxy.
func TestSoakKillDuringASignal(t *testing.T) {
	rounds := 20
	if soaking() {
		rounds = 100
	}
	for _, action := range []string{"cancel", "terminate"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := newSignalling(t, postgrestest.Start(t), action)
			seen := map[string]int{}
			for n := range rounds {
				seen[s.round(moments[n%len(moments)], n/len(moments)%2 == 1)]++
			}
			t.Logf("%d rounds ended %v", rounds, seen)
			if seen["UNKNOWN"] == 0 || seen["SUCCEEDED"] == 0 {
				t.Errorf("the ends came too early or too late to prove much: %v", seen)
			}
		})
	}
}

type signalling struct {
	ending
	proxy *signalProxy
	apps  *sql.DB
}

func newSignalling(t *testing.T, server *postgrestest.Server, action string) *signalling {
	t.Helper()
	db := server.Database(t)
	ops, app := "ops_"+action, "app_"+action
	opsPassword := server.CreateRole(t, ops, "pg_signal_backend", "pg_read_all_stats")
	appPassword := server.CreateRole(t, app)
	s := &signalling{proxy: newSignalProxy(t, server.Port())}
	s.apps = server.Open(t, server.DSN(db, app, appPassword))
	dsn, books := filepath.Join(t.TempDir(), "dsn"), t.TempDir()
	write(t, dsn, strings.Replace(server.DSN(db, ops, opsPassword), ":"+strconv.Itoa(server.Port()), ":"+s.proxy.port(), 1))
	write(t, filepath.Join(books, "hit.yaml"), "name: hit\nsay: Signal one session\nsteps:\n  - pg.list_queries: {on: db, older_than: 1s}\n    id: found\n    pick: one\n  - pg."+
		action+": {on: db, session: $found.picked}\n")
	h := newHome(t, strings.NewReplacer("DSNFILE", dsn, "BOOKS", books).Replace(signalLines))
	s.ending = ending{t: t, home: h, effects: func() int { return int(s.proxy.asked.Load()) }}
	s.p = h.serve()
	return s
}

// sleep starts a session that sleeps until the test ends.
func (s *signalling) sleep() int {
	s.t.Helper()
	pid, _ := s.sleeper()
	return pid
}

// sleeper starts a session that sleeps, and sleeps again when it is cancelled,
// until it is woken or the test ends.
func (s *signalling) sleeper() (pid int, wake func()) {
	s.t.Helper()
	conn, err := s.apps.Conn(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := conn.QueryRowContext(context.Background(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil && conn.PingContext(ctx) == nil {
			_, _ = conn.ExecContext(ctx, "SELECT pg_sleep(600)") // it ends by a signal or with the test
		}
	}()
	wake = sync.OnceFunc(func() {
		stop()
		<-done
		_ = conn.Close() // what was cancelled is broken
	})
	s.t.Cleanup(wake)
	return pid, wake
}

func (s *signalling) round(moment string, gently bool) string {
	s.t.Helper()
	pid, wake := s.sleeper()
	defer wake() // a list offers a few sessions, the oldest first
	before := s.effects()
	id := *s.home.say("", "open sessions hang").Incident
	step := s.preview(id, pid)
	at := s.proxy.trouble(moment)
	s.home.post("buttons/"+s.button(id, "start"), map[string]any{"input": map[string]any{"phrase": "db"}})
	s.reach(moment, step, at)
	s.end(gently)
	at.free()
	state := s.rests(step)
	s.atMostOnce(moment, state, before)
	s.restarts(moment, step, before)
	return state
}

// preview looks until the session is old enough to be offered, picks it and
// answers the step that waits for a press.
func (s *signalling) preview(id string, pid int) string {
	s.t.Helper()
	value := strconv.Itoa(pid)
	s.sleeps(pid)
	s.home.say(id, "run hit")
	if status, reply := s.home.post("buttons/"+s.button(id, "pick"), map[string]any{"input": map[string]any{"pick": value}}); status != 200 {
		s.t.Fatalf("the pick of %s is answered %d: %+v", value, status, reply)
	}
	s.button(id, "start")
	var inc struct{ Steps []struct{ ID string } }
	s.home.get("incidents/"+id, &inc)
	if len(inc.Steps) == 0 {
		s.t.Fatalf("%s shows no step", id)
	}
	return inc.Steps[len(inc.Steps)-1].ID
}

func (s *signalling) reach(moment, step string, at *signalHold) {
	s.t.Helper()
	want := map[string]string{"answered": "SUCCEEDED", "answer dropped": "UNKNOWN"}[moment]
	eventually(s.t, patience, func() string {
		select {
		case <-at.reached:
			return ""
		default:
		}
		switch state := s.step(step).State; {
		case moment == "before it leaves" || want == state:
			return ""
		default:
			return "the step is " + state
		}
	})
}

// sleeps waits until a session sleeps for more than a second.
func (s *signalling) sleeps(pid int) {
	s.t.Helper()
	eventually(s.t, patience, func() string {
		var old bool
		err := s.apps.QueryRow("SELECT query_start < now() - interval '1200 milliseconds' AND state = 'active' FROM pg_stat_activity WHERE pid = $1", pid).Scan(&old)
		if err != nil || !old {
			return fmt.Sprintf("session %d does not sleep yet: %v", pid, err)
		}
		return ""
	})
}

// signalHold is trouble for the next statement that signals.
type signalHold struct {
	moment  string
	reached chan struct{}
	release chan struct{}
	once    sync.Once
}

func (h *signalHold) free() { h.once.Do(func() { close(h.release) }) }

// signalProxy stands between Mayday and Postgres.
type signalProxy struct {
	listener net.Listener
	server   string
	asked    atomic.Int64 // signals that reached the server
	mu       sync.Mutex
	hold     *signalHold
	wg       sync.WaitGroup
}

func newSignalProxy(t *testing.T, port int) *signalProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &signalProxy{listener: l, server: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *signalProxy) port() string { return strconv.Itoa(p.listener.Addr().(*net.TCPAddr).Port) }

func (p *signalProxy) trouble(moment string) *signalHold {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := &signalHold{moment: moment, reached: make(chan struct{}), release: make(chan struct{})}
	if moment == moments[1] || moment == moments[2] || moment == moments[4] {
		p.hold = h
	}
	return h
}

func (p *signalProxy) take() *signalHold {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hold
	p.hold = nil
	return h
}

func (p *signalProxy) accept() {
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
		silent := make(chan *signalHold, 1)
		p.wg.Go(func() { p.forth(client, server, silent) })
		p.wg.Go(func() { p.back(client, server, silent) })
	}
}

// forth passes requests on. The statement that signals is the one that meets the
// trouble; one that is held reaches the server even when its sender has died.
func (p *signalProxy) forth(client, server net.Conn, silent chan<- *signalHold) {
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if n > 0 && bytes.Contains(buf[:n], []byte("_backend(a.pid)")) {
			if h := p.take(); h != nil {
				if h.moment != moments[1] {
					silent <- h // before it is asked, so that no answer slips through
				}
				close(h.reached)
				if h.moment == moments[1] {
					<-h.release
				}
			}
			p.asked.Add(1)
		}
		if n > 0 {
			if _, werr := server.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// back passes answers on, until one is to be held or dropped.
func (p *signalProxy) back(client, server net.Conn, silent <-chan *signalHold) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		select {
		case h := <-silent:
			if h.moment == moments[4] {
				return // dropped
			}
			<-h.release
		default:
		}
		if n > 0 {
			if _, werr := client.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
