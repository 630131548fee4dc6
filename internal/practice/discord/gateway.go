package discord

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Intents, and those of them that the portal must grant.
const (
	intentGuilds   = 1 << 0
	intentMembers  = 1 << 1
	intentPresence = 1 << 8
	intentMessages = 1 << 9
	intentContent  = 1 << 15

	intentsPrivileged = intentMembers | intentPresence | intentContent
	intentsKnown      = 1<<26 - 1
)

const (
	sessionsPerDay = 1000
	keptEvents     = 1000
	identifyEvery  = 5 * time.Second
	gatewayPath    = "/gateway/"
	resumePath     = "/gateway/resume/"
)

// gateway are the connections and sessions. Its lock is taken after Discord.mu.
type gateway struct {
	d        *Discord
	upgrader websocket.Upgrader

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]bool
	sessions map[string]*session
	starts   []time.Time
	most     int       // sessions a day
	last     time.Time // identify, by the real clock
	stats    GatewayState
	wait     sync.WaitGroup
}

// session outlives its connection, so that it can be resumed.
type session struct {
	id      string
	intents int
	seq     int64
	log     []event
	conn    *conn
}

type event struct {
	seq   int64
	frame []byte
}

// GatewayState tells of the connections.
type GatewayState struct {
	Connections int // open, and identified or resumed
	Identifies  int
	Resumes     int
	Heartbeats  int
	Intents     int      // of the last identify
	ResumedAt   []string // paths at which sessions were resumed
	Closed      []int    // codes with which the client closed
}

func newGateway(d *Discord) *gateway {
	return &gateway{
		d: d, conns: map[*conn]bool{}, sessions: map[string]*session{}, most: sessionsPerDay,
		upgrader: websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }},
	}
}

// address of the gateway; more is what stands after its path.
func (g *gateway) address(path string) string {
	if path == "" {
		path = gatewayPath
	}
	return "ws" + strings.TrimPrefix(g.d.base, "http") + strings.TrimSuffix(path, "/")
}

// Gateway tells how the connections fare.
func (d *Discord) Gateway() GatewayState {
	g := d.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.stats
	out.ResumedAt, out.Closed = slices.Clone(out.ResumedAt), slices.Clone(out.Closed)
	for _, s := range g.sessions {
		if s.conn != nil {
			out.Connections++
		}
	}
	return out
}

// SetSessionBudget says how many sessions may be started a day.
func (d *Discord) SetSessionBudget(most int) {
	d.gateway.mu.Lock()
	defer d.gateway.mu.Unlock()
	d.gateway.most = most
}

func (g *gateway) budgetLeft() (left int, reset time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.d.now()
	g.starts = slices.DeleteFunc(g.starts, func(t time.Time) bool { return now.Sub(t) >= 24*time.Hour })
	if len(g.starts) > 0 {
		reset = 24*time.Hour - now.Sub(g.starts[0])
	}
	return max(0, g.most-len(g.starts)), reset
}

// broadcast gives an event to every session that has the intent. Sessions without
// a connection keep it for a resume.
func (g *gateway) broadcast(name string, intent int, data func(intents int) any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.sessions {
		if intent == 0 || s.intents&intent != 0 {
			g.send(s, name, data(s.intents))
		}
	}
}

// send gives an event to a session, under g.mu.
func (g *gateway) send(s *session, name string, data any) {
	s.seq++
	frame, err := encode(object{"op": 0, "s": s.seq, "t": name, "d": data})
	if err != nil {
		g.d.log.Error("an event of the practice Discord cannot be written", "event", name, "error", err)
		return
	}
	s.log = append(s.log, event{seq: s.seq, frame: frame})
	s.log = s.log[max(0, len(s.log)-keptEvents):]
	if s.conn != nil {
		s.conn.push(frame)
	}
}

// reach tells where an interaction went.
type reach int

const (
	nobody  reach = iota // no session
	waiting              // a session that may be resumed, or a deaf connection
	arrived
)

// interaction hands an interaction to the bot.
func (g *gateway) interaction(payload []byte) reach {
	g.mu.Lock()
	defer g.mu.Unlock()
	to := nobody
	for _, s := range g.sessions {
		g.send(s, "INTERACTION_CREATE", rawJSON(payload))
		if s.conn != nil && !s.conn.is(HalfOpen) && !s.conn.is(Slow) {
			to = arrived
		}
		to = max(to, waiting)
	}
	return to
}

// closeAll closes every connection with a code. Sessions end with 4004.
func (g *gateway) closeAll(code int, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.hangUp(code, text)
	}
	if code == 4004 {
		g.sessions = map[string]*session{}
	}
}

func (g *gateway) close() {
	g.mu.Lock()
	g.closed = true
	for c := range g.conns {
		c.cut()
	}
	g.mu.Unlock()
	g.wait.Wait()
}

// befall makes trouble for the open connections, or for the next one.
func (g *gateway) befall(f Fault) {
	g.mu.Lock()
	var open []*session
	for _, s := range g.sessions {
		if s.conn != nil {
			open = append(open, s)
		}
	}
	defer g.mu.Unlock()
	if len(open) == 0 {
		g.d.script.mu.Lock()
		defer g.d.script.mu.Unlock()
		g.d.script.faults = append(g.d.script.faults, &f)
		return
	}
	for _, s := range open {
		g.trouble(s, s.conn, &f)
	}
}

// trouble is one fault for one connection, under g.mu.
func (g *gateway) trouble(s *session, c *conn, f *Fault) {
	switch f.Kind {
	case CloseCode:
		if s != nil && !resumable(f.Code) {
			delete(g.sessions, s.id)
		}
		c.hangUp(f.Code, f.Message)
	case Cut:
		c.cut()
	case InvalidSession:
		if s != nil && !f.Resumable {
			delete(g.sessions, s.id)
		}
		c.op(9, f.Resumable)
	case Reconnect:
		c.op(7, nil)
	default:
		c.suffer(f)
	}
}

// resumable tells whether a session survives a close code of the server.
func resumable(code int) bool {
	return !slices.Contains([]int{4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014}, code)
}
