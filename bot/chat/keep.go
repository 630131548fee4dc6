package chat

import (
	"sync"
	"time"
)

// Keep remembers a few things for a while. What it forgets is found out again.
type Keep[V any] struct {
	Now func() time.Time // time.Now unless set

	mu  sync.Mutex
	all map[string]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

const keepMost = 4096

// Set remembers v under key for a while.
func (k *Keep[V]) Set(key string, v V, during time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]kept[V]{}
	}
	if len(k.all) >= keepMost {
		k.forget()
	}
	k.all[key] = kept[V]{value: v, until: k.time().Add(during)}
}

// Get answers what is remembered.
func (k *Keep[V]) Get(key string) (V, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one, ok := k.all[key]
	if !ok || !k.time().Before(one.until) {
		var none V
		return none, false
	}
	return one.value, true
}

// Drop forgets it.
func (k *Keep[V]) Drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, key)
}

// forget makes room: what is over, or else everything.
func (k *Keep[V]) forget() {
	now := k.time()
	for key, one := range k.all {
		if !now.Before(one.until) {
			delete(k.all, key)
		}
	}
	if len(k.all) >= keepMost {
		k.all = map[string]kept[V]{}
	}
}

func (k *Keep[V]) time() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}
