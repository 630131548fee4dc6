package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"mayday/bot/chat"
)

const (
	maxFrame     = 4 << 20
	writeTimeout = 5 * time.Second
)

// socket is one connection of Socket Mode.
type socket struct {
	p    *platform
	conn *websocket.Conn

	writing sync.Mutex
	once    sync.Once
	gone    chan struct{} // closed: somebody wants it to end
	ended   chan struct{} // closed when nothing runs any more
	leave   chan struct{} // a new one is wanted, this one goes on meanwhile
	why     error         // set before ended is closed
}

// envelope is what comes.
type envelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
	Reason  string          `json:"reason"`
	Retry   int             `json:"retry_attempt"`
	Answers bool            `json:"accepts_response_payload"`
}

// acknowledgement is what goes back.
type acknowledgement struct {
	ID      string `json:"envelope_id"`
	Payload any    `json:"payload,omitempty"`
}

var errDeaf = errors.New("nothing was heard on the socket, not even an answer to a ping")

func newSocket(p *platform, conn *websocket.Conn) *socket {
	k := &socket{p: p, conn: conn, gone: make(chan struct{}), ended: make(chan struct{}), leave: make(chan struct{}, 1)}
	conn.SetReadLimit(maxFrame)
	heard := func() { _ = conn.SetReadDeadline(time.Now().Add(p.pace.deaf)) }
	conn.SetPongHandler(func(string) error { heard(); return nil })
	conn.SetPingHandler(func(data string) error {
		heard()
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTimeout))
	})
	return k
}

// greet waits for the hello.
func (k *socket) greet(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = k.conn.SetReadDeadline(time.Now()) })
	defer stop()
	if err := k.conn.SetReadDeadline(time.Now().Add(k.p.pace.greeting)); err != nil {
		return fmt.Errorf("wait for the hello: %w", err)
	}
	_, raw, err := k.conn.ReadMessage()
	if err != nil {
		return fmt.Errorf("wait for the hello: %w", err)
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("wait for the hello: %w", err)
	}
	if e.Type == "disconnect" && e.Reason == "link_disabled" {
		return &stopped{why: whyDisabled}
	}
	if e.Type != "hello" {
		return fmt.Errorf("the socket began with %q", chat.Clamp(chat.Clean(e.Type), 40))
	}
	return nil
}

// run reads until the connection ends. Whatever it began has stopped when it
// returns.
func (k *socket) run(ctx context.Context) {
	defer close(k.ended)
	var all sync.WaitGroup
	defer all.Wait()
	within, stop := context.WithCancel(ctx)
	defer stop()
	all.Go(func() {
		select {
		case <-within.Done():
		case <-k.gone:
		}
		k.bye()
	})
	all.Go(func() { k.beat(within) })
	_ = k.conn.SetReadDeadline(time.Now().Add(k.p.pace.deaf))
	for {
		_, raw, err := k.conn.ReadMessage()
		if err != nil {
			k.end(ctx, err)
			return
		}
		_ = k.conn.SetReadDeadline(time.Now().Add(k.p.pace.deaf))
		if err := k.take(within, raw); err != nil {
			k.end(ctx, err)
			return
		}
	}
}

// end notes why the connection ended.
func (k *socket) end(ctx context.Context, err error) {
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		err = errDeaf
	}
	select {
	case <-k.gone: // we wanted it
		return
	default:
	}
	if ctx.Err() == nil {
		k.why = err
		k.p.log.Info("socket ended", "err", err)
	}
}

// bye says goodbye; the connection may be too broken to carry it.
func (k *socket) bye() {
	_ = k.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	_ = k.conn.Close()
}

// close ends a connection that does not run.
func (k *socket) close() {
	k.once.Do(func() { close(k.gone) })
	k.bye()
}

// wait returns when another socket is wanted: with the reason when this one broke.
func (k *socket) wait(ctx context.Context) error {
	fresh := time.NewTimer(k.p.pace.refresh/2 + rand.N(k.p.pace.refresh/2+1)) //nolint:gosec // spreads load, guards nothing
	defer fresh.Stop()
	select {
	case <-k.ended:
		if k.why == nil {
			return nil
		}
		return k.why
	case <-k.leave:
	case <-fresh.C:
	case <-ctx.Done():
	}
	return nil
}

// retire lets a socket go on for a while beside its successor, for what is under
// way on it, and ends it then.
func (k *socket) retire() {
	if k == nil {
		return
	}
	time.AfterFunc(k.p.pace.drain, func() { k.once.Do(func() { close(k.gone) }) })
}

// alive reports whether it still reads.
func (k *socket) alive() bool {
	if k == nil {
		return false
	}
	select {
	case <-k.ended:
		return false
	default:
		return true
	}
}

// beat pings. Answers, and pings of Slack's own, put off the end of patience.
func (k *socket) beat(ctx context.Context) {
	tick := time.NewTicker(k.p.pace.ping)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)) // reading tells when it is gone
		case <-k.gone:
			return
		case <-ctx.Done():
			return
		}
	}
}

// take looks at one frame. Its error ends the connection.
func (k *socket) take(ctx context.Context, raw []byte) error {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		k.p.log.Error("frame not understood", "err", err, "body", forLog(raw))
		return nil
	}
	switch {
	case e.Type == "disconnect" && e.Reason == "link_disabled":
		return &stopped{why: whyDisabled}
	case e.Type == "disconnect":
		select {
		case k.leave <- struct{}{}:
		default:
		}
	case e.ID != "":
		d := delivery{kind: e.Type, raw: e.Payload, retry: e.Retry > 0, ack: k.acker(e)}
		k.p.desk.Give(ctx, func(ctx context.Context, h chat.Handler) { k.p.serve(ctx, h, d) })
	}
	return nil
}

// acker acknowledges an envelope, once.
func (k *socket) acker(e envelope) func(any) {
	var once sync.Once
	return func(answer any) {
		once.Do(func() {
			if !e.Answers {
				answer = nil
			}
			if err := k.write(acknowledgement{ID: e.ID, Payload: answer}); err != nil {
				k.p.log.Warn("delivery not acknowledged, it will come again", "err", err)
			}
		})
	}
}

func (k *socket) write(v any) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	if err := k.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write to the socket: %w", err)
	}
	if err := k.conn.WriteJSON(v); err != nil {
		return fmt.Errorf("write to the socket: %w", err)
	}
	return nil
}
