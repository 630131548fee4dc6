package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"mayday/internal/config"
)

const (
	restTimeout = 5 * time.Second
	maxAnswer   = 4 << 20
)

// api makes single calls to the REST API; nothing here repeats one.
//
// The vendor's client sets the headers and defines the errors. Its typed calls
// are not used: they drop the answer's headers, which say how long to wait, cut
// the error chain of a timeout, and do not know PUT /incidents/{id}.
type api struct {
	base  string
	token config.Secret
	http  *http.Client
}

func newAPI(base string, token config.Secret) *api {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSHandshakeTimeout:   restTimeout,
		ResponseHeaderTimeout: restTimeout,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
	}
	return &api{base: base, token: token, http: &http.Client{
		Transport: transport,
		Timeout:   restTimeout,
		// A redirect would carry the token to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (a *api) close() { a.http.CloseIdleConnections() }

// request is one call. from is the user in whose name a change is made.
type request struct {
	method string
	path   string
	from   string
	in     any
	out    any
}

func (a *api) send(ctx context.Context, r request) error {
	key, err := a.token.Reveal()
	if err != nil {
		return fmt.Errorf("read pagerduty.token: %w", err)
	}
	var body io.Reader
	if r.in != nil {
		raw, err := json.Marshal(r.in)
		if err != nil {
			return fmt.Errorf("write the request to PagerDuty: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, a.base+r.path, body)
	if err != nil {
		return fmt.Errorf("build the request to PagerDuty: %w", err)
	}
	if r.from != "" {
		req.Header.Set("From", r.from)
	}
	client := pagerduty.NewClient(key)
	client.HTTPClient = a.http
	resp, err := client.Do(req, true)
	if err != nil {
		return fmt.Errorf("reach PagerDuty: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	return answer(resp, r.out)
}

func answer(resp *http.Response, out any) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read PagerDuty's answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return classify(resp, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read PagerDuty's answer: %w", err)
	}
	return nil
}
