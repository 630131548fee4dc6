package slack

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	socketsMost  = 10
	ackMost      = 20 << 10
	writeTime    = 5 * time.Second
	reachTime    = 3 * time.Second
	warningGrace = 10 * time.Second
	refreshGrace = 2 * time.Second
)

// sockets are the connections of Socket Mode.
type sockets struct {
	s *Slack

	mu      sync.Mutex
	open    []*socket
	tickets map[string]bool
	waiting map[string]*delivery // by envelope
	next    int
	changed chan struct{} // closed when one opens
	closed  bool
}

// socket is one connection.
type socket struct {
	conn  *websocket.Conn
	write sync.Mutex
	ready bool // was greeted; under sockets.mu
	deaf  bool // under sockets.mu
	ended chan struct{}
}

func newSockets(s *Slack) *sockets {
	return &sockets{s: s, tickets: map[string]bool{}, waiting: map[string]*delivery{}, changed: make(chan struct{})}
}

func (k *sockets) ticket() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.open) >= socketsMost {
		return ""
	}
	t := k.s.secret()
	k.tickets[t] = true
	return t
}

func (k *sockets) redeem(ticket string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	good := k.tickets[ticket]
	delete(k.tickets, ticket)
	return good
}

// serve holds a connection until it ends.
func (k *sockets) serve(conn *websocket.Conn, host string) {
	one := &socket{conn: conn, ended: make(chan struct{})}
	n := k.join(one)
	if n == 0 {
		_ = conn.Close()
		return
	}
	k.s.log.Info("a socket was opened", "connections", n)
	k.send(one, object{
		"type": "hello", "num_connections": n, "connection_info": object{"app_id": App},
		"debug_info": object{"host": host, "started": k.s.now().UTC().Format(time.RFC3339), "build_number": 1, "approximate_connection_time": 18060},
	})
	k.admit(one)
	for _, f := range k.s.script.socketFaults() {
		k.hit(one, f)
	}
	var beat sync.WaitGroup
	beat.Go(func() { k.beat(one) })
	k.read(one)
	k.leave(one)
	beat.Wait()
}

// join counts a connection in; 0 when the server is closed.
func (k *sockets) join(one *socket) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return 0
	}
	k.s.wait.Add(1)
	k.open = append(k.open, one)
	return len(k.open)
}

// admit makes a connection one that deliveries go to.
func (k *sockets) admit(one *socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one.ready = true
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *sockets) leave(one *socket) {
	_ = one.conn.Close()
	close(one.ended)
	k.mu.Lock()
	k.open = slices.DeleteFunc(k.open, func(x *socket) bool { return x == one })
	var lost []*delivery
	for id, dl := range k.waiting {
		if dl.by == one {
			lost = append(lost, dl)
			delete(k.waiting, id)
		}
	}
	k.mu.Unlock()
	for _, dl := range lost {
		dl.fail("the socket was closed")
	}
	k.s.wait.Done()
}

func (k *sockets) send(one *socket, v any) {
	one.write.Lock()
	defer one.write.Unlock()
	_ = one.conn.SetWriteDeadline(time.Now().Add(writeTime))
	_ = one.conn.WriteMessage(websocket.TextMessage, encode(v)) // reading tells when it is gone
}

// beat pings until the connection ends.
func (k *sockets) beat(one *socket) {
	t := time.NewTicker(k.s.o.Ping)
	defer t.Stop()
	ping := func() {
		if !k.isDeaf(one) {
			_ = one.conn.WriteControl(websocket.PingMessage, []byte("Ping from the practice range"), time.Now().Add(writeTime))
		}
	}
	for ping(); ; ping() {
		select {
		case <-t.C:
		case <-one.ended:
			return
		}
	}
}

func (k *sockets) isDeaf(one *socket) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return one.deaf
}

func (k *sockets) read(one *socket) {
	one.conn.SetPingHandler(func(data string) error {
		if k.isDeaf(one) {
			return nil
		}
		return one.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTime))
	})
	for {
		_, raw, err := one.conn.ReadMessage()
		if err != nil {
			return
		}
		if !k.isDeaf(one) {
			k.ack(raw)
		}
	}
}

// ack takes an acknowledgement.
func (k *sockets) ack(raw []byte) {
	var a struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(raw, &a) != nil || a.EnvelopeID == "" {
		k.s.audit.breach("a socket was sent %.80q, which is no acknowledgement", raw)
		return
	}
	if len(raw) >= ackMost {
		k.s.audit.breach("an acknowledgement has %d bytes: what has 20 kB is dropped", len(raw))
		return
	}
	k.mu.Lock()
	dl := k.waiting[a.EnvelopeID]
	delete(k.waiting, a.EnvelopeID)
	k.mu.Unlock()
	if dl == nil {
		return // an envelope that was given up
	}
	if len(a.Payload) > 0 && string(a.Payload) != "null" && dl.kind == "events_api" {
		k.s.audit.breach("the acknowledgement of an event has a payload")
	}
	dl.acknowledge(a.Payload)
}

// deliver sends an envelope over any connection, or answers false when none
// opened in time.
func (k *sockets) deliver(dl *delivery) bool {
	over := time.NewTimer(reachTime)
	defer over.Stop()
	for {
		one, changed := k.choose()
		if one != nil {
			k.s.renewTrigger(dl)
			k.envelope(one, dl)
			return true
		}
		select {
		case <-changed:
		case <-over.C:
			return false
		case <-k.s.done:
			return false
		}
	}
}

// choose takes the connections in turn, those that do not listen as well.
func (k *sockets) choose() (*socket, chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next++
	for n := range k.open {
		if one := k.open[(k.next+n)%len(k.open)]; one.ready {
			return one, k.changed
		}
	}
	return nil, k.changed
}

func (k *sockets) envelope(one *socket, dl *delivery) {
	k.mu.Lock()
	id := k.s.secret()
	out := object{"envelope_id": id, "payload": dl.payload, "type": dl.kind, "accepts_response_payload": dl.kind != "events_api"}
	if dl.kind == "events_api" {
		out["retry_attempt"], out["retry_reason"] = dl.retry, dl.reason
	}
	dl.by = one
	k.waiting[id] = dl
	deaf := one.deaf
	dl.setTroubled(deaf)
	k.mu.Unlock()
	if !deaf {
		k.send(one, out)
	}
}
