package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/transport"
)

const (
	// tryTimeout is how long one try of a read may take, and how long it may take
	// to reach a server at all (E5).
	tryTimeout = 5 * time.Second
	// actTimeout is how long the answer to a change is waited for. Admission
	// webhooks may take 30 s, and the server gives up after 60.
	actTimeout = 40 * time.Second
)

// load reads the kubeconfig, or what a pod of the cluster is given.
func (s settings) load() (*rest.Config, error) {
	cfg, err := s.read()
	if err != nil {
		return nil, err
	}
	// JSON is what the patches are written in, and what the tests can read on the
	// wire; the lists are short enough for it.
	cfg.ContentType, cfg.AcceptContentTypes = "application/json", "application/json"
	cfg.UserAgent = "mayday/" + version()
	cfg.QPS = -1 // an incident is no time to wait for a limiter of our own
	cfg.Timeout = 0
	cfg.WarningHandler = rest.NoWarnings{} // they would go to the standard error of this process
	return cfg, nil
}

func (s settings) read() (*rest.Config, error) {
	if s.Kubeconfig == inCluster {
		return rest.InClusterConfig()
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: s.Kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: s.Context}).ClientConfig()
}

// version is that of this build, for the user agent.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
})

// stay follows no redirect: it would carry the token, or the change, to wherever
// it points.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// httpClient makes a client with a transport of its own, so that closing it
// closes what it holds. A change gets a connection of its own over HTTP/1: on one
// that was used before, a close by the server cannot be told from a lost answer,
// and the transport may repeat.
func httpClient(cfg *rest.Config, acts bool) (*http.Client, error) {
	tc, err := cfg.TransportConfig()
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	tls, err := transport.TLSConfigFor(tc)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	base := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: tls, TLSHandshakeTimeout: tryTimeout,
		DialContext:         (&net.Dialer{Timeout: tryTimeout, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	if tc.Proxy != nil {
		base.Proxy = tc.Proxy
	}
	if tc.DialHolder != nil {
		base.DialContext = tc.DialHolder.Dial
	}
	if acts {
		var one http.Protocols
		one.SetHTTP1(true)
		base.Protocols, base.DisableKeepAlives, base.ForceAttemptHTTP2 = &one, true, false
	}
	wrapped, err := transport.HTTPWrappersForConfig(tc, single{base})
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	return &http.Client{Transport: wrapped, CheckRedirect: stay}, nil
}

// single keeps the transport and client-go from repeating a request by themselves:
// without GetBody the one cannot; without Retry-After, and with errors that it does
// not know, the other does not. Reads are repeated by read, where it is counted.
type single struct{ next http.RoundTripper }

// RoundTrip makes one try.
func (o single) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.GetBody != nil {
		req = req.Clone(req.Context())
		req.GetBody = nil
	}
	resp, err := o.next.RoundTrip(req)
	if err != nil {
		return nil, &wireError{err}
	}
	resp.Header.Del("Retry-After")
	return resp, nil
}

// wireError hides from client-go what broke on the wire, and the address with it.
type wireError struct{ err error }

func (e *wireError) Error() string { return "no answer" }

// Is lets callers ask whether a context ended, and nothing else.
func (e *wireError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.err, target)
}

// CloseIdleConnections reaches the transport below.
func (o single) CloseIdleConnections() {
	if c, ok := o.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
