package practice

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
)

// ldStream is what SDKs are told. changed is closed and made anew at each change.
type ldStream struct {
	changed chan struct{}
	news    []string // keys of flags that changed, in order
	paused  bool
	readers int
}

// PauseStream holds back what SDKs are told, until it is called with false.
func (l *LaunchDarkly) PauseStream(paused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream.paused = paused
	l.wake()
}

// Readers is how many SDKs read the stream.
func (l *LaunchDarkly) Readers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream.readers
}

// announce tells SDKs that a flag changed, under mu.
func (l *LaunchDarkly) announce(key string) {
	l.stream.news = append(l.stream.news, key)
	l.wake()
}

func (l *LaunchDarkly) wake() {
	close(l.stream.changed)
	l.stream.changed = make(chan struct{})
}

func (l *LaunchDarkly) streamRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /all", l.sdk(l.serveStream))
	taken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	mux.HandleFunc("POST /bulk", l.sdk(taken))
	mux.HandleFunc("POST /diagnostic", l.sdk(taken))
}

// sdk lets in who has the SDK key. An access token is not one.
func (l *LaunchDarkly) sdk(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if l.sdkKey == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(l.sdkKey)) != 1 {
			http.Error(w, "Invalid SDK key", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (l *LaunchDarkly) serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	event, at, changed := l.everything()
	defer l.leave()
	for {
		if _, err := w.Write(event); err != nil {
			return
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-l.done:
			return
		}
		event, at, changed = l.newsSince(at)
	}
}

func (l *LaunchDarkly) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream.readers--
}

// everything is the first event, and where the news go on after it.
func (l *LaunchDarkly) everything() (event []byte, at int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream.readers++
	flags := object{}
	for _, f := range l.flags {
		flags[f.key] = f.stream(l.environment)
	}
	event = sse("put", object{"path": "/", "data": object{"flags": flags, "segments": object{}}})
	return event, len(l.stream.news), l.stream.changed
}

func (l *LaunchDarkly) newsSince(at int) (events []byte, next int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream.paused {
		return []byte(":\n"), at, l.stream.changed
	}
	keys := slices.Clone(l.stream.news[at:])
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if f, ok := l.find(key); ok {
			events = append(events, sse("patch", object{"path": "/flags/" + key, "data": f.stream(l.environment)})...)
		}
	}
	return append(events, ":\n"...), len(l.stream.news), l.stream.changed
}

func sse(event string, data any) []byte {
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, frozen(data))
}
