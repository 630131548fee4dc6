package clustertest

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

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Moment is where a change is held.
type Moment int

const (
	// BeforeApply holds a change before the server has seen it.
	BeforeApply Moment = iota + 1
	// AfterApply holds the answer to a change that the server has made.
	AfterApply
)

// Gate stands between a program and the API server, with an administrator's
// rights. It counts the changes that the server made, and can hold the next one.
type Gate struct {
	// Kubeconfig is the path of a file that leads through the gate.
	Kubeconfig string

	proxy   http.Handler
	changed sync.WaitGroup // changes on their way

	mu   sync.Mutex
	made int
	held *Held
}

// Held is a change that waits in a gate.
type Held struct {
	at      Moment
	reached chan struct{}
	free    chan struct{}
	once    sync.Once
}

// Reached is closed when a change waits.
func (h *Held) Reached() <-chan struct{} { return h.reached }

// Release lets it go on, whether or not its sender still lives; it may be called twice.
func (h *Held) Release() { h.once.Do(func() { close(h.free) }) }

// Gate opens one, until the test ends.
func (s *Space) Gate() *Gate {
	s.tb.Helper()
	config := s.Config()
	to, err := url.Parse(config.Host)
	if err != nil {
		s.tb.Fatalf("read the address of the cluster: %v", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		s.tb.Fatalf("make a way to the cluster: %v", err)
	}
	g := &Gate{Kubeconfig: filepath.Join(s.tb.TempDir(), "kubeconfig")}
	g.proxy = &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)} // senders that die are what it is for
	server := httptest.NewServer(g)
	s.tb.Cleanup(func() {
		g.Settle()
		server.Close()
	})
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"gate": {Server: server.URL}}, AuthInfos: map[string]*clientcmdapi.AuthInfo{"gate": {}},
		Contexts: map[string]*clientcmdapi.Context{"gate": {Cluster: "gate", AuthInfo: "gate"}}, CurrentContext: "gate",
	}, g.Kubeconfig)
	if err != nil {
		s.tb.Fatalf("write a kubeconfig: %v", err)
	}
	return g
}

// Hold makes the next change wait.
func (g *Gate) Hold(at Moment) *Held {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = &Held{at: at, reached: make(chan struct{}), free: make(chan struct{})}
	return g.held
}

// Settle lets go what is held and waits until no change is on its way.
func (g *Gate) Settle() {
	g.mu.Lock()
	if g.held != nil {
		g.held.Release()
	}
	g.mu.Unlock()
	g.changed.Wait()
}

// Made is how many changes the server has made and said so.
func (g *Gate) Made() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.made
}

// ServeHTTP passes a request on.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !changes(r) {
		g.proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its sender died before all of it had arrived
	}
	g.changed.Add(1)
	defer g.changed.Done()
	r.Body = io.NopCloser(bytes.NewReader(body))
	held := g.take()
	held.wait(BeforeApply)
	answer := httptest.NewRecorder()
	g.proxy.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context()))) // what has left arrives
	if answer.Code/100 == 2 {
		g.mu.Lock()
		g.made++
		g.mu.Unlock()
	}
	held.wait(AfterApply)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // nobody may be there to read it
}

// take is the hold that the next change runs into.
func (g *Gate) take() *Held {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		return nil
	}
	select {
	case <-g.held.reached:
		return nil // another change waits there
	default:
		return g.held
	}
}

func (h *Held) wait(at Moment) {
	if h == nil || h.at != at {
		return
	}
	close(h.reached)
	<-h.free
}

// changes tells requests that change something; reviews and dry runs do not.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == "" && !strings.Contains(r.URL.Path, "/authorization.k8s.io/")
}
