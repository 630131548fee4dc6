package discord

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

type rawJSON = json.RawMessage

// frame is something to send; a code closes the connection.
type frame struct {
	raw  []byte
	code int
	text string
}

// conn is one connection to the gateway: a reader, which is the HTTP handler, and
// a writer.
type conn struct {
	ws   *websocket.Conn
	out  chan frame
	gone chan struct{} // closed when the reader ends
	path string

	mu       sync.Mutex
	faults   map[FaultKind]time.Duration
	compress bool

	// Only the reader uses these.
	session *session
	sends   []time.Time
	beat    time.Time
}

const (
	sendsMost   = 120
	sendsTime   = time.Minute
	largestSend = 4096
	writeTime   = 5 * time.Second
)

func (c *conn) is(kind FaultKind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, on := c.faults[kind]
	return on
}

func (c *conn) suffer(f *Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[f.Kind] = f.Delay
}

// push never blocks: who does not read is cut off.
func (c *conn) push(raw []byte) { c.put(frame{raw: raw}) }

func (c *conn) put(f frame) {
	select {
	case c.out <- f:
	default:
		c.cut()
	}
}

func (c *conn) op(code int, data any) {
	raw, err := encode(object{"op": code, "d": data, "s": nil, "t": nil})
	if err == nil {
		c.push(raw)
	}
}

func (c *conn) hangUp(code int, text string) { c.put(frame{code: code, text: text}) }

func (c *conn) cut() { _ = c.ws.NetConn().Close() }

// write sends what is put until the reader is gone.
func (c *conn) write(done <-chan struct{}) {
	for {
		select {
		case f := <-c.out:
			if !c.late(done) {
				return
			}
			if c.is(HalfOpen) {
				continue
			}
			if err := c.writeOne(f); err != nil || f.code != 0 {
				c.cut()
				return
			}
		case <-c.gone:
			return
		}
	}
}

// late waits as the slow fault has it.
func (c *conn) late(done <-chan struct{}) bool {
	c.mu.Lock()
	wait := c.faults[Slow]
	c.mu.Unlock()
	if wait == 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.gone:
		return false
	case <-done:
		return false
	}
}

func (c *conn) writeOne(f frame) error {
	until := time.Now().Add(writeTime)
	if f.code != 0 {
		return c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(f.code, f.text), until)
	}
	if err := c.ws.SetWriteDeadline(until); err != nil {
		return err
	}
	c.mu.Lock()
	compress := c.compress
	c.mu.Unlock()
	if !compress {
		return c.ws.WriteMessage(websocket.TextMessage, f.raw)
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(f.raw); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.BinaryMessage, b.Bytes())
}

// serve is one connection from beginning to end.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	g.wait.Add(1)
	g.mu.Unlock()
	defer g.wait.Done()
	ws, err := g.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, out: make(chan frame, 4*keptEvents), gone: make(chan struct{}), path: r.URL.Path, faults: map[FaultKind]time.Duration{}}
	g.mu.Lock()
	g.conns[c] = true
	if g.closed {
		c.cut()
	}
	g.mu.Unlock()
	g.wait.Go(func() { c.write(g.d.done) })
	if v := r.URL.Query().Get("v"); v != "9" && v != "10" {
		c.hangUp(4012, "Invalid API version.")
	} else {
		c.op(10, object{"heartbeat_interval": g.d.o.Heartbeat.Milliseconds(), "_trace": []string{`["practice"]`}})
	}
	g.read(c)
	g.leave(c)
}

// leave takes a connection out; its session waits for a resume.
func (g *gateway) leave(c *conn) {
	close(c.gone)
	_ = c.ws.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
	if c.session != nil && c.session.conn == c {
		c.session.conn = nil
	}
}
