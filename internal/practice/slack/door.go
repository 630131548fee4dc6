package slack

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"mayday/internal/practice"
)

// door is a listener that can refuse connections for a while.
type door struct {
	address net.Addr

	mu     sync.Mutex
	inner  net.Listener // nil while it is shut
	opened chan struct{}
	closed bool
	conns  map[net.Conn]struct{}
}

func newDoor(l net.Listener) *door {
	return &door{address: l.Addr(), inner: l, opened: make(chan struct{}), conns: map[net.Conn]struct{}{}}
}

// Addr is the same for ever.
func (d *door) Addr() net.Addr { return d.address }

// Accept waits while the door is shut.
func (d *door) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		inner, opened, closed := d.inner, d.opened, d.closed
		d.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		if inner == nil {
			<-opened
			continue
		}
		c, err := inner.Accept()
		if err == nil {
			return c, nil
		}
		d.mu.Lock()
		shut := d.inner != inner || d.closed
		d.mu.Unlock()
		if !shut {
			return nil, err
		}
	}
}

// Close shuts it for good.
func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if d.inner == nil {
		close(d.opened)
		return nil
	}
	return d.inner.Close()
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.inner == nil {
		return
	}
	_ = d.inner.Close()
	d.inner = nil
	d.opened = make(chan struct{})
	for c := range d.conns {
		_ = c.Close()
	}
}

const reopenTime = 5 * time.Second

// open listens on the old address again. Somebody's outgoing connection may have
// borrowed the port for a moment, so it is tried for a while.
func (d *door) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errors.New("the practice Slack was closed")
	}
	if d.inner != nil {
		return nil
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for over := time.Now().Add(reopenTime); ; <-tick.C {
		l, err := practice.Listen(d.address.String())
		if err == nil {
			d.inner = l
			close(d.opened)
			return nil
		}
		if time.Now().After(over) {
			return fmt.Errorf("open the door again: %w", err)
		}
	}
}

// state follows the connections, so that they can be cut.
func (d *door) state(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(d.conns, c)
		return
	}
	d.conns[c] = struct{}{}
	if d.inner == nil {
		_ = c.Close() // it slipped in while the door was shut
	}
}
