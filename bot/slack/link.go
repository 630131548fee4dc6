package slack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// stopped is the end of all tries for a while: by trying again nothing gets
// better until somebody changes something.
type stopped struct{ why string }

func (s *stopped) Error() string { return s.why }

// Why sockets are refused until somebody changes something.
var refusedSocket = map[string]string{
	"missing_scope":               "refused the app token: it lacks connections:write",
	"not_allowed_token_type":      "refused the app token: chat.slack.app_token is no App-Level Token (xapp-…)",
	"socket_mode_not_enabled":     "refused the socket: turn Socket Mode on in the app's settings",
	"forbidden_team":              "refused the app token for this workspace",
	"no_permission":               "refused the app token: it may not open sockets",
	"connections_not_permitted":   "refused the socket: turn Socket Mode on in the app's settings",
	"apps_connections_not_enable": "refused the socket: turn Socket Mode on in the app's settings",
}

const (
	whyToken    = "refused the app token: put a new one into chat.slack.app_token"
	whyDisabled = "has Socket Mode turned off for this app: turn it on, or set chat.slack.mode to http"
)

// listen keeps a socket open until ctx ends. A new one is open before the old one
// is left, so that nothing is missed in between.
func (p *platform) listen(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	wait := p.pace.firstRetry
	var old *socket
	for ctx.Err() == nil {
		k, err := p.connect(ctx)
		if ctx.Err() != nil {
			if k != nil {
				k.close()
			}
			return
		}
		if err != nil {
			p.lament(err, old)
			if !pause(ctx, p.restAfter(err, wait)) {
				return
			}
			wait = min(2*wait, p.pace.lastRetry)
			continue
		}
		p.health.Listening("")
		p.log.Info("socket connected")
		all.Go(func() { k.run(ctx) })
		old.retire()
		old = k
		if why := k.wait(ctx); why != nil {
			p.lament(why, nil)
			if !pause(ctx, p.restAfter(why, p.pace.firstRetry)) {
				return
			}
		}
		wait = p.pace.firstRetry
	}
}

// lament tells what is wrong, unless there is a socket that still works.
func (p *platform) lament(err error, old *socket) {
	var stop *stopped
	switch {
	case errors.As(err, &stop):
		p.health.Listening(stop.why)
		p.log.Error("Slack takes no socket of ours: nothing is heard", "why", stop.why)
	case troubleOf(err) != nil && troubleOf(err).local:
		p.log.Debug("socket not opened yet", "err", err) // what is wrong was said before
	case old.alive():
		p.log.Warn("new socket not opened, the old one goes on", "err", err)
	default:
		p.health.Listening("does not answer")
		p.log.Warn("socket not open", "err", err)
	}
}

// restAfter is how long to stay away.
func (p *platform) restAfter(err error, wait time.Duration) time.Duration {
	var stop *stopped
	if errors.As(err, &stop) {
		return p.pace.refused
	}
	rest := wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load, guards nothing
	if t := troubleOf(err); t != nil {
		rest = max(rest, min(t.after, p.pace.refused))
	}
	return rest
}

// connect opens a socket and waits for its first word.
func (p *platform) connect(ctx context.Context) (*socket, error) {
	address, err := p.socketAddress(ctx)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, p.pace.greeting)
	defer cancel()
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: p.pace.greeting}
	conn, resp, err := dialer.DialContext(within, address, nil)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("dial the socket: %w", chat.Unaddressed(err))
	}
	k := newSocket(p, conn)
	if err := k.greet(within); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return k, nil
}

// socketAddress asks where to connect; the address is good once.
func (p *platform) socketAddress(ctx context.Context) (string, error) {
	var out struct {
		URL string `json:"url"`
	}
	err := p.app.do(ctx, call{method: methodSocket, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, _, err := c.StartSocketModeContext(ctx)
		return err
	}})
	if t := troubleOf(err); t != nil {
		if why, ok := refusedSocket[t.code]; ok {
			return "", &stopped{why: why}
		}
		if refusedToken[t.code] {
			return "", &stopped{why: whyToken}
		}
	}
	if err != nil {
		return "", fmt.Errorf("ask for a socket: %w", err)
	}
	return p.socketURL(out.URL)
}

// socketURL looks at the address: what is said there has to be encrypted, unless
// the API is not.
func (p *platform) socketURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "wss" && (u.Scheme != "ws" || p.own.base.Scheme != "http")) {
		return "", fmt.Errorf("the address of the socket, %s…, cannot be used", chat.Clamp(chat.Clean(address), 12))
	}
	return u.String(), nil
}
