package kubernetes

import (
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Received is one request that may change something, and what it did. Applied is
// set when it happens, whatever became of the answer.
type Received struct {
	At                  time.Time
	Account             string
	Verb, Method, Path  string
	ContentType, Body   string
	DryRun              bool
	Status              int // 0 while there is no answer, and for ever when it was dropped
	Applied             bool
	Namespace, Resource string
	Name                string
}

// Journal are all requests that may change something, in the order of arrival.
func (c *Cluster) Journal() []Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Received
	for _, r := range c.journal {
		out = append(out, *r)
	}
	return out
}

func (c *Cluster) receive(one *call) *Received {
	r := &Received{
		At: time.Now(), Account: one.who.Name, Verb: one.what.verb, Method: one.Method, Path: one.URL.RequestURI(),
		ContentType: one.Header.Get("Content-Type"), Body: string(one.body), DryRun: one.dryRun,
		Namespace: one.what.namespace, Resource: one.what.resource, Name: one.what.name,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal = append(c.journal, r)
	return r
}

func (c *Cluster) answered(r *Received, status int) {
	if r == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Status = status
}

// Point is a moment in the life of a change.
type Point string

// The moments at which a change can be held or dropped. Dry runs have none.
const (
	BeforeApply Point = "before apply" // it arrived, and nothing happened yet
	AfterApply  Point = "after apply"  // it happened, and there was no answer yet
)

// trouble is for one change, used up by it.
type trouble struct {
	at      Point
	drop    bool
	refusal error // answered instead of applying, when set
	reached chan struct{}
	release chan struct{}
}

// Held is a change that waits at a point.
type Held struct {
	c *Cluster
	t *trouble
}

// Hold makes the next change wait at a point until it is released. The change
// goes on even when the caller went away, as it would on a real server.
func (c *Cluster) Hold(at Point) *Held {
	t := &trouble{at: at, reached: make(chan struct{}), release: make(chan struct{})}
	c.expect(t)
	return &Held{c: c, t: t}
}

// Reached is closed when a change waits.
func (h *Held) Reached() <-chan struct{} { return h.t.reached }

// Release lets it go on; more than once is the same as once.
func (h *Held) Release() {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	select {
	case <-h.t.release:
	default:
		close(h.t.release)
	}
}

// Drop closes the connection of the next change at a point.
func (c *Cluster) Drop(at Point) { c.expect(&trouble{at: at, drop: true}) }

// Answer makes the next changes be answered with these statuses, one each, and
// not happen: 500, 503, 429.
func (c *Cluster) Answer(statuses ...int) {
	for _, s := range statuses {
		c.expect(&trouble{at: BeforeApply, refusal: apierrors.NewGenericServerResponse(s, "patch", schema.GroupResource{}, "", http.StatusText(s), 0, true)})
	}
}

// Reject makes an admission webhook deny the next change.
func (c *Cluster) Reject(webhook, message string) {
	c.expect(&trouble{at: BeforeApply, refusal: &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
		Message: `admission webhook "` + webhook + `" denied the request: ` + message,
	}}})
}

func (c *Cluster) expect(t *trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, t)
}

// Unreachable makes every connection end without an answer, watches too, until
// it is told otherwise.
func (c *Cluster) Unreachable(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
	close(c.store.changed) // so that watches look
	c.store.changed = make(chan struct{})
}

// Slow makes every request wait before it is looked at.
func (c *Cluster) Slow(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow = wait
}

// reachable waits as long as requests wait, and tells whether this one arrives.
func (c *Cluster) reachable(r *http.Request) bool {
	c.mu.Lock()
	away, wait := c.away, c.slow
	c.mu.Unlock()
	if away || wait <= 0 {
		return !away
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-c.done:
	}
	return false
}

// meet runs into the trouble that waits at a point, if any. The lock is not held.
func (c *Cluster) meet(at Point) error {
	c.mu.Lock()
	n := slices.IndexFunc(c.faults, func(t *trouble) bool { return t.at == at })
	if n < 0 {
		c.mu.Unlock()
		return nil
	}
	t := c.faults[n]
	c.faults = slices.Delete(c.faults, n, n+1)
	c.mu.Unlock()
	switch {
	case t.drop:
		return errDropped
	case t.refusal != nil:
		return t.refusal
	}
	close(t.reached)
	select {
	case <-t.release:
		return nil
	case <-c.done:
		return errDropped
	}
}
