package practice

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testToken = "pretend-key"
	json2     = "application/vnd.pagerduty+json;version=2"
)

// inbox is a receiver that answers what it is told to and keeps what came.
type inbox struct {
	mu     sync.Mutex
	got    []*http.Request
	bodies [][]byte
	answer func(n int, r *http.Request) int
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	i.got = append(i.got, r)
	i.bodies = append(i.bodies, body)
	n := len(i.got)
	i.mu.Unlock()
	status := http.StatusAccepted
	if i.answer != nil {
		status = i.answer(n, r)
	}
	w.WriteHeader(status)
}

func (i *inbox) types(t *testing.T) []string {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	var types []string
	for _, b := range i.bodies {
		types = append(types, eventOf(t, b)["event_type"].(string))
	}
	return types
}

func eventOf(t *testing.T, body []byte) object {
	t.Helper()
	var top struct{ Event object }
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatalf("read %s: %v", body, err)
	}
	return top.Event
}

// newRange starts one that delivers to in.
func newRange(t *testing.T, in http.Handler, change func(*Options)) *PagerDuty {
	t.Helper()
	o := Options{Secrets: []string{"old", "new"}, Token: testToken, Backoff: time.Millisecond}
	if in != nil {
		s := httptest.NewServer(in)
		t.Cleanup(s.Close)
		o.Target = s.URL
	}
	if change != nil {
		change(&o)
	}
	p, err := NewPagerDuty(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func settled(t *testing.T, p *PagerDuty) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

// incidentOn triggers one.
func incidentOn(t *testing.T, p *PagerDuty) string {
	t.Helper()
	id, err := p.Trigger(TriggerSpec{Title: "Error rate"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ask calls the REST API as a good client does, unless headers say otherwise;
// a header with the value "-" is left out.
func ask(p *PagerDuty, method, path, body string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	h := map[string]string{
		"Authorization": "Token token=" + testToken, "Accept": json2,
		"Content-Type": "application/json", "From": "ana@shop.example",
	}
	for k, v := range headers {
		h[k] = v
	}
	for k, v := range h {
		if v != "-" {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}
