package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

func TestUnreachableIsProvenAndTellsNoAddress(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.sleeper("app", "api")
	row := s.row(c)
	p := s.mustPlan(terminateName, row)
	closed := s.server.Port()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	word := canary()
	for want, dsn := range map[string]string{
		"connection refused":              fmt.Sprintf("postgres://u%[1]s:p%[1]s@127.0.0.1:%[2]d/d%[1]s?sslmode=disable", word, free),
		"the server refused the password": fmt.Sprintf("postgres://u%[1]s:p%[1]s@127.0.0.1:%[2]d/d%[1]s?sslmode=disable", word, closed),
		"the database does not exist":     strings.Replace(s.server.SuperuserDSN("x"+word), "sslmode", "options=-cgeqo%3doff&sslmode", 1),
		"its host name is not known":      fmt.Sprintf("postgres://u%[1]s:p%[1]s@h%[1]s.invalid/d%[1]s", word),
		"holds is no Postgres address":    fmt.Sprintf("postgres://u%[1]s:p%[1]s@127.0.0.1:x%[1]s/d%[1]s", word),
		"no server listens there":         fmt.Sprintf("host=/nowhere/%[1]s user=u%[1]s password=p%[1]s dbname=d%[1]s", word),
		"cannot be read from env:":        "",
	} {
		t.Run(want, func(t *testing.T) {
			inner := &stage{t: t, log: &bytes.Buffer{}}
			inner.open(dsn, "")
			inner.unreachable(want, word, row, p)
		})
	}
	if !c.stillRuns() {
		t.Error("the session was ended")
	}
}

func (s *stage) unreachable(want, secret string, row integrations.Row, p integrations.Plan) {
	s.t.Helper()
	_, lookErr := s.action(listName).Look(s.t.Context(), integrations.Args{"on": "shop"})
	_, planErr := s.plan(terminateName, row)
	_, applyErr := s.apply(p)
	_, probeErr := s.action(terminateName).Probe(s.t.Context(), p, nil)
	for _, err := range []error{lookErr, planErr, applyErr, probeErr} {
		r, ok := integrations.AsRejected(err)
		if !ok || r.Code != "E5" || !strings.Contains(r.Why, "I can't reach shop") || !strings.Contains(r.Why, want) {
			s.t.Errorf("got %v, want E5 with %q", err, want)
			continue
		}
		encoded, _ := json.Marshal(r)
		if text := fmt.Sprintf("%v %+v %#v %v %s", err, r, r, r.Err, encoded); strings.Contains(text, secret) || strings.Contains(text, "127.0.0.1") {
			s.t.Errorf("the address is told: %s", text)
		}
	}
	if text := s.doctor() + s.log.String(); strings.Contains(text, secret) || !strings.Contains(text, want) {
		s.t.Errorf("doctor: got %q, want %q and no address", text, want)
	}
}

// proxy stands between Mayday and the server. When it sees the signalling
// statement it passes it on and gives no answer back.
type proxy struct {
	listener net.Listener
	to       string
	cut      bool // close the connection; otherwise just be silent
}

func (s *stage) behindProxy(cut bool) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	p := &proxy{listener: l, to: fmt.Sprintf("127.0.0.1:%d", s.server.Port()), cut: cut}
	done := make(chan struct{})
	go func() { defer close(done); p.serve() }()
	s.t.Cleanup(func() { _ = l.Close(); <-done })
	dsn := s.server.DSN(s.db, "mayday_ops", s.passwords["mayday_ops"])
	s.open(strings.Replace(dsn, p.to, l.Addr().String(), 1), "")
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		go p.pass(client, server)
	}
}

func (p *proxy) pass(client, server net.Conn) {
	defer server.Close()
	defer client.Close()
	answers := make(chan struct{})
	quiet := make(chan struct{})
	go func() {
		defer close(answers)
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			select {
			case <-quiet:
				return
			default:
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		signal := bytes.Contains(buf[:n], []byte("pg_terminate_backend"))
		if signal {
			close(quiet)
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
		if signal {
			<-answers // the server has executed it
			if !p.cut {
				_, _ = io.Copy(io.Discard, client)
			}
			return
		}
	}
}

func TestNoAnswerAfterTheSignalProvesNothing(t *testing.T) {
	for name, cut := range map[string]bool{"reset": true, "silence": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, byGrants)
			s.behindProxy(cut)
			c, other := s.sleeper("app", "api"), s.sleeper("app", "api")
			p := s.mustPlan(terminateName, s.row(c))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := s.action(terminateName).Apply(ctx, p, func(string, string) error { return nil })
			if err == nil || isDefinite(err) {
				t.Errorf("got %v, want an error that leaves it open", err)
			}
			if strings.Contains(fmt.Sprintf("%v %#v", err, err)+s.log.String(), "127.0.0.1") {
				t.Errorf("the address is told: %v %s", err, s.log)
			}
			if c.wait() == nil || !other.stillRuns() {
				t.Error("want that the signal arrived, once, at this session")
			}
			s.eventually("the probe sees it gone", func() bool { return s.probe(p).Applied == incident.Yes })
		})
	}
}

