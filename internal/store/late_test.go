package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// doorTime is what a door gives a delivery, and doorLimit when it has to have
// answered (P1).
const (
	doorTime  = 4500 * time.Millisecond
	doorLimit = 5 * time.Second
)

// gate stands between a store and its server. While it is shut, connections are
// made and what is sent is taken, and nobody answers: as with a server that was
// stopped (SIGSTOP), but no stopped process is left behind by a test that dies.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while it is open
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if open {
		close(g.open)
		return
	}
	g.open = make(chan struct{})
}

// copy passes on what comes, until one side ends. What was taken before the gate
// was shut is passed on when it is open again, also for a sender that is gone.
func (g *gate) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		<-open
		if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}

// gated answers the address of a database behind a gate.
func gated(t *testing.T, server *postgrestest.Server) (g *gate, address string) {
	t.Helper()
	u, err := url.Parse(server.SuperuserDSN(server.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g = &gate{open: make(chan struct{})}
	g.set(true)
	behind := u.Host
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := in.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", behind)
			if err != nil {
				_ = near.Close()
				continue
			}
			all.Go(func() { g.copy(far, near) })
			all.Go(func() { g.copy(near, far) })
		}
	})
	t.Cleanup(func() { _ = in.Close(); all.Wait() })
	u.Host = in.Addr().String()
	return g, u.String()
}

// deliver sends n bodies as doors do, a few at a time, and reports what a door
// would have answered too late or with a 2xx.
func deliver(t *testing.T, s *Store, n int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), doorTime)
			defer cancel()
			began := time.Now()
			err := receive(ctx, s, fmt.Sprint("e", i))
			if took := time.Since(began); took >= doorLimit || !fault.HasCode(err, "E26") || !fault.Is(err, fault.Unavailable) {
				t.Errorf("delivery %d: got %v after %s, want E26 in less than %s", i, err, took, doorLimit)
			}
		})
		await(t.Context(), 10*time.Millisecond)
	}
	all.Wait()
}

// again sends the bodies once more and looks whether each is there once.
func again(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		insist(t, "deliver again", func() error { return receive(t.Context(), s, fmt.Sprint("e", i)) })
	}
	bodies, wakes := count(t, s, `SELECT count(*) FROM inbox`), count(t, s, `SELECT count(*) FROM wake WHERE kind = 'inbox'`)
	if bodies != n || wakes != n {
		t.Errorf("got %d bodies and %d wake-ups of %d deliveries", bodies, wakes, n)
	}
}

// TestDoorsAnswerWhileTheServerIsSilent: each delivery has one deadline, for the
// wait until it is taken and for the statement that stores it.
func TestDoorsAnswerWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()
	g, address := gated(t, postgrestest.Shared(t))
	s := openOn(t, Options{Postgres: address})
	g.set(false)
	deliver(t, s, 40)
	g.set(true)
	again(t, s, 40)
}

// blockWriter takes the lock of the database file that every batch needs, from a
// connection of its own: what the writer takes then hangs until it is given back.
func blockWriter(t *testing.T, s *Store) (release func()) {
	t.Helper()
	other, err := openWriter(filepath.Join(s.dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		_, err := other.ExecContext(context.Background(), "ROLLBACK")
		if err := errors.Join(err, other.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestDoorsAnswerWhileTheWriterHangs: the delivery that the batch has taken as
// well as those that wait for the next one.
func TestDoorsAnswerWhileTheWriterHangs(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	release := blockWriter(t, s)
	defer release()
	deliver(t, s, 40)
	release()
	again(t, s, 40)
}

// TestACommitAfterTheAnswerIsHarmless: a door had to answer before the writer was
// done. The body is there all the same, and known when it is sent again.
func TestACommitAfterTheAnswerIsHarmless(t *testing.T) {
	s := openTemp(t)
	release := blockWriter(t, s)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	fresh, err := s.Receive(ctx, "pager", "e1", []byte("e1"))
	if fresh || !fault.HasCode(err, "E26") || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, %v, want E26 because the time was over", fresh, err)
	}
	release()
	until(t, "the late commit", func() bool { return count(t, s, `SELECT count(*) FROM inbox`) == 1 })
	if fresh, err := s.Receive(t.Context(), "pager", "e1", []byte("e1")); fresh || err != nil {
		t.Errorf("sent again: got %v, %v, want that it is known", fresh, err)
	}
}

// TestTheWaitForALaneHasAnEnd: while others hold all lanes, a renewal and a claim
// fail before a lease is over, and work when there is a lane.
func TestTheWaitForALaneHasAnEnd(t *testing.T) {
	t.Parallel()
	s := openPostgresTemp(t, postgrestest.Shared(t), Options{})
	ctx := t.Context()
	insist(t, "wake", func() error { return wakeLate(ctx, s, 1) })
	claims, err := s.Claim(ctx, []string{lateKind(1)}, 1, time.Minute)
	if err != nil || len(claims) != 1 {
		t.Fatalf("claim: got %v, %v", claims, err)
	}
	lanes := s.writer.(*transactor).calm
	for range cap(lanes) {
		lanes <- struct{}{}
	}
	var all sync.WaitGroup
	for name, write := range map[string]func() error{
		"renew": func() error { return s.Renew(ctx, claims[0], time.Minute) },
		"claim": func() error { _, err := s.Claim(ctx, []string{incident.WakeStep}, 1, time.Minute); return err },
	} {
		all.Go(func() {
			began := time.Now()
			if err := write(); !fault.HasCode(err, "E26") || time.Since(began) > calmWrite+2*time.Second {
				t.Errorf("%s: got %v after %s, want E26 after %s", name, err, time.Since(began), calmWrite)
			}
		})
	}
	all.Wait()
	for range cap(lanes) {
		<-lanes
	}
	if err := s.Renew(ctx, claims[0], time.Minute); err != nil {
		t.Errorf("renew with a lane: %v", err)
	}
}
