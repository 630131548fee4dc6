package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"mayday/integrations"
)

const (
	readTimeout = 5 * time.Second
	actTimeout  = 10 * time.Second
	maxAnswer   = 8 << 20
)

// Trouble on our side of the wire, in words that may be shown.
var (
	errTooLong  = errors.New("the answer is longer than 8 MiB")
	errNoSecret = errors.New("its token or password cannot be read")
	errStrange  = errors.New("the answer is not what Alertmanager answers")
)

// api makes single calls to the API v2; nothing here repeats one.
type api struct {
	own   settings
	reads *http.Client
	acts  *http.Client
}

func newAPI(s settings) *api {
	// A redirect would carry the password, or the change, to wherever it points.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// A change gets a connection of its own: on one that was used before, a close
	// by the server cannot be told from a lost answer, and the transport may repeat.
	var one http.Protocols
	one.SetHTTP1(true)
	return &api{own: s,
		reads: &http.Client{Timeout: readTimeout, CheckRedirect: stay, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}},
		acts: &http.Client{Timeout: actTimeout, CheckRedirect: stay, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, DisableKeepAlives: true, Protocols: &one}},
	}
}

func (a *api) close() {
	a.reads.CloseIdleConnections()
	a.acts.CloseIdleConnections()
}

// answer is what Alertmanager said.
type answer struct {
	status int
	body   []byte
	broken error // the body could not be read to its end; the status counts all the same
}

// get reads. found is false on a 404, which tells no more than that somebody does
// not know the path: an ingress that has no backend says it as well, and so does
// Alertmanager when its route prefix is missing in the url.
func (a *api) get(ctx context.Context, path string, out any) (found bool, err error) {
	req, err := a.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return false, unreachable(err)
	}
	said, err := do(a.reads, req)
	switch {
	case err != nil:
		return false, unreachable(err)
	case said.status == http.StatusNotFound:
		return false, nil
	case said.status >= 500:
		return false, unreachable(fmt.Errorf("%w: %d", errStatus, said.status))
	case said.status != http.StatusOK:
		return false, refused(said)
	case said.broken != nil:
		return false, unreachable(said.broken)
	}
	if out != nil && json.Unmarshal(said.body, out) != nil {
		return false, unreachable(errStrange)
	}
	return true, nil
}

// listOf reads a list. Alertmanager answers an empty one with [], so that neither
// a 404 nor null says that there is nothing.
func listOf[T any](ctx context.Context, a *api, path string) ([]T, error) {
	var out []T
	found, err := a.get(ctx, path, &out)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, refused(answer{status: http.StatusNotFound})
	case out == nil:
		return nil, unreachable(errStrange)
	}
	return out, nil
}

var errStatus = errors.New("it answers")

// change sends one request that changes something. sent tells whether the first
// byte may have left: when it is false, nothing happened.
func (a *api) change(ctx context.Context, method, path string, in any) (said answer, sent bool, err error) {
	var raw []byte
	if in != nil {
		if raw, err = json.Marshal(in); err != nil {
			return answer{}, false, fmt.Errorf("write the request: %w", err)
		}
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := a.request(ctx, method, path, raw)
	if err != nil {
		return answer{}, false, err
	}
	said, err = do(a.acts, req)
	return said, connected.Load(), err
}

func (a *api) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.own.URL+"/api/v2"+path, reader)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	req.GetBody = nil // without it the transport cannot repeat a request
	req.Header.Set("User-Agent", "mayday")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, a.sign(req)
}

func (a *api) sign(req *http.Request) error {
	switch {
	case !a.own.APIToken.IsZero():
		token, err := a.own.APIToken.Reveal()
		if err != nil {
			return errNoSecret
		}
		req.Header.Set("Authorization", "Bearer "+token)
	case !a.own.Password.IsZero():
		password, err := a.own.Password.Reveal()
		if err != nil {
			return errNoSecret
		}
		req.SetBasicAuth(a.own.User, password)
	}
	return nil
}

func do(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	said := answer{status: resp.StatusCode}
	said.body, said.broken = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(said.body) > maxAnswer {
		said.body, said.broken = nil, errTooLong
	}
	return said, nil
}

// unreachable is E5: nothing was learnt, and nothing was done.
func unreachable(err error) *integrations.Rejected {
	r := &integrations.Rejected{Code: "E5", Why: "I can't reach Alertmanager (" + inWords(err) + ").", Fix: "Try again, or do it in Alertmanager by hand."}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		if errors.Is(err, known) {
			r.Err = known
		}
	}
	if errors.Is(err, errNoSecret) {
		r.Code, r.Fix = "E24", "Give alertmanager a password or api_token that can be read."
	}
	return r
}

// inWords says what went wrong. The errors of net/http repeat the address, which
// may be internal, so they are put into words of our own.
func inWords(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, errTooLong), errors.Is(err, errNoSecret), errors.Is(err, errStrange), errors.Is(err, errStatus):
		return err.Error()
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout"
	case errors.As(err, &op) && op.Op == "dial":
		return "the connection was refused or cannot be made"
	}
	return "the connection broke"
}

// refused says that Alertmanager, or the proxy in front of it, said no.
func refused(said answer) *integrations.Rejected {
	r := &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("Alertmanager said no (%d%s).", said.status, reason(said.body)), Fix: "Change it, or do it in Alertmanager by hand."}
	switch {
	case said.status == http.StatusUnauthorized || said.status == http.StatusForbidden:
		r.Code, r.Fix = "E6", "Check user and password, or api_token, of alertmanager."
	case said.status/100 == 3, said.status == http.StatusNotFound, said.status == http.StatusMethodNotAllowed:
		r.Fix = "Check alertmanager.url: it ends before /api/v2."
	}
	return r
}

// reason is what Alertmanager gave as the reason: a JSON text, or an object with
// a message. It is untrusted.
func reason(body []byte) string {
	var object struct {
		Message string `json:"message"`
	}
	var text string
	if json.Unmarshal(body, &text) != nil && json.Unmarshal(body, &object) == nil {
		text = object.Message
	}
	if text = integrations.Clip(integrations.OneLine(strings.TrimSpace(text)), 200); text == "" {
		return ""
	}
	return ": " + text
}
