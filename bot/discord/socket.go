package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"mayday/bot/chat"
)

// What is sent over the gateway, and what comes.
const (
	opDispatch  = 0
	opBeat      = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
	opAck       = 11
)

const (
	// closeKeep is any code that leaves the session alive: 1000 and 1001 end it.
	closeKeep    = 4000
	maxFrame     = 8 << 20
	writeTimeout = 5 * time.Second
	maxInterval  = 10 * time.Minute
)

// socket is one connection to the gateway.
type socket struct {
	p       *platform
	conn    *websocket.Conn
	session *session
	token   string
	ready   bool

	writing sync.Mutex
	seq     atomic.Int64
	acked   atomic.Bool
	deaf    atomic.Bool // no answer to a heartbeat: it is open and dead
	now     chan struct{}
}

type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int64           `json:"s"`
	Type string          `json:"t"`
}

var (
	errDeaf      = errors.New("no answer to a heartbeat")
	errReconnect = errors.New("the gateway asks to connect anew")
	errInvalid   = errors.New("the session is not valid any more")
)

// run reads until the connection ends. Whatever it began has stopped when it
// returns.
func (k *socket) run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	within, stop := context.WithCancel(ctx)
	defer stop()
	defer func() { _ = k.conn.Close() }()
	all.Go(func() {
		<-within.Done()
		if ctx.Err() != nil {
			k.close(websocket.CloseNormalClosure)
		}
		_ = k.conn.Close()
	})
	// The usual answer to a close is its own code, and 1001 said by us would end a
	// session that Discord only wants to be resumed elsewhere.
	k.conn.SetCloseHandler(func(int, string) error {
		k.close(closeKeep)
		return nil
	})
	k.conn.SetReadLimit(maxFrame)
	k.seq.Store(k.session.seq)
	k.now = make(chan struct{}, 1)
	interval, err := k.greet(ctx)
	if err != nil {
		return err
	}
	all.Go(func() { k.beat(within, interval) })
	for {
		if err := k.next(within, 2*interval+k.p.pace.greeting); err != nil {
			if k.deaf.Load() {
				return errDeaf
			}
			return err
		}
	}
}

// greet takes the hello and says who we are.
func (k *socket) greet(ctx context.Context) (time.Duration, error) {
	f, err := k.read(k.p.pace.greeting)
	if err != nil {
		return 0, err
	}
	var hello struct {
		Interval int64 `json:"heartbeat_interval"`
	}
	if f.Op != opHello || json.Unmarshal(f.Data, &hello) != nil || hello.Interval <= 0 {
		return 0, fmt.Errorf("the gateway began with op %d and no heartbeat", f.Op)
	}
	interval := min(time.Duration(hello.Interval)*time.Millisecond, maxInterval)
	if k.session.id != "" {
		return interval, k.write(opResume, map[string]any{"token": k.token, "session_id": k.session.id, "seq": k.session.seq})
	}
	if err := k.p.waitToIdentify(ctx); err != nil {
		return 0, err
	}
	return interval, k.write(opIdentify, map[string]any{
		"token": k.token, "intents": 0,
		"properties": map[string]string{"os": runtime.GOOS, "browser": "mayday", "device": "mayday"},
	})
}

// next takes one frame.
func (k *socket) next(ctx context.Context, patience time.Duration) error {
	f, err := k.read(patience)
	if err != nil {
		return err
	}
	switch f.Op {
	case opDispatch:
		if f.Seq > 0 {
			k.seq.Store(f.Seq)
			k.session.seq = f.Seq
		}
		return k.dispatch(ctx, f)
	case opBeat:
		select {
		case k.now <- struct{}{}:
		default:
		}
	case opAck:
		k.acked.Store(true)
	case opReconnect:
		k.close(closeKeep)
		return errReconnect
	case opInvalid:
		return k.invalid(ctx, f)
	}
	return nil
}

