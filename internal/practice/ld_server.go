package practice

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"mayday/internal/fault"
)

// LDOptions of the practice LaunchDarkly. Only Token matters to most.
type LDOptions struct {
	// Token is the access token that callers of the REST API must present.
	Token string
	// SDKKey opens the stream; without it nobody may read the stream.
	SDKKey string
	// Project and Environment are "web" and "production" unless set. There is an
	// environment "test" beside it.
	Project, Environment string
	Now                  func() time.Time
	Log                  *slog.Logger
}

// LaunchDarkly behaves like LaunchDarkly towards Mayday: flags with semantic
// patches, an audit log, environments that want approvals, conflicts, limits, and
// the stream that SDKs read. It is an http.Handler, and has a page for people.
type LaunchDarkly struct {
	token, sdkKey string
	project       string
	environment   string
	environments  []string
	shop          shop
	now           func() time.Time
	log           *slog.Logger
	mux           http.Handler
	done          chan struct{} // closed when it closes

	mu        sync.Mutex
	closed    bool
	flags     []*ldFlag
	audit     []ldEntry
	journal   []*LDReceived
	approvals map[string]bool // environments that want one
	denied    map[string]bool // actions that the token lacks
	hidden    bool            // dependants are not told
	budget    budget
	faults    []*ldFault
	requests  int // approval requests made
	stream    ldStream

	handlers sync.WaitGroup
	servers  sync.WaitGroup
	server   *http.Server
}

// NewLaunchDarkly makes one with the flags of the pretend shop. Close it.
func NewLaunchDarkly(o LDOptions) (*LaunchDarkly, error) {
	if o.Token == "" {
		return nil, errors.New("the practice LaunchDarkly needs a token")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Project == "" {
		o.Project = "web"
	}
	if o.Environment == "" {
		o.Environment = "production"
	}
	l := &LaunchDarkly{
		token: o.Token, sdkKey: o.SDKKey, project: o.Project, environment: o.Environment,
		environments: []string{o.Environment, "test"}, shop: newShop(nil), now: o.Now, log: o.Log,
		done: make(chan struct{}), approvals: map[string]bool{}, denied: map[string]bool{}, budget: budget{left: -1},
	}
	l.flags = l.shopFlags()
	l.stream.changed = make(chan struct{})
	l.mux = l.routes()
	return l, nil
}

// Start serves on an address of loopback, "127.0.0.1:0", and answers the base of
// the REST API, which is that of the stream and of the page as well.
func (l *LaunchDarkly) Start(address string) (string, error) {
	listener, err := Listen(address)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil || l.closed {
		_ = listener.Close()
		return "", errors.New("the practice LaunchDarkly is serving already, or closed")
	}
	server := &http.Server{Handler: Recorded("launchdarkly", l), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	l.server = server
	l.servers.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("the practice LaunchDarkly stopped serving", "error", err)
		}
	})
	return "http://" + listener.Addr().String(), nil
}

// ServeHTTP answers the REST API, the stream and the page.
func (l *LaunchDarkly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	l.handlers.Add(1)
	l.mu.Unlock()
	defer l.handlers.Done()
	l.mux.ServeHTTP(w, r)
}

// Close lets go of everything that is held, stops serving, and returns when the
// last request has ended.
func (l *LaunchDarkly) Close() {
	l.mu.Lock()
	server, again := l.server, l.closed
	l.closed = true
	l.mu.Unlock()
	if !again {
		close(l.done)
	}
	if server != nil {
		_ = server.Close()
	}
	l.handlers.Wait()
	l.servers.Wait()
}

// find picks a flag, under mu.
func (l *LaunchDarkly) find(key string) (*ldFlag, bool) {
	n := slices.IndexFunc(l.flags, func(f *ldFlag) bool { return f.key == key })
	if n < 0 {
		return nil, false
	}
	return l.flags[n], true
}

func (l *LaunchDarkly) named(key string) (*ldFlag, error) {
	f, ok := l.find(key)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "E23", "The pretend shop has no flag %s.", key)
	}
	return f, nil
}
