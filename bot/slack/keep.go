package slack

import (
	"sync"
	"time"
)

// keep remembers a few things for a while. What it forgets is found out again.
type keep[V any] struct {
	now func() time.Time

	mu  sync.Mutex
	all map[string]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

const keepMost = 4096

// set remembers v under key for a while.
func (k *keep[V]) set(key string, v V, during time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]kept[V]{}
	}
	if len(k.all) >= keepMost {
		k.forget()
	}
	k.all[key] = kept[V]{value: v, until: k.now().Add(during)}
}

// get answers what is remembered.
func (k *keep[V]) get(key string) (V, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one, ok := k.all[key]
	if !ok || !k.now().Before(one.until) {
		var none V
		return none, false
	}
	return one.value, true
}

func (k *keep[V]) drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, key)
}

// forget makes room: what is over, or else everything.
func (k *keep[V]) forget() {
	now := k.now()
	for key, one := range k.all {
		if !now.Before(one.until) {
			delete(k.all, key)
		}
	}
	if len(k.all) >= keepMost {
		k.all = map[string]kept[V]{}
	}
}
