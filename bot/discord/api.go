package discord

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

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
	"mayday/internal/config"
)

const (
	callTimeout = 8 * time.Second
	maxAnswer   = 4 << 20
	userAgent   = "DiscordBot (https://github.com/bwmarrin/discordgo, 0.29.0) mayday"
	// silent is below every level of discordgo's log, which would go to standard
	// error.
	silent = -1
)

// api makes single calls through discordgo. Nothing here waits or repeats: the
// limits are kept in the budget, which answers how long to stay away.
type api struct {
	base    *url.URL
	token   config.Secret
	client  *http.Client
	budget  *chat.Budget
	buckets *buckets
	told    func(error) // how each call went
	refused refusedToken
}

func newAPI(own settings, budget *chat.Budget) *api {
	a := &api{base: own.base, token: own.Token, budget: budget, told: func(error) {}}
	a.buckets = newBuckets(a.budget)
	next := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: callTimeout, MaxIdleConnsPerHost: 8,
		IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	// A redirect would carry the token, or the message, to wherever it points.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.client = &http.Client{Transport: &door{base: own.base, next: next}, CheckRedirect: stay}
	return a
}

// call is one request.
type call struct {
	method string
	url    string // of discordgo's endpoints, query and all
	route  string // its bucket: method, path and what it is about
	weight chat.Weight
	in     any    // JSON, unless raw is set
	raw    []byte // a body as it is, of the type kind
	kind   string
	out    any
	// answer marks the endpoints of interactions: their own token stands in the
	// path, and they have limits of their own.
	answer bool
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
	token, err := a.token.Reveal()
	if err != nil {
		err := &trouble{tokenless: true, err: fmt.Errorf("read the token: %w", err)}
		a.told(err)
		return err
	}
	if a.refused.other(token) {
		a.budget.Accepted() // that one was refused, this one was not yet
	}
	keys := a.buckets.keys(c)
	if c.answer {
		// Interactions have limits of their own, in buckets that live as long as
		// their tokens: nothing is learnt from them, a ban holds for them too.
		keys = []string{keyAnswers}
	}
	if wait := a.budget.Take(c.weight, keys...); wait > 0 {
		return &trouble{local: true, after: wait, err: fmt.Errorf("the budget has no room for %s", c.route)}
	}
	got, err := a.exchange(ctx, c, token)
	if err == nil {
		err = a.judge(c, got)
	}
	if t := troubleOf(err); t != nil && t.status == http.StatusUnauthorized && !c.answer {
		a.refused.set(token)
	}
	if !c.answer && ctx.Err() == nil {
		a.told(err)
	}
	return err
}

func (a *api) exchange(ctx context.Context, c call, token string) (*said, error) {
	raw, kind := c.raw, c.kind
	if raw == nil && c.in != nil {
		var err error
		if raw, err = json.Marshal(c.in); err != nil {
			return nil, &trouble{status: http.StatusBadRequest, err: fmt.Errorf("write the request: %w", err)}
		}
		kind = "application/json"
	}
	got := &said{}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, saidKey{}, got), callTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { got.sent.Store(true) },
	})
	s := &discordgo.Session{Client: a.client, UserAgent: userAgent, LogLevel: silent, MaxRestRetries: 0}
	if !c.answer {
		s.Token = "Bot " + token
	}
	// A limiter of its own for each request: the library's shared one sleeps.
	bucket := discordgo.NewRatelimiter().LockBucket(c.route)
	_, err := s.RequestWithLockedBucket(c.method, c.url, kind, raw, bucket, 0,
		discordgo.WithContext(ctx), discordgo.WithRetryOnRatelimit(false), discordgo.WithRestRetries(0))
	if got.status != 0 {
		return got, nil // what was said counts, not what the library makes of it
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return nil, &trouble{sent: got.sent.Load(), err: fmt.Errorf("%s: %w", c.route, chat.Unaddressed(err))}
}

// judge learns from an answer and decodes it.
func (a *api) judge(c call, got *said) error {
	if !c.answer {
		a.buckets.learn(c, got.header)
	}
	if got.status >= 300 {
		t := newTrouble(c, got)
		a.punish(c, t)
		return t
	}
	if !c.answer {
		a.budget.Accepted()
	}
	if got.broken != nil {
		return &trouble{sent: true, err: fmt.Errorf("%s: read the answer: %w", c.route, got.broken)}
	}
	if c.out == nil {
		return nil
	}
	if err := json.Unmarshal(got.body, c.out); err != nil {
		return &trouble{sent: true, err: fmt.Errorf("%s: the answer is not what Discord answers", c.route)}
	}
	return nil
}

// punish closes what a refusal is about, so that it is not asked for again.
func (a *api) punish(c call, t *trouble) {
	switch t.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		if t.scope != "shared" {
			a.budget.Invalid()
		}
	}
	switch {
	case t.banned:
		a.budget.Limited(keyGlobal, t.after)
		a.budget.Limited(keyAnswers, t.after)
	case c.answer, t.code == codeEditsCapped: // that is about one message
	case t.status == http.StatusUnauthorized:
		a.budget.Refused()
	case t.status == http.StatusTooManyRequests && t.global:
		a.budget.Limited(keyGlobal, t.after)
	case t.status == http.StatusTooManyRequests:
		a.budget.Limited(a.buckets.key(c), t.after)
	}
}

// door sends every request to the configured host, and reads the answer whole
// before discordgo sees it.
type door struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip is for the HTTP client.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host, out.Host = d.base.Scheme, d.base.Host, d.base.Host
	resp, err := d.next.RoundTrip(out)
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
