package discord

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// packet is what a client sends.
type packet struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
}

// patience is how long the gateway waits for a heartbeat.
func (g *gateway) patience() time.Duration { return g.d.o.Heartbeat*3/2 + 2*time.Second }

// read takes what a client sends until the connection ends.
func (g *gateway) read(c *conn) {
	c.beat = time.Now()
	for {
		_ = c.ws.SetReadDeadline(c.beat.Add(g.patience()))
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			g.lost(c, err)
			return
		}
		if c.is(HalfOpen) {
			c.beat = time.Now()
			continue
		}
		if code, text := g.take(c, raw); code != 0 {
			c.hangUp(code, text)
			g.drain(c)
			return
		}
	}
}

// drain lets the close frame out, and takes the client's.
func (g *gateway) drain(c *conn) {
	_ = c.ws.SetReadDeadline(time.Now().Add(writeTime))
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			return
		}
	}
}

// lost looks at why a connection ended.
func (g *gateway) lost(c *conn, err error) {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		g.mu.Lock()
		g.stats.Closed = append(g.stats.Closed, closed.Code)
		if c.session != nil && (closed.Code == websocket.CloseNormalClosure || closed.Code == websocket.CloseGoingAway) {
			delete(g.sessions, c.session.id)
		}
		g.mu.Unlock()
		return
	}
	var timeout net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		if !c.is(HalfOpen) && !c.is(Slow) {
			g.d.audit.breach("no heartbeat within %s", g.patience())
		}
		if c.session != nil {
			g.mu.Lock()
			delete(g.sessions, c.session.id)
			g.mu.Unlock()
		}
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4009, "Session timed out."), time.Now().Add(writeTime))
	}
}

// take handles one packet; a code closes the connection.
func (g *gateway) take(c *conn, raw []byte) (code int, text string) {
	now := time.Now()
	c.sends = append(slices.DeleteFunc(c.sends, func(t time.Time) bool { return now.Sub(t) > sendsTime }), now)
	if len(c.sends) > sendsMost {
		g.d.audit.breach("more than %d sends to the gateway in a minute", sendsMost)
		return 4008, "Rate limited."
	}
	var p packet
	if len(raw) > largestSend || json.Unmarshal(raw, &p) != nil {
		return 4002, "Error while decoding payload."
	}
	switch p.Op {
	case 1:
		g.heartbeat(c)
		return 0, ""
	case 2:
		return g.identify(c, p.Data)
	case 6:
		return g.resume(c, p.Data)
	case 3, 4, 8, 31:
		if c.session == nil {
			return 4003, "Not authenticated."
		}
		return 0, ""
	}
	return 4001, "Unknown opcode."
}

func (g *gateway) heartbeat(c *conn) {
	c.beat = time.Now()
	g.mu.Lock()
	g.stats.Heartbeats++
	g.mu.Unlock()
	if !c.is(Zombie) {
		c.op(11, nil)
	}
}

type identifyData struct {
	Token      *string `json:"token"`
	Intents    *int    `json:"intents"`
	Compress   bool    `json:"compress"`
	Shard      *[2]int `json:"shard"`
	Properties *object `json:"properties"`
}

func (d *Discord) tokenIs(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.revoked && (token == d.o.Token || token == "Bot "+d.o.Token)
}

