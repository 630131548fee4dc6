package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
	"mayday/internal/config"
)

const (
	callTimeout = 8 * time.Second
	maxAnswer   = 8 << 20
)

// api makes single calls through slack-go. Nothing here waits or repeats: the
// limits are kept in the budget, which answers how long to stay away. There is
// one for each token.
type api struct {
	base   *url.URL
	token  config.Secret
	client *http.Client
	budget *chat.Budget
	told   func(error) // how each call went
	within time.Duration
}

func newAPI(base *url.URL, token config.Secret, budget *chat.Budget) *api {
	a := &api{base: base, token: token, budget: budget, told: func(error) {}, within: callTimeout}
	for method, r := range rates {
		budget.Set(methodKey(method), r)
	}
	next := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: callTimeout, MaxIdleConnsPerHost: 8,
		IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	// A redirect would carry the token, or the message, to wherever it points.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.client = &http.Client{Transport: &reader{next: next}, CheckRedirect: stay}
	return a
}

// call is one request. with makes it, through the library.
type call struct {
	method  string
	channel string // that something is posted to: it has a limit of its own
	weight  chat.Weight
	with    func(context.Context, *slackgo.Client) error
	out     any
	scopes  *string // takes the scopes of the token
	// bare is an address that Slack gave us: it needs no token, and what it answers
	// need not be JSON.
	bare bool
}

// said is what came back.
type said struct {
	status int
	header http.Header
	body   []byte
	broken error // the body could not be read to its end
	sent   atomic.Bool
}

type saidKey struct{}

// do makes a call. Its error is a *trouble.
func (a *api) do(ctx context.Context, c call) error {
	if !c.bare {
		if wait := a.budget.Take(c.weight, a.keys(c)...); wait > 0 {
			return &trouble{local: true, after: wait, err: fmt.Errorf("the budget has no room for %s", c.method)}
		}
	}
	token, err := a.token.Reveal()
	if err != nil {
		err := &trouble{tokenless: true, err: fmt.Errorf("read the token: %w", err)}
		a.told(err)
		return err
	}
	got, err := a.exchange(ctx, c, token)
	if err == nil {
		err = a.judge(c, got)
	}
	if !c.bare && ctx.Err() == nil {
		a.told(err)
	}
	return err
}

func (a *api) exchange(ctx context.Context, c call, token string) (*said, error) {
	got := &said{}
	within, cancel := context.WithTimeout(context.WithValue(ctx, saidKey{}, got), a.within)
	defer cancel()
	within = httptrace.WithClientTrace(within, &httptrace.ClientTrace{
		WroteHeaders: func() { got.sent.Store(true) },
	})
	s := slackgo.New(token, slackgo.OptionHTTPClient(a.client), slackgo.OptionAPIURL(a.base.String()), slackgo.OptionAppLevelToken(token))
	err := c.with(within, s)
	if got.status != 0 {
		return got, nil // what was said counts, not what the library makes of it
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return nil, &trouble{sent: got.sent.Load(), err: fmt.Errorf("%s: %w", c.method, chat.Unaddressed(err))}
}

// judge learns from an answer and decodes it.
func (a *api) judge(c call, got *said) error {
	if c.bare {
		return judgeBare(c, got)
	}
	if c.scopes != nil {
		*c.scopes = got.header.Get("X-OAuth-Scopes")
	}
	if got.broken != nil {
		return &trouble{sent: true, status: got.status, err: fmt.Errorf("%s: read the answer: %w", c.method, got.broken)}
	}
	if t := newTrouble(c.method, got); t != nil {
		a.punish(c, t)
		return t
	}
	a.budget.Accepted()
	if c.out == nil {
		return nil
	}
	if err := json.Unmarshal(got.body, c.out); err != nil {
		return &trouble{sent: true, status: got.status, err: fmt.Errorf("%s: the answer is not what Slack answers", c.method)}
	}
	return nil
}

func judgeBare(c call, got *said) error {
	if got.status == http.StatusOK && !bytes.Contains(got.body, []byte(`"ok":false`)) {
		return nil
	}
	t := &trouble{status: got.status, sent: got.status >= 500, err: fmt.Errorf("%s: answer %d", c.method, got.status)}
	if t.limited() {
		t.after = retryAfter(got.header)
	}
	return t
}

// punish closes what a refusal is about, so that it is not asked for again.
func (a *api) punish(c call, t *trouble) {
	switch {
	case refusedToken[t.code], t.status == http.StatusUnauthorized:
		a.budget.Invalid()
		a.budget.Refused()
		t.after = chat.TokenPause
	case t.limited():
		a.budget.Invalid()
		key := methodKey(c.method)
		if c.channel != "" {
			key = channelKey(c.channel)
		}
		a.budget.Limited(key, t.after)
	case t.status == http.StatusForbidden:
		a.budget.Invalid()
	}
}

// reader reads every answer whole before the library sees it.
type reader struct{ next http.RoundTripper }

// RoundTrip is for the HTTP client.
func (d *reader) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		raw, err = nil, fmt.Errorf("it is longer than %d MiB", maxAnswer>>20)
	}
	if got, ok := req.Context().Value(saidKey{}).(*said); ok {
		got.status, got.header, got.body, got.broken = resp.StatusCode, resp.Header, raw, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, nil
}

// CloseIdleConnections is asked for by the client.
func (d *reader) CloseIdleConnections() {
	if c, ok := d.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
