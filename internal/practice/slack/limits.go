package slack

import (
	"sync"
	"time"
)

// tier is how many calls of a method a workspace may make in a minute.
type tier int

// The tiers, and what has limits of its own.
const (
	tier1   tier = 1
	tier2   tier = 20
	tier3   tier = 50
	tier4   tier = 100
	special tier = 300
)

const (
	linkBurst     = 10 // tier 1 has room for a few connections
	channelBurst  = 5
	channelMinute = 60
)

// limits are the buckets of methods and channels; they fill by the real clock.
type limits struct {
	faster float64
	mu     sync.Mutex
	fill   map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimits(faster float64) *limits { return &limits{faster: faster, fill: map[string]*bucket{}} }

// spend takes one call from a bucket that holds most and gets perMinute back; it
// answers how long to wait when there is none.
func (l *limits) spend(name string, most, perMinute float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, rate := time.Now(), perMinute*l.faster/60
	most *= max(1, l.faster)
	b := l.fill[name]
	if b == nil {
		b = &bucket{left: most, at: now}
		l.fill[name] = b
	}
	b.left, b.at = min(most, b.left+now.Sub(b.at).Seconds()*rate), now
	if b.left < 1 {
		return time.Duration((1 - b.left) / rate * float64(time.Second))
	}
	b.left--
	return 0
}

// call takes a call of a method from the budget of the workspace, and a message
// from that of its channel.
func (l *limits) call(method string, t tier, channel string) time.Duration {
	most := float64(t)
	if t == tier1 {
		most = linkBurst
	}
	if method == "chat.postMessage" && channel != "" {
		if wait := l.spend("channel "+channel, channelBurst, channelMinute); wait > 0 {
			return wait
		}
	}
	return l.spend(method, most, float64(t))
}
