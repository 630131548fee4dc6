package practice

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// LoopbackURL parses an address and insists that it is on this machine.
func LoopbackURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the target's address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the target %q is no http address", address)
	}
	if !loopbackHost(u.Hostname()) {
		return nil, fmt.Errorf("the target %q is not on loopback: the practice range talks to this machine only", address)
	}
	return u, nil
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// LoopbackClient refuses every connection that would leave this machine, even
// if a name like localhost resolves to something else, and follows no redirect.
func LoopbackClient(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil || !loopbackHost(host) {
			return fmt.Errorf("%s is not on loopback", address)
		}
		return nil
	}}
	return &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 16},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Listen opens a listener on loopback.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read the listen address: %w", err)
	}
	if !loopbackHost(host) {
		return nil, fmt.Errorf("listen on %s: the practice range listens on loopback only", address)
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	if !loopbackHost(l.Addr().(*net.TCPAddr).IP.String()) {
		_ = l.Close()
		return nil, fmt.Errorf("listen on %s: the practice range listens on loopback only", address)
	}
	return l, nil
}
