package discord

import (
	"crypto/sha256"
	"sync"
)

// refusedToken remembers which token was refused, so that another one need not
// wait until the refused one may be tried again.
type refusedToken struct {
	mu    sync.Mutex
	sum   [sha256.Size]byte
	known bool
}

func (r *refusedToken) set(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum, r.known = sha256.Sum256([]byte(token)), true
}

// other reports, once, that this is not the token that was refused.
func (r *refusedToken) other(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known || r.sum == sha256.Sum256([]byte(token)) {
		return false
	}
	r.known = false
	return true
}
