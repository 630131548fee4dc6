package chattest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Gate stands before a server and can refuse every connection, as a host does
// that is down, while its address stays.
type Gate struct {
	t       *testing.T
	address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	wg       sync.WaitGroup
}

// NewGate opens a gate before host:port of a server on loopback.
func NewGate(t *testing.T, target string) *Gate {
	t.Helper()
	g := &Gate{t: t, address: "127.0.0.1:0", target: target, conns: map[net.Conn]bool{}}
	g.Open()
	t.Cleanup(func() { g.Shut(); g.wg.Wait() })
	return g
}

// Address is host:port of the gate.
func (g *Gate) Address() string { return g.address }

// Open lets connections through again.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		return
	}
	l, err := net.Listen("tcp", g.address)
	if err != nil {
		g.t.Errorf("open the gate: %v", err)
		return
	}
	g.listener, g.address = l, l.Addr().String()
	g.wg.Go(func() { g.accept(l) })
}

// Shut refuses connections, and cuts those that stand.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		return
	}
	_ = g.listener.Close()
	g.listener = nil
	for c := range g.conns {
		_ = c.Close()
	}
}

func (g *Gate) accept(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		g.wg.Go(func() { g.carry(in) })
	}
}

func (g *Gate) carry(in net.Conn) {
	out, err := net.Dial("tcp", g.target)
	if err != nil {
		_ = in.Close()
		return
	}
	g.hold(in, out)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // either end may go
			_, _ = way[0].Close(), way[1].Close()
		})
	}
	both.Wait()
	g.mu.Lock()
	delete(g.conns, in)
	delete(g.conns, out)
	g.mu.Unlock()
}

func (g *Gate) hold(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		g.conns[c] = true
		if g.listener == nil {
			_ = c.Close()
		}
	}
}
