package launchdarkly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"mayday/internal/config"
)

const (
	readTimeout = 5 * time.Second
	actTimeout  = 10 * time.Second
	maxAnswer   = 8 << 20

	dated         = "20240415" // the newest dated version of the API
	beta          = "beta"     // opens what is not finished, like dependants
	semanticPatch = "application/json; domain-model=launchdarkly.semanticpatch"
	plainJSON     = "application/json"
)

// errTooLong and errNoToken are trouble on our side of the wire.
var (
	errTooLong = errors.New("the answer is longer than 8 MiB")
	errNoToken = errors.New("the token cannot be read")
)

// api makes single calls to the REST API; nothing here repeats one.
type api struct {
	base  string
	token config.Secret
	reads *http.Client
	acts  *http.Client
}

func newAPI(s settings) *api {
	// A redirect would carry the token, or the change, to wherever it points.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// A change gets a connection of its own: on one that was used before, a close
	// by the server cannot be told from a lost answer, and the transport may repeat.
	var one http.Protocols
	one.SetHTTP1(true)
	return &api{
		base: s.APIURL, token: s.Token,
		reads: &http.Client{Timeout: readTimeout, CheckRedirect: stay, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, MaxIdleConnsPerHost: 4,
			IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		}},
		acts: &http.Client{Timeout: actTimeout, CheckRedirect: stay, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, DisableKeepAlives: true, Protocols: &one,
		}},
	}
}

func (a *api) close() {
	a.reads.CloseIdleConnections()
	a.acts.CloseIdleConnections()
}

// answer is what LaunchDarkly said.
type answer struct {
	status int
	header http.Header
	body   []byte
	broken error // the body could not be read to its end; the status counts all the same
}

// path joins escaped segments: "flags", project, key.
func path(segments ...string) string {
	out := "/api/v2"
	for _, s := range segments {
		out += "/" + url.PathEscape(s)
	}
	return out
}

// get reads. Its error says that nothing was learnt, as a refusal: a read that
// fails has changed nothing.
func (a *api) get(ctx context.Context, version, path string, out any) error {
	req, err := a.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return unreachable(err)
	}
	req.Header.Set("LD-API-Version", version)
	said, err := do(a.reads, req)
	switch {
	case err != nil:
		return unreachable(err)
	case said.status >= 500:
		return unreachable(fmt.Errorf("answer %d", said.status))
	case said.status != http.StatusOK:
		return refused(said, "")
	case said.broken != nil:
		return unreachable(said.broken)
	}
	if err := json.Unmarshal(said.body, out); err != nil {
		return unreachable(errNotUnderstood)
	}
	return nil
}

var errNotUnderstood = errors.New("the answer is not what LaunchDarkly answers")

// change sends one request that changes something. sent tells whether the first
// byte may have left: when it is false, nothing happened.
func (a *api) change(ctx context.Context, method, path, kind string, in any) (said answer, sent bool, err error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return answer{}, false, fmt.Errorf("write the request: %w", err)
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := a.request(ctx, method, path, raw)
	if err != nil {
		return answer{}, false, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("LD-API-Version", dated)
	said, err = do(a.acts, req)
	return said, connected.Load(), err
}

func (a *api) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	token, err := a.token.Reveal()
	if err != nil {
		return nil, errNoToken
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, reader)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	req.GetBody = nil // without it the transport cannot repeat a request
	req.Header.Set("Authorization", token)
	req.Header.Set("User-Agent", "mayday")
	return req, nil
}

func do(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	said := answer{status: resp.StatusCode, header: resp.Header}
	said.body, said.broken = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(said.body) > maxAnswer {
		said.body, said.broken = nil, errTooLong
	}
	return said, nil
}
