package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"mayday/integrations"
)

const (
	readTimeout = 5 * time.Second
	maxAnswer   = 8 << 20
)

// Trouble on our side of the wire, in words that may be shown.
var (
	errTooLong  = errors.New("the answer is longer than 8 MiB")
	errNoSecret = errors.New("the token or password cannot be read")
	errPartial  = errors.New("only a part of the data answered")
)

// api asks single questions; nothing here repeats one.
type api struct {
	v1        v1.API
	transport *http.Transport
}

func newAPI(s settings) (*api, error) {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, ResponseHeaderTimeout: readTimeout,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	c, err := client.NewClient(client.Config{Address: s.URL, Client: &http.Client{
		Transport: &door{own: s, next: transport}, Timeout: readTimeout,
		// A redirect would carry the token to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &api{v1: v1.NewAPI(c), transport: transport}, nil
}

func (a *api) close() { a.transport.CloseIdleConnections() }

// now asks for the value at this moment.
func (a *api) now(ctx context.Context, expr string) (model.Value, error) {
	v, warnings, _, err := a.v1.Query(ctx, expr, time.Now(), v1.WithTimeout(readTimeout))
	if err != nil {
		return nil, refused(err)
	}
	return v, complete(warnings)
}

// between asks for values over time.
func (a *api) between(ctx context.Context, expr string, r v1.Range) (model.Value, error) {
	v, warnings, _, err := a.v1.QueryRange(ctx, expr, r, v1.WithTimeout(readTimeout))
	if err != nil {
		return nil, refused(err)
	}
	return v, complete(warnings)
}

// complete refuses an answer that says it lacks something, as a federated store
// does when one of its parts is away: a sum without a part is a wrong figure.
// Remarks about the expression begin with "PromQL" and take nothing away.
func complete(warnings v1.Warnings) error {
	for _, w := range warnings {
		if !strings.HasPrefix(w, "PromQL") {
			return refused(fmt.Errorf("%w: %s", errPartial, integrations.Clip(integrations.OneLine(w), longestWords)))
		}
	}
	return nil
}

// door adds who we are to each request and keeps answers to a size.
type door struct {
	own  settings
	next http.RoundTripper
}

// RoundTrip reads the secret anew each time, so that a rotated one is taken
// without a restart.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", "mayday")
	if err := d.sign(req); err != nil {
		return nil, err
	}
	resp, err := d.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &limited{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

func (d *door) sign(req *http.Request) error {
	switch {
	case !d.own.Token.IsZero():
		token, err := d.own.Token.Reveal()
		if err != nil {
			return errNoSecret
		}
		req.Header.Set("Authorization", "Bearer "+token)
	case !d.own.Password.IsZero():
		password, err := d.own.Password.Reveal()
		if err != nil {
			return errNoSecret
		}
		req.SetBasicAuth(d.own.User, password)
	}
	return nil
}

// limited fails, rather than ends, after its limit: a cut answer is no answer.
type limited struct {
	io.ReadCloser
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.ReadCloser.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
