package discord

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rate is so many calls in such a time.
type rate struct {
	most  int
	every time.Duration
	hash  string
}

// window is a bucket that is full again when its time is over.
type window struct {
	used  int
	reset time.Time
}

// take uses one of most, or answers how long it takes until there is one.
func (w *window) take(most int, every time.Duration) (wait time.Duration) {
	now := time.Now()
	if !now.Before(w.reset) {
		w.used, w.reset = 0, now.Add(every)
	}
	if w.used >= most {
		return w.reset.Sub(now)
	}
	w.used++
	return 0
}

// limits go by the real clock, since it is a client's real waiting that they ask
// for.
type limits struct {
	faster float64

	mu      sync.Mutex
	global  window
	buckets map[string]*window
	hidden  map[string]*window // renames, edits of old messages: no header tells
}

func newLimits(faster float64) *limits {
	return &limits{faster: faster, buckets: map[string]*window{}, hidden: map[string]*window{}}
}

const (
	globalMost = 50
	userScope  = "user"
)

// scaled stays within what a client's 32 bits can hold.
func (l *limits) scaled(n int) int {
	return int(min(max(1, math.Ceil(float64(n)*l.faster)), 1<<30))
}

// majors are the parameters that have a bucket for each value.
var majors = []string{"channel_id", "guild_id", "webhook_id", "token"}

// spend takes one call off the global limit and off the bucket of the route.
func (l *limits) spend(h http.Header, r *route, args map[string]string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.open {
		if wait := l.global.take(l.scaled(globalMost), time.Second); wait > 0 {
			return limited(wait, "global", true)
		}
	}
	if r.rate.most == 0 {
		return nil
	}
	key := r.rate.hash
	for _, name := range majors {
		key += ":" + args[name]
	}
	w := l.buckets[key]
	if w == nil {
		w = &window{}
		l.buckets[key] = w
	}
	most := l.scaled(r.rate.most)
	wait := w.take(most, r.rate.every)
	h.Set("X-RateLimit-Limit", strconv.Itoa(most))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(most-w.used))
	h.Set("X-RateLimit-Reset", fmt.Sprintf("%.3f", float64(w.reset.UnixMilli())/1000))
	h.Set("X-RateLimit-Reset-After", seconds(time.Until(w.reset)))
	h.Set("X-RateLimit-Bucket", r.rate.hash)
	if wait > 0 {
		return limited(wait, userScope, false)
	}
	return nil
}

// secret takes one of a limit that no header tells of.
func (l *limits) secret(key string, most int, every time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.hidden[key]
	if w == nil {
		w = &window{}
		l.hidden[key] = w
	}
	return w.take(l.scaled(most), every)
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(max(0.001, math.Ceil(d.Seconds()*1000)/1000), 'f', 3, 64)
}

func limited(wait time.Duration, scope string, global bool) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, message: "You are being rate limited.", scope: scope, global: global,
		after: math.Ceil(wait.Seconds()*1000) / 1000,
	}
}

// limitHeaders tell of a 429. Retry-After is in whole seconds; the body is exact.
func limitHeaders(h http.Header, r *refusal) {
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(r.after))))
	h.Set("X-RateLimit-Scope", r.scope)
	h.Set("X-RateLimit-Reset-After", strings.TrimSpace(seconds(time.Duration(r.after*float64(time.Second)))))
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("Via", "1.1 google")
	if r.global {
		h.Set("X-RateLimit-Global", "true")
	}
}
