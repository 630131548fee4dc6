package discord

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// wire is a raw connection to the gateway.
type wire struct {
	t  *testing.T
	ws *websocket.Conn
}

type gatewayPacket struct {
	Op   int    `json:"op"`
	Seq  int64  `json:"s"`
	Type string `json:"t"`
	Data any    `json:"d"`
}

func (r *rig) dial(path string) *wire {
	r.t.Helper()
	ws, res, err := websocket.DefaultDialer.DialContext(r.t.Context(), "ws"+strings.TrimPrefix(r.base, "http")+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	r.t.Cleanup(func() { _ = ws.Close() })
	return &wire{t: r.t, ws: ws}
}

func (w *wire) send(v any) {
	w.t.Helper()
	if err := w.ws.WriteJSON(v); err != nil {
		w.t.Fatal(err)
	}
}

// next is the next packet, or the code of the close.
func (w *wire) next() (gatewayPacket, int) {
	w.t.Helper()
	_ = w.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	var p gatewayPacket
	err := w.ws.ReadJSON(&p)
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return p, closed.Code
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p, 0
}

func (w *wire) want(op int, name string) gatewayPacket {
	w.t.Helper()
	p, code := w.next()
	if code != 0 || p.Op != op || p.Type != name {
		w.t.Fatalf("got op %d %q, close %d, want op %d %q", p.Op, p.Type, code, op, name)
	}
	return p
}

func identify(intents int) object {
	return object{"op": 2, "d": object{"token": token, "intents": intents, "properties": object{"os": "linux", "browser": "x", "device": "x"}}}
}

func (r *rig) ready(intents int) (w *wire, session string) {
	r.t.Helper()
	w = r.dial("/gateway/?v=10&encoding=json")
	w.want(10, "")
	w.send(identify(intents))
	data, _ := w.want(0, "READY").Data.(object)
	session, _ = data["session_id"].(string)
	if address, _ := data["resume_gateway_url"].(string); !strings.HasSuffix(address, "/resume") {
		r.t.Errorf("got resume_gateway_url %q, want another address", address)
	}
	return w, session
}

func TestCloseCodes(t *testing.T) {
	id := func(change func(d object)) object {
		p := identify(0)
		change(p["d"].(object))
		return p
	}
	tests := []struct {
		name string
		send []any
		path string
		code int
	}{
		{"unknown op", []any{object{"op": 99}}, "", 4001},
		{"no JSON object", []any{"x"}, "", 4002},
		{"too long", []any{object{"op": 1, "d": run(4096)}}, "", 4002},
		{"presence first", []any{object{"op": 3, "d": object{}}}, "", 4003},
		{"bad token", []any{id(func(d object) { d["token"] = "x" })}, "", 4004},
		{"twice", []any{identify(0), identify(0)}, "", 4005},
		{"a bad shard", []any{id(func(d object) { d["shard"] = []int{1, 2} })}, "", 4010},
		{"a bad version", nil, "?v=5", 4012},
		{"unknown intents", []any{identify(1 << 30)}, "", 4013},
		{"privileged intents", []any{identify(intentContent)}, "", 4014},
		{"bad token in a resume", []any{object{"op": 6, "d": object{"token": "x", "session_id": "x", "seq": 1}}}, "", 4004},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t)
			path := tc.path
			if path == "" {
				path = "?v=9&encoding=json"
			}
			w := r.dial("/gateway/" + path)
			for _, p := range tc.send {
				w.send(p)
			}
			code := 0
			for code == 0 {
				_, code = w.next()
			}
			if code != tc.code {
				t.Errorf("got close code %d, want %d", code, tc.code)
			}
		})
	}
}

func TestResumeReplaysWhatWasMissed(t *testing.T) {
	r := newRig(t)
	w, session := r.ready(intentGuilds)
	seq := w.want(0, "GUILD_CREATE").Seq
	_ = w.ws.NetConn().Close()
	eventually(t, "the connection is gone", func() bool { return r.Gateway().Connections == 0 })
	if err := r.SetMentionable(RoleSRE, false); err != nil {
		t.Fatal(err)
	}
	again := r.dial("/gateway/resume/?v=10&encoding=json")
	again.want(10, "")
	again.send(object{"op": 6, "d": object{"token": token, "session_id": session, "seq": seq}})
	if got := again.want(0, "GUILD_ROLE_UPDATE"); got.Seq != seq+1 {
		t.Errorf("got seq %d, want %d", got.Seq, seq+1)
	}
	again.want(0, "RESUMED")
	if got := r.Gateway(); got.Resumes != 1 || got.Identifies != 1 || !slices.Equal(got.ResumedAt, []string{"/gateway/resume/"}) {
		t.Errorf("got %+v, want one identify and one resume", got)
	}
	r.clean()
}

func TestSessionsThatCannotBeResumed(t *testing.T) {
	r := newRig(t)
	w, session := r.ready(0)
	resume := func(seq int64) *wire {
		next := r.dial("/gateway/?v=10&encoding=json")
		next.want(10, "")
		next.send(object{"op": 6, "d": object{"token": token, "session_id": session, "seq": seq}})
		return next
	}
	if _, code := resume(99).next(); code != 4007 {
		t.Errorf("a seq of the future: got close %d, want 4007", code)
	}
	if p := resume(1).want(9, ""); p.Data != false {
		t.Errorf("got %v, want a session that is over", p.Data)
	}
	_ = w.ws.Close()
	w, session = r.ready(0)
	_ = w.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	eventually(t, "the close arrived", func() bool { return slices.Contains(r.Gateway().Closed, 1000) })
	resume(1).want(9, "")
}

