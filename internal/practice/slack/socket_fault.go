package slack

import (
	"cmp"
	"slices"
	"time"
)

// befall hits the connections that are open.
func (k *sockets) befall(f Fault) {
	for _, one := range k.all() {
		k.hit(one, f)
	}
}

func (k *sockets) all() []*socket {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.open)
}

func (k *sockets) hit(one *socket, f Fault) {
	switch f.Kind {
	case CloseSocket:
		_ = one.conn.Close()
	case HalfOpen:
		k.mu.Lock()
		one.deaf = true
		for _, dl := range k.waiting {
			if dl.by == one {
				dl.setTroubled(true)
			}
		}
		k.mu.Unlock()
	case Disconnect:
		k.disconnect(one, cmp.Or(f.Reason, "refresh_requested"), f.Delay)
	}
}

// disconnect tells a connection to go, and closes it after a while.
func (k *sockets) disconnect(one *socket, reason string, after time.Duration) {
	grace := map[string]time.Duration{"warning": warningGrace, "refresh_requested": refreshGrace}[reason]
	after = cmp.Or(after, grace)
	k.send(one, object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "practice"}})
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	k.s.wait.Go(func() {
		t := time.NewTimer(after)
		defer t.Stop()
		select {
		case <-t.C:
			_ = one.conn.Close()
		case <-one.ended:
		}
	})
}

func (k *sockets) cutAll() {
	for _, one := range k.all() {
		_ = one.conn.Close()
	}
}

func (k *sockets) close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.cutAll()
}

// Sockets counts the open connections of Socket Mode.
func (s *Slack) Sockets() int { return len(s.sockets.all()) }
