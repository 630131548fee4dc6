package chat

import (
	"sync"
	"time"
)

// Budget is what one token may still send (PROMISES rule 12): a bucket for each
// key, such as a method or a channel, a gate that a 429 closes, and a breaker
// that no failure of a vendor can push past. It never blocks: it answers how long
// to wait, and the message is put back.
//
// The last pieces of a bucket are kept for what matters more: an edit leaves two
// for others, a reminder one, an approval none.
type Budget struct {
	now    func() time.Time
	faster float64

	mu      sync.Mutex
	rates   map[string]Rate
	buckets map[string]*bucket
	invalid []time.Time // answers 401, 403 and 429, oldest first
	held    time.Time   // nothing goes before: the token was refused
}

// Rate is Burst at once and one more after every Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// bucket fills with time. A vendor that tells what is left overrules it.
type bucket struct {
	rate   Rate
	left   float64
	at     time.Time
	closed time.Time // a 429 said: not before
	full   time.Time // a vendor said: all of it is there again then, and nothing before
}

// Breaker: PROMISES P13 allows fewer than 500 invalid answers in ten minutes per
// token. A fifth of that is left for requests that are under way.
const (
	invalidWindow = 10 * time.Minute
	invalidMost   = 400
)

// TokenPause is how long a token that was refused is left alone. One request may
// then try it again, so that a token which was put right needs no restart.
const TokenPause = 5 * time.Minute

// NewBudget makes a budget; keys without a rate are not limited by it.
func NewBudget(now func() time.Time) *Budget {
	if now == nil {
		now = time.Now
	}
	return &Budget{now: now, faster: 1, rates: map[string]Rate{}, buckets: map[string]*bucket{}}
}

// Set gives a key its rate. What was learnt or closed stays.
func (b *Budget) Set(key string, r Rate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Every = max(time.Duration(float64(r.Every)/b.faster), time.Microsecond)
	b.rates[key] = r
	if k, ok := b.buckets[key]; ok {
		k.rate = r
		return
	}
	b.buckets[key] = &bucket{rate: r, left: float64(r.Burst), at: b.now()}
}

// Has reports whether a key has a rate.
func (b *Budget) Has(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.rates[key]
	return ok
}

// Wait answers how long a message has to wait, 0 when it may go now. It spends
// nothing.
func (b *Budget) Wait(w Weight, keys ...string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wait(w, keys)
}

// Take spends one of each key, or answers how long to wait and spends nothing.
func (b *Budget) Take(w Weight, keys ...string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if after := b.wait(w, keys); after > 0 {
		return after
	}
	for _, key := range keys {
		if k := b.buckets[key]; k != nil && k.rate.Burst > 0 {
			k.left--
		}
	}
	return 0
}

// Learn takes what a vendor's headers say: how much is left, and when it is full
// again. What was taken here and is still on its way is not in what they say is
// left, and near the end of a window the time to go says nothing of its length.
func (b *Budget) Learn(key string, limit, left int, reset time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if limit < 1 || reset <= 0 {
		return
	}
	r := Rate{Burst: limit, Every: max(reset/time.Duration(limit), time.Millisecond)}
	k := b.bucket(key)
	rest := float64(left)
	if was := k.rate; was.Burst > 0 {
		rest = min(rest, float64(limit-was.Burst)+k.left)
		if was.Burst == limit {
			r.Every = max(r.Every, was.Every)
		}
	}
	b.rates[key] = r
	k.rate, k.left, k.at = r, rest, b.now()
	k.full = k.at.Add(reset)
}

// Limited closes a key after a 429.
func (b *Budget) Limited(key string, after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.bucket(key)
	if until := b.now().Add(after); until.After(k.closed) {
		k.closed = until
	}
	k.left, k.at = min(k.left, 1), k.closed
	if !k.full.IsZero() {
		k.full = k.closed // the window begins anew when the gate opens
	}
}

// Invalid counts an answer that vendors ban for: 401, 403 or 429.
func (b *Budget) Invalid() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invalid = append(b.recent(), b.now())
}

// Refused stops the token: nothing goes for TokenPause.
func (b *Budget) Refused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = b.now().Add(TokenPause)
}

// Accepted says that the token works.
func (b *Budget) Accepted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = time.Time{}
}

func (b *Budget) bucket(key string) *bucket {
	k := b.buckets[key]
	if k == nil {
		k = &bucket{rate: b.rates[key], left: float64(b.rates[key].Burst), at: b.now()}
		b.buckets[key] = k
	}
	return k
}

func (b *Budget) recent() []time.Time {
	from := b.now().Add(-invalidWindow)
	for len(b.invalid) > 0 && !b.invalid[0].After(from) {
		b.invalid = b.invalid[1:]
	}
	return b.invalid
}

func (b *Budget) wait(w Weight, keys []string) time.Duration {
	now := b.now()
	after := b.held.Sub(now)
	if bad := b.recent(); len(bad) >= invalidMost {
		after = max(after, bad[len(bad)-invalidMost].Add(invalidWindow).Sub(now))
	}
	for _, key := range keys {
		if k := b.buckets[key]; k != nil {
			after = max(after, k.wait(w, now))
		}
	}
	return max(after, 0)
}

// wait fills the bucket and answers when there is enough for this weight. What
// matters less comes back a little later after a gate opens, so that it does not
// arrive first.
func (k *bucket) wait(w Weight, now time.Time) time.Duration {
	if d := k.closed.Sub(now); d > 0 {
		return d + time.Duration(w.reserve())*250*time.Millisecond
	}
	if k.rate.Burst <= 0 || k.rate.Every <= 0 {
		return 0
	}
	need := 1 + float64(min(w.reserve(), k.rate.Burst-1))
	if d := k.full.Sub(now); d > 0 {
		if k.left >= need {
			return 0
		}
		return d
	}
	if !k.full.IsZero() {
		k.left, k.at, k.full = float64(k.rate.Burst), now, time.Time{}
	}
	if d := now.Sub(k.at); d > 0 {
		k.left, k.at = min(float64(k.rate.Burst), k.left+float64(d)/float64(k.rate.Every)), now
	}
	if k.left >= need {
		return 0
	}
	return time.Duration((need - k.left) * float64(k.rate.Every))
}

// reserve is how much of a bucket is left for more important messages.
func (w Weight) reserve() int {
	switch {
	case w.Priority <= 1:
		return 0
	case w.Priority == 2 && !w.Edit:
		return 1
	}
	return 2
}
