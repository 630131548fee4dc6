package kubernetes

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"mayday/internal/clustertest"
)

// gate stands between a fleet and the API server. It counts the changes that
// reach it, and can break them off before or after the server has them, or do
// something of its own in between.
type gate struct {
	kubeconfig string

	free, late chan struct{} // a held change goes on; it has been made

	mu     sync.Mutex
	seen   []string // changes that are no dry run, "PATCH /apis/…"
	before func(*http.Request)
	fate   fate
	only   string        // the fate is that of this method alone; "" is all
	down   bool          // nothing is answered at all
	failed int           // how many requests are still to be broken off
	stop   chan struct{} // requests wait until it is closed; nil: they do not
	said   int           // what the server answered to the last change that reached it
}

type fate int

const (
	through    fate = iota
	dropBefore      // the connection breaks and the server never sees the change
	dropAfter       // the server has made it and the answer is lost
	answer503
	answer503After
	hold // the change waits, and is made after its sender has given up
)

func newGate(t testing.TB, s *clustertest.Space) *gate {
	t.Helper()
	cfg := s.Config()
	to, err := url.Parse(cfg.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), free: make(chan struct{}), late: make(chan struct{})}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)} // senders that give up are what it is for
	server := httptest.NewServer(g.handler(proxy))
	t.Cleanup(server.Close)
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"gate": {Server: server.URL}}, AuthInfos: map[string]*clientcmdapi.AuthInfo{"gate": {}},
		Contexts: map[string]*clientcmdapi.Context{"gate": {Cluster: "gate", AuthInfo: "gate"}}, CurrentContext: "gate",
	}, g.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *gate) handler(proxy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		before, fate, down, stop := g.before, g.fate, g.down || g.failed > 0, g.stop
		g.failed--
		changes := changes(r)
		if g.only != "" && g.only != r.Method {
			fate = through
		}
		if changes {
			g.seen = append(g.seen, r.Method+" "+r.URL.Path)
		}
		g.mu.Unlock()
		if stop != nil {
			<-stop
		}
		if down {
			panic(http.ErrAbortHandler)
		}
		if !changes {
			proxy.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body) // what has arrived stays, whatever becomes of the sender
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if before != nil {
			before(r)
		}
		switch fate {
		case hold:
			<-r.Context().Done()
			<-g.free
			g.forward(proxy, r.WithContext(context.WithoutCancel(r.Context())))
			close(g.late)
		case dropBefore:
			panic(http.ErrAbortHandler)
		case dropAfter:
			g.forward(proxy, r)
			panic(http.ErrAbortHandler)
		case answer503, answer503After:
			if fate == answer503After {
				g.forward(proxy, r)
			}
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			proxy.ServeHTTP(w, r)
		}
	})
}

// forward makes a change and keeps the answer to itself.
func (g *gate) forward(proxy http.Handler, r *http.Request) {
	answer := httptest.NewRecorder()
	proxy.ServeHTTP(answer, r)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said = answer.Code
}

// changed reports whether the server has made the last change.
func (g *gate) changed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.said == http.StatusOK
}

// changes tells requests that change something; reviews and dry runs do not.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == "" && !strings.Contains(r.URL.Path, "/authorization.k8s.io/")
}

func (g *gate) set(f fate, before func(*http.Request)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fate, g.before, g.seen, g.said = f, before, nil, 0
}

// stall makes every request wait until it is released.
func (g *gate) stall() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stop := make(chan struct{})
	g.stop = stop
	return func() { close(stop) }
}

// failNext breaks off the next n requests.
func (g *gate) failNext(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed = n
}

func (g *gate) shut(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.seen)
}
