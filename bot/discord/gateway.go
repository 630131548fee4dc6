package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"mayday/bot/chat"
)

// session is what it takes to resume: Discord then delivers what was missed.
type session struct {
	id, url string
	seq     int64
	fails   int // resumes in a row that came to nothing
}

// resumeTries is how often a session is tried before a fresh one begins.
const resumeTries = 5

// fatalCodes end it until somebody changes something: by trying again nothing
// gets better and identifications, of which there are a thousand a day, run out.
var fatalCodes = map[int]string{
	4004: "refused the token: put a new one into chat.discord.token",
	4010: "refused the connection (invalid shard)",
	4011: "wants the connection split (too many servers for one bot)",
	4012: "does not speak this version any more: Mayday needs an update",
	4013: "refused the connection (invalid intents)",
	4014: "refused the connection (disallowed intents)",
}

// freshCodes end a session: there is nothing to resume. After all others a resume
// is worth a try; Discord says when it is not.
var freshCodes = map[int]bool{4003: true, 4007: true, 4009: true}

// fatalClose is the end of all tries for a while.
type fatalClose struct{ code int }

func (f *fatalClose) Error() string {
	return fmt.Sprintf("the gateway closed with %d: it %s", f.code, fatalCodes[f.code])
}

// outOfSessions says that no identification is left today.
type outOfSessions struct{ after time.Duration }

func (o *outOfSessions) Error() string { return "no session starts are left today" }

// listen keeps a connection to the gateway until ctx ends.
func (p *platform) listen(ctx context.Context) {
	var s session
	wait := p.pace.firstRetry
	for {
		ready, err := p.connect(ctx, &s)
		if ctx.Err() != nil {
			return
		}
		if ready {
			wait, s.fails = p.pace.firstRetry, 0
		}
		p.lament(ready, err)
		if !pause(ctx, p.restAfter(err, wait)) {
			return
		}
		if !ready {
			wait = min(2*wait, p.pace.lastRetry)
			s.failed()
		}
	}
}

// failed gives a session up that cannot be resumed.
func (s *session) failed() {
	if s.fails++; s.fails >= resumeTries {
		*s = session{}
	}
}

// lament tells what is wrong, once the connection did not come back at once.
func (p *platform) lament(ready bool, err error) {
	var fatal *fatalClose
	var out *outOfSessions
	switch {
	case errors.As(err, &fatal):
		p.health.Listening(fatalCodes[fatal.code])
		p.log.Error("gateway refused us for good", "code", fatal.code, "why", fatalCodes[fatal.code])
	case errors.As(err, &out):
		p.health.Listening("lets nobody connect so often: no session starts are left today")
		p.log.Error("gateway sessions used up", "after", out.after)
	case ready:
		p.log.Info("gateway connection ended", "err", err)
	default:
		p.health.Listening("does not answer")
		p.log.Warn("gateway not reached", "err", err)
	}
}

// restAfter is how long to stay away.
func (p *platform) restAfter(err error, wait time.Duration) time.Duration {
	var fatal *fatalClose
	var out *outOfSessions
	switch {
	case errors.As(err, &fatal):
		return p.pace.refused
	case errors.As(err, &out):
		return min(max(out.after, wait), time.Hour)
	}
	rest := wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load, guards nothing
	// Our own budget may be asked again soon: that costs nothing.
	if t := troubleOf(err); t != nil && !t.local {
		rest = max(rest, t.after)
	}
	return rest
}

// connect holds one connection to its end, and tells whether it ever worked.
func (p *platform) connect(ctx context.Context, s *session) (ready bool, err error) {
	address := s.url
	if s.id == "" {
		if address, err = p.gatewayAddress(ctx); err != nil {
			return false, err
		}
	}
	token, err := p.api.token.Reveal()
	if err != nil {
		return false, fmt.Errorf("read the token: %w", err)
	}
	full, err := p.gatewayURL(address)
	if err != nil {
		*s = session{}
		return false, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, p.pace.greeting)
	defer cancel()
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: p.pace.greeting}
	conn, resp, err := dialer.DialContext(dialCtx, full, http.Header{"User-Agent": {userAgent}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return false, fmt.Errorf("dial the gateway: %w", err)
	}
	k := &socket{p: p, conn: conn, session: s, token: token}
	err = k.run(ctx)
	return k.ready, s.after(err)
}

// after keeps the session or drops it, by how the connection ended.
func (s *session) after(err error) error {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return err
	}
	if _, ok := fatalCodes[closed.Code]; ok {
		*s = session{}
		return &fatalClose{code: closed.Code}
	}
	if freshCodes[closed.Code] {
		*s = session{}
	}
	return err
}

// gatewayAddress asks where to connect, and whether a session may begin.
func (p *platform) gatewayAddress(ctx context.Context) (string, error) {
	var g struct {
		URL    string `json:"url"`
		Starts struct {
			Total      int   `json:"total"`
			Remaining  int   `json:"remaining"`
			ResetAfter int64 `json:"reset_after"` // milliseconds
		} `json:"session_start_limit"`
	}
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointGatewayBot, route: "GET gateway/bot", out: &g, weight: chat.Weight{}})
	if err != nil {
		return "", fmt.Errorf("ask for the gateway: %w", err)
	}
	if g.Starts.Total > 0 && g.Starts.Remaining <= 0 {
		return "", &outOfSessions{after: time.Duration(g.Starts.ResetAfter) * time.Millisecond}
	}
	return g.URL, nil
}

// gatewayURL adds what Discord wants to know. The token goes there, so it has to
// be encrypted unless the API is not.
func (p *platform) gatewayURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "wss" && (u.Scheme != "ws" || p.own.base.Scheme != "http")) {
		return "", fmt.Errorf("the gateway's address %q cannot be used", chat.Clamp(address, 100))
	}
	u.RawQuery = "v=" + discordgo.APIVersion + "&encoding=json"
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}
