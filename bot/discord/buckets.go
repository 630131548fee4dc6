package discord

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayday/bot/chat"
)

// Gates that hold for every route, and for everything that answers interactions.
const (
	keyGlobal  = "global"
	keyAnswers = "answers"
)

// What is assumed before the first answer tells more: 50 requests a second for a
// bot, and the usual five in five seconds for the messages of a channel.
var (
	globalRate  = chat.Rate{Burst: 50, Every: 20 * time.Millisecond}
	channelRate = chat.Rate{Burst: 5, Every: time.Second}
)

// buckets knows which routes share a limit: Discord names the bucket in its
// answers, and it holds for each channel, server or webhook apart.
type buckets struct {
	budget *chat.Budget

	mu    sync.Mutex
	names map[string]string // method and kind of route -> bucket
}

func newBuckets(b *chat.Budget) *buckets {
	b.Set(keyGlobal, globalRate)
	return &buckets{budget: b, names: map[string]string{}}
}

// keys are what a call spends.
func (b *buckets) keys(c call) []string {
	key := b.key(c)
	if strings.Contains(c.route, "/messages") && !b.budget.Has(key) {
		b.budget.Set(key, channelRate)
	}
	return []string{keyGlobal, key}
}

// key is the bucket of a call. A route reads "POST channels/42/messages": the
// second word of the path is what the limit is about.
func (b *buckets) key(c call) string {
	kind, about := split(c.route)
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, ok := b.names[kind]; ok {
		return n + " " + about
	}
	return c.route
}

func split(route string) (kind, about string) {
	parts := strings.SplitN(route, "/", 3)
	if len(parts) < 2 {
		return route, ""
	}
	about = parts[1]
	parts[1] = "*"
	return strings.Join(parts, "/"), about
}

// learn takes what the headers say.
func (b *buckets) learn(c call, h http.Header) {
	if n := h.Get("X-RateLimit-Bucket"); n != "" && len(n) < 100 {
		kind, _ := split(c.route)
		b.mu.Lock()
		b.names[kind] = n
		b.mu.Unlock()
	}
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset := seconds(h.Get("X-RateLimit-Reset-After"))
	if err1 != nil || err2 != nil || reset <= 0 {
		return
	}
	b.budget.Learn(b.key(c), limit, max(left, 0), reset)
	if left <= 0 {
		// It is full again all at once, and has nothing before.
		b.budget.Limited(b.key(c), reset)
	}
}

// seconds reads a number like 0.25; 0 when it is none. Nobody is believed that
// wants more than a day.
func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 || f != f {
		return 0
	}
	return time.Duration(min(f, 86400) * float64(time.Second))
}