// A stopped process cannot take a signal: it stays.
func TestASessionThatDoesNotGo(t *testing.T) {
	for _, action := range []string{terminateName, cancelName} {
		t.Run(action, func(t *testing.T) {
			s := newStage(t, byGrants)
			c := s.sleeper("app", "api")
			p := s.mustPlan(action, s.row(c))
			if err := syscall.Kill(c.pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(c.pid, syscall.SIGCONT)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			kept := integrations.Kept{}
			r, err := s.action(action).Apply(ctx, p, func(key, value string) error { kept[key] = value; return nil })
			if err != nil || !strings.HasPrefix(r.Text, "signal sent, session ") || !strings.Contains(r.Text, " still ") || r.Values["effect"] != effectPending {
				t.Errorf("got %+v, %v; want that the signal was sent and it is still there", r, err)
			}
			if e := s.probeKept(p, kept); e.Applied != incident.Unknown || e.Settled || !strings.Contains(e.Text, "the signal may have been sent") {
				t.Errorf("probe: got %+v, want that it cannot tell", e)
			}
			if e := s.probe(p); e.Applied != incident.No || !strings.Contains(e.Text, "no signal was sent") {
				t.Errorf("probe of an attempt that kept nothing: got %+v, want not applied", e)
			}
		})
	}
}

// The answer is lost and the session takes its time: a second look must not say
// that nothing was done.
func TestNoAnswerAndTheSessionIsSlowToGo(t *testing.T) {
	s := newStage(t, byGrants)
	s.behindProxy(true)
	c := s.sleeper("app", "api")
	p := s.mustPlan(terminateName, s.row(c))
	if err := syscall.Kill(c.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(c.pid, syscall.SIGCONT)
	kept := integrations.Kept{}
	if _, err := s.action(terminateName).Apply(t.Context(), p, func(key, value string) error { kept[key] = value; return nil }); err == nil || isDefinite(err) {
		t.Errorf("got %v, want an error that leaves it open", err)
	}
	if e := s.probeKept(p, kept); e.Applied != incident.Unknown || e.Settled || !strings.Contains(e.Text, "is still there, in the same transaction (active)") {
		t.Errorf("probe: got %+v, want that it cannot tell", e)
	}
	if err := syscall.Kill(c.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if c.wait() == nil {
		t.Error("the query ended well, want that its session was ended")
	}
	s.eventually("the probe sees it gone", func() bool { return s.probeKept(p, kept).Applied == incident.Yes })
}

func TestARotatedPasswordIsTakenWithoutARestart(t *testing.T) {
	s := newStage(t, byGrants)
	c := s.sleeper("app", "api")
	p := s.mustPlan(terminateName, s.row(c))
	s.server.Exec(t, s.db, "ALTER ROLE mayday_ops PASSWORD 'rotated'")
	if _, err := s.apply(p); err == nil || !strings.Contains(err.Error(), "the server refused the password") {
		t.Errorf("got %v, want a refused password", err)
	}
	t.Setenv("SHOP_DSN", s.server.DSN(s.db, "mayday_ops", "rotated"))
	s.mustApply(p)
}

func TestAGuestTakesFewConnections(t *testing.T) {
	s := newStage(t, byGrants)
	done := make(chan error)
	for range 12 {
		go func() {
			_, err := s.action(listName).Look(t.Context(), integrations.Args{"on": "shop"})
			done <- err
		}()
	}
	for range 12 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := s.server.Superuser(t).QueryRow("SELECT count(*) FROM pg_stat_activity WHERE usename = 'mayday_ops' AND application_name = 'mayday'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n < 1 || n > poolSize {
		t.Errorf("got %d connections, want 1 to %d", n, poolSize)
	}
	s.parts.Close()
	if _, err := s.action(listName).Look(t.Context(), integrations.Args{"on": "shop"}); err == nil {
		t.Error("a closed integration still answers")
	}
}