func (g *gateway) identify(c *conn, data []byte) (code int, text string) {
	var in identifyData
	if json.Unmarshal(data, &in) != nil || in.Token == nil || in.Properties == nil || in.Intents == nil {
		return 4002, "Error while decoding payload."
	}
	switch {
	case c.session != nil:
		return 4005, "Already authenticated."
	case !g.d.tokenIs(*in.Token):
		return 4004, "Authentication failed."
	case in.Shard != nil && *in.Shard != [2]int{0, 1}:
		return 4010, "Invalid shard."
	case *in.Intents < 0 || *in.Intents > intentsKnown:
		return 4013, "Invalid intent(s)."
	case *in.Intents&intentsPrivileged&^g.d.o.Privileged != 0:
		return 4014, "Disallowed intent(s)."
	}
	if !g.spendIdentify(c) {
		return 0, ""
	}
	if left, _ := g.budgetLeft(); left == 0 {
		g.d.audit.breach("identify beyond the budget of %d sessions a day", g.most)
		g.d.RevokeToken()
		return 4004, "Authentication failed."
	}
	f := g.d.script.takeGateway("IDENTIFY")
	if f != nil && (f.Kind == InvalidSession || f.Kind == CloseCode || f.Kind == Cut) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.trouble(nil, c, f)
		return 0, ""
	}
	g.ready(c, *in.Intents, in.Compress, f)
	return 0, ""
}

// spendIdentify allows one identify every five seconds.
func (g *gateway) spendIdentify(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	every := time.Duration(float64(identifyEvery) / g.d.o.Faster)
	if now.Sub(g.last) < every {
		c.op(9, false)
		return false
	}
	g.last = now
	return true
}

func (g *gateway) ready(c *conn, intents int, compress bool, f *Fault) {
	d := g.d
	d.mu.Lock()
	defer d.mu.Unlock()
	guilds := []any{}
	if d.world.member {
		guilds = append(guilds, object{"id": d.world.id, "unavailable": true})
	}
	s := &session{id: "practice" + d.newID(), intents: intents, conn: c}
	body := object{
		"v": 10, "user": userJSON(d.world.person(d.world.bot)), "guilds": guilds, "session_id": s.id, "session_type": "normal",
		"resume_gateway_url": g.address(resumePath), "shard": []int{0, 1}, "application": object{"id": d.o.ApplicationID, "flags": 0},
		"private_channels": []any{}, "relationships": []any{}, "presences": []any{}, "user_settings": object{}, "geo_ordered_rtc_regions": []any{}, "_trace": []string{},
	}
	create := d.guildCreateJSON()
	g.mu.Lock()
	defer g.mu.Unlock()
	c.mu.Lock()
	c.compress = compress
	c.mu.Unlock()
	g.starts = append(g.starts, d.now())
	g.stats.Identifies++
	g.stats.Intents = intents
	g.sessions[s.id], c.session = s, s
	g.send(s, "READY", body)
	if d.world.member && intents&intentGuilds != 0 {
		g.send(s, "GUILD_CREATE", create)
	}
	if f != nil {
		g.trouble(s, c, f)
	}
}

func (g *gateway) resume(c *conn, data []byte) (code int, text string) {
	var in struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int64  `json:"seq"`
	}
	if json.Unmarshal(data, &in) != nil {
		return 4002, "Error while decoding payload."
	}
	if c.session != nil {
		return 4005, "Already authenticated."
	}
	if !g.d.tokenIs(in.Token) {
		return 4004, "Authentication failed."
	}
	f := g.d.script.takeGateway("RESUME")
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sessions[in.Session]
	if f != nil && (f.Kind == InvalidSession || f.Kind == CloseCode || f.Kind == Cut) {
		g.trouble(s, c, f)
		return 0, ""
	}
	if s != nil && in.Seq > s.seq {
		delete(g.sessions, s.id)
		return 4007, "Invalid seq."
	}
	if s == nil || (len(s.log) > 0 && in.Seq < s.log[0].seq-1) {
		c.op(9, false)
		return 0, ""
	}
	g.replay(c, s, in.Seq)
	if f != nil {
		g.trouble(s, c, f)
	}
	return 0, ""
}

// replay gives a session its new connection, and what it missed.
func (g *gateway) replay(c *conn, s *session, seq int64) {
	if s.conn != nil {
		s.conn.cut()
	}
	s.conn, c.session = c, s
	g.stats.Resumes++
	g.stats.ResumedAt = append(g.stats.ResumedAt, c.path)
	for _, e := range s.log {
		if e.seq > seq {
			c.push(e.frame)
		}
	}
	g.send(s, "RESUMED", object{"_trace": []string{}})
}
