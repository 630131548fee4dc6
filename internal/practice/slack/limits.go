package slack

import (
	"math"
	"sync"
	"time"
)

// rate is how many calls a minute pass, and how many at once.
type rate struct {
	perMinute, burst float64
}

// The vendor's tiers. It does not publish its bursts; these are modest ones.
var (
	tier1     = rate{perMinute: 1, burst: 5}
	tier2     = rate{perMinute: 20, burst: 8}
	tier3     = rate{perMinute: 50, burst: 15}
	tier4     = rate{perMinute: 100, burst: 30}
	special   = rate{perMinute: 600, burst: 60}
	perRoom   = rate{perMinute: 60, burst: 3}   // chat.postMessage in one channel
	everyRoom = rate{perMinute: 300, burst: 40} // chat.postMessage in the workspace
)

type bucket struct {
	left float64
	at   time.Time
}

// limits go by the real clock, since it is a client's real waiting that they ask
// for.
type limits struct {
	faster float64

	mu      sync.Mutex
	buckets map[string]*bucket
}

func newLimits(faster float64) *limits {
	return &limits{faster: faster, buckets: map[string]*bucket{}}
}

// spend takes one call, or answers how many seconds it takes until there is one.
func (l *limits) spend(key string, r rate) (wait int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	most := max(1, r.burst*l.faster)
	perSecond := r.perMinute * l.faster / 60
	b := l.buckets[key]
	if b == nil {
		b = &bucket{left: most, at: now}
		l.buckets[key] = b
	}
	b.left = min(most, b.left+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	if b.left < 1 {
		return max(1, int(math.Ceil((1-b.left)/perSecond)))
	}
	b.left--
	return 0
}
