package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/internal/config"
)

// TestADeadlineIsForTheBody: it ends a body that does not come, not the work that
// comes after one that is there.
func TestADeadlineIsForTheBody(t *testing.T) {
	const patience = 50 * time.Millisecond
	heard := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := readBody(w, r, apiBody, patience); err != nil {
			heard <- err
			return
		}
		select {
		case <-r.Context().Done():
			heard <- r.Context().Err()
		case <-time.After(5 * patience): // work that takes longer than a body may
			heard <- nil
		}
	}))
	t.Cleanup(srv.Close)
	for _, body := range []string{"", "{}"} {
		if status, _, _ := call(t, "POST", srv.URL, "", body); status != http.StatusOK {
			t.Errorf("body %q: %d", body, status)
		}
		if err := <-heard; err != nil {
			t.Errorf("body %q: the work was ended: %v", body, err)
		}
	}
	stalled, more := io.Pipe()
	t.Cleanup(func() { _ = more.Close() })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, stalled)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
	if err := <-heard; err == nil {
		t.Error("a body that never comes is waited for")
	}
}

// timed remembers the last deadline for reading.
type timed struct {
	*httptest.ResponseRecorder
	set  int
	last time.Time
}

func (d *timed) SetReadDeadline(at time.Time) error { d.set, d.last = d.set+1, at; return nil }

func (*timed) SetWriteDeadline(time.Time) error { return nil }

// TestNoDeadlineIsLeft by any route that reads a body, and by the doors.
func TestNoDeadlineIsLeft(t *testing.T) {
	o := newWorld().options()
	o.Backup = func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader("db")), 2, nil
	}
	o.Doors = []Door{{Path: "/hooks/x", Receive: func(context.Context, http.Header, []byte) error { return nil }}}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/hooks/x"}
	for _, rt := range s.apiRoutes() {
		if rt.method == http.MethodPost {
			paths = append(paths, apiRoot+strings.NewReplacer("{id}", "b", "{name}", "n").Replace(rt.path))
		}
	}
	for _, path := range paths {
		for body, left := range map[string]bool{"": false, "{}": false, strings.Repeat("x", doorBody+1): true} {
			w := &timed{ResponseRecorder: httptest.NewRecorder()}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
			r.Host = "127.0.0.1"
			r.Header.Set("Authorization", "Bearer "+demoToken)
			s.Handler().ServeHTTP(w, r)
			if w.set == 0 || w.last.IsZero() == left {
				t.Errorf("POST %s with %d bytes: set %d times, last to %v", path, len(body), w.set, w.last)
			}
		}
	}
}

// breaking is a copy that cannot be read to its end.
type breaking struct{ io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("input/output error")
	}
	return n, err
}

func (breaking) Close() error { return nil }

// lengthless is what masking secrets makes of an answer: its length is not told.
func lengthless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unmeasured{w}, r) })
}

type unmeasured struct{ http.ResponseWriter }

func (u unmeasured) Write(p []byte) (int, error) {
	u.Header().Del("Content-Length")
	return u.ResponseWriter.Write(p)
}

func (u unmeasured) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// TestABrokenBackupIsCutOff: whoever reads it sees that it is not whole, also
// where no length says so, and over HTTP/2.
func TestABrokenBackupIsCutOff(t *testing.T) {
	whole := strings.Repeat("SQLite", 100_000)
	var mu sync.Mutex
	var from io.ReadCloser
	o := newWorld().options()
	o.Tokens = append(o.Tokens, Token{Name: "boss", Role: "admin", Token: config.NewSecret("boss-token")})
	o.Backup = func(context.Context) (io.ReadCloser, int64, error) {
		mu.Lock()
		defer mu.Unlock()
		return from, int64(len(whole)), nil
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, two := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(lengthless(s.Handler()))
		srv.EnableHTTP2 = two
		srv.StartTLS()
		t.Cleanup(srv.Close)
		for name, c := range map[string]struct {
			from io.ReadCloser
			ok   bool
		}{
			"whole":   {io.NopCloser(strings.NewReader(whole)), true},
			"broken":  {breaking{strings.NewReader(whole[:400_000])}, false},
			"at once": {breaking{strings.NewReader("")}, false},
			"short":   {io.NopCloser(strings.NewReader(whole[:400_000])), false},
		} {
			mu.Lock()
			from = c.from
			mu.Unlock()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/v1/backup", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer boss-token")
			resp, err := srv.Client().Do(r)
			got := []byte{}
			if err == nil {
				if c.ok && (resp.ContentLength >= 0 || (resp.ProtoMajor == 2) != two) {
					t.Errorf("%s: %s with length %d", name, resp.Proto, resp.ContentLength)
				}
				got, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			if (err == nil) != c.ok || c.ok && string(got) != whole {
				t.Errorf("HTTP/2 %t, %s: %d bytes, %v", two, name, len(got), err)
			}
		}
	}
}