func TestIdentifyHasABudget(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	r.ready(0)
	w := r.dial("/gateway/?v=10")
	w.want(10, "")
	w.send(identify(0))
	if p := w.want(9, ""); p.Data != false {
		t.Errorf("got %v, want an invalid session within five seconds", p.Data)
	}
	a := r.do("GET", "/gateway/bot", "")
	limit, _ := a.object["session_start_limit"].(object)
	if limit["remaining"] != float64(999) || limit["max_concurrency"] != float64(1) {
		t.Errorf("got %s, want 999 left", a.raw)
	}
}

func TestIdentifyBeyondTheBudget(t *testing.T) {
	r := newRig(t)
	r.SetSessionBudget(0)
	w := r.dial("/gateway/?v=10")
	w.want(10, "")
	w.send(identify(0))
	if _, code := w.next(); code != 4004 || len(r.Breaches()) != 1 {
		t.Errorf("got close %d and breaches %q, want 4004 and one", code, r.Breaches())
	}
}

func TestHeartbeats(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Heartbeat = 10 * time.Millisecond })
	w, _ := r.ready(0)
	w.send(object{"op": 1, "d": 1})
	w.want(11, "")
	if _, code := w.next(); code != 4009 {
		t.Errorf("got close %d, want 4009", code)
	}
	if got := r.Breaches(); len(got) != 1 || !strings.Contains(got[0], "heartbeat") {
		t.Errorf("got breaches %q, want one of the heartbeat", got)
	}
}

func TestTooManySends(t *testing.T) {
	r := newRig(t)
	w := r.dial("/gateway/?v=10")
	w.want(10, "")
	for range sendsMost + 1 {
		w.send(object{"op": 1, "d": nil})
	}
	code := 0
	for code == 0 {
		_, code = w.next()
	}
	if code != 4008 {
		t.Errorf("got close %d, want 4008", code)
	}
}

func TestFaultsOfTheGateway(t *testing.T) {
	r := newRig(t)
	w, _ := r.ready(intentGuilds)
	w.want(0, "GUILD_CREATE")
	r.Play(Fault{Kind: Reconnect}, Fault{Kind: InvalidSession, Resumable: true})
	w.want(7, "")
	if p := w.want(9, ""); p.Data != true {
		t.Errorf("got %v, want it resumable", p.Data)
	}
	r.Play(Fault{Kind: Zombie})
	w.send(object{"op": 1, "d": 1})
	eventually(t, "the heartbeat arrived", func() bool { return r.Gateway().Heartbeats == 1 })
	if err := r.SetMentionable(RoleSRE, false); err != nil {
		t.Fatal(err)
	}
	w.want(0, "GUILD_ROLE_UPDATE") // and no ACK before it
	r.Play(Fault{Kind: CloseCode, Code: 4000, Message: "Unknown error."})
	if _, code := w.next(); code != 4000 {
		t.Errorf("got close %d, want 4000", code)
	}
	eventually(t, "the connection is gone", func() bool { return r.Gateway().Connections == 0 })
	r.Play(Fault{Kind: CloseCode, Code: 4014, Route: "IDENTIFY"})
	next := r.dial("/gateway/?v=10")
	next.want(10, "")
	next.send(identify(0))
	if _, code := next.next(); code != 4014 {
		t.Errorf("got close %d, want 4014", code)
	}
}

func TestHalfOpenHearsAndSaysNothing(t *testing.T) {
	r := newRig(t)
	w, _ := r.ready(intentGuilds)
	w.want(0, "GUILD_CREATE")
	r.Play(Fault{Kind: HalfOpen})
	w.send(object{"op": 1, "d": 1})
	_ = w.ws.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if _, raw, err := w.ws.ReadMessage(); err == nil {
		t.Errorf("got %s, want silence", raw)
	}
	if got := r.Gateway(); got.Connections != 1 || got.Heartbeats != 0 {
		t.Errorf("got %+v, want it open, and deaf", got)
	}
}

func TestContentNeedsItsIntent(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Privileged = intentContent })
	plain, _ := r.ready(intentMessages)
	full, _ := r.ready(intentMessages | intentContent)
	if _, err := r.Say(Ana, Random, "secret"); err != nil {
		t.Fatal(err)
	}
	for want, w := range map[string]*wire{"": plain, "secret": full} {
		data, _ := w.want(0, "MESSAGE_CREATE").Data.(object)
		if data["content"] != want {
			t.Errorf("got content %q, want %q", data["content"], want)
		}
	}
}

func TestTheRealClientReconnects(t *testing.T) {
	r := newRig(t)
	resumed := make(chan struct{}, 4)
	s := r.open(func(*discordgo.Session, *discordgo.Resumed) { resumed <- struct{}{} })
	if a := r.do("GET", "/gateway", "", func(q *http.Request) { q.Header.Del("Authorization") }); a.object["url"] == "" || a.status != http.StatusOK {
		t.Errorf("got %d %s, want the address without a token", a.status, a.raw)
	}
	eventually(t, "its first heartbeat", func() bool { return r.Gateway().Heartbeats > 0 })
	r.Play(Fault{Kind: Cut})
	<-resumed
	eventually(t, "a heartbeat of the new connection", func() bool { return r.Gateway().Heartbeats > 1 })
	if got := r.Gateway(); got.Resumes != 1 || got.Intents != int(discordgo.IntentGuilds) {
		t.Errorf("got %+v, want a resume", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { return r.Gateway().Connections == 0 })
	if _, err := r.Command(t.Context(), Ana, Random, "mayday", nil); err == nil {
		t.Error("a command that was never registered was used")
	}
	r.clean()
}
