package launchdarkly

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// ending is the transport of the SDK, which by itself goes on trying to connect
// after it was closed. Once ended, calls under way stop, and each is answered 401:
// the one answer after which the SDK gives up.
type ending struct {
	base *http.Transport
	done chan struct{}
	once sync.Once
}

func newEnding() *ending {
	return &ending{done: make(chan struct{}), base: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: readTimeout, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
	}}
}

func (e *ending) client() *http.Client { return &http.Client{Transport: e} }

// RoundTrip makes a call that stops when the SDK ends.
func (e *ending) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		select {
		case <-e.done:
		case <-ctx.Done():
		}
	}()
	resp, err := e.base.RoundTrip(r.WithContext(ctx))
	if e.ended() && err != nil {
		err, resp = nil, &http.Response{
			Status: "401 Unauthorized", StatusCode: http.StatusUnauthorized, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r,
		}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &lastRead{ReadCloser: resp.Body, cancel: cancel}
	return resp, nil
}

func (e *ending) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

func (e *ending) end() {
	e.once.Do(func() { close(e.done) })
	e.base.CloseIdleConnections()
}

// lastRead lets go of a call when its body is closed.
type lastRead struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (l *lastRead) Close() error {
	defer l.cancel()
	return l.ReadCloser.Close()
}