// invalid drops the session unless it may be resumed, and waits a little as
// Discord wants it.
func (k *socket) invalid(ctx context.Context, f frame) error {
	var again bool
	if json.Unmarshal(f.Data, &again) != nil || !again {
		*k.session = session{}
	}
	k.close(closeKeep)
	least := k.p.pace.firstRetry
	pause(ctx, least+rand.N(4*least+1)) //nolint:gosec // spreads load, guards nothing
	return errInvalid
}

func (k *socket) dispatch(ctx context.Context, f frame) error {
	switch f.Type {
	case "READY":
		return k.begin(f)
	case "RESUMED":
		k.up()
	case "INTERACTION_CREATE":
		var in interaction
		if err := json.Unmarshal(f.Data, &in); err != nil {
			k.p.log.Warn("interaction not understood", "err", err)
			return nil
		}
		p := k.p
		p.desk.Give(ctx, func(ctx context.Context, h chat.Handler) { p.serve(ctx, h, in, p.callback(in)) })
	}
	return nil
}

func (k *socket) begin(f frame) error {
	var r struct {
		SessionID string `json:"session_id"`
		ResumeURL string `json:"resume_gateway_url"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
		Application struct {
			ID string `json:"id"`
		} `json:"application"`
	}
	if err := json.Unmarshal(f.Data, &r); err != nil || r.SessionID == "" {
		return errors.New("the gateway's READY is not understood")
	}
	*k.session = session{id: r.SessionID, url: r.ResumeURL, seq: f.Seq}
	k.p.self.set(r.Application.ID, r.User.ID)
	k.up()
	return nil
}

func (k *socket) up() {
	k.ready = true
	k.p.health.Listening("")
	k.p.log.Info("gateway connected")
}

// beat sends heartbeats, the first after a random part of the interval. When one
// is not answered the connection is dead, whatever it looks like.
func (k *socket) beat(ctx context.Context, interval time.Duration) {
	k.acked.Store(true)
	wait := rand.N(interval) //nolint:gosec // spreads load, guards nothing
	for {
		timer := time.NewTimer(wait)
		asked := false
		select {
		case <-timer.C:
		case <-k.now:
			asked = true
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
		wait = interval
		if !asked && !k.acked.Swap(false) {
			k.deaf.Store(true)
			k.close(closeKeep)
			_ = k.conn.Close()
			return
		}
		if k.write(opBeat, k.last()) != nil {
			_ = k.conn.Close()
			return
		}
	}
}

// last is the number of the last event, null before there was one.
func (k *socket) last() any {
	if n := k.seq.Load(); n > 0 {
		return n
	}
	return nil
}

func (k *socket) read(patience time.Duration) (frame, error) {
	var f frame
	if err := k.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return f, fmt.Errorf("read from the gateway: %w", err)
	}
	_, raw, err := k.conn.ReadMessage()
	if err != nil {
		return f, fmt.Errorf("read from the gateway: %w", err)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("read from the gateway: %w", err)
	}
	return f, nil
}

func (k *socket) write(op int, d any) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	if err := k.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write to the gateway: %w", err)
	}
	if err := k.conn.WriteJSON(map[string]any{"op": op, "d": d}); err != nil {
		return fmt.Errorf("write to the gateway: %w", err)
	}
	return nil
}

// close says goodbye; the connection may be too broken to carry it.
func (k *socket) close(code int) {
	_ = k.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(writeTimeout))
}

// waitToIdentify leaves a few seconds between two identifications.
func (p *platform) waitToIdentify(ctx context.Context) error {
	p.identified.mu.Lock()
	defer p.identified.mu.Unlock()
	if rest := p.pace.identify - time.Since(p.identified.at); rest > 0 && !pause(ctx, rest) {
		return ctx.Err()
	}
	p.identified.at = time.Now()
	return nil
}

// identified is when we last said who we are.
type identified struct {
	mu sync.Mutex
	at time.Time
}
