package app

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is `web.tls`. It is read again when its files change, so that one
// that is renewed needs no restart; a broken one never takes the good one away.
type certificate struct {
	cert, key string // paths

	mu     sync.Mutex
	good   *tls.Certificate
	read   [2]time.Time // when the files of the good one were written
	looked time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = 10 * time.Second

// load reads the files, or says what is wrong with them.
func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reload()
}

func (c *certificate) reload() error {
	written := c.written()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	c.good, c.read, c.looked = &pair, written, time.Now()
	return nil
}

func (c *certificate) written() (at [2]time.Time) {
	for n, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			at[n] = info.ModTime()
		}
	}
	return at
}

// get answers the certificate for a connection.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > lookEvery {
		c.looked = now
		if c.written() != c.read {
			_ = c.reload() // in the middle of a renewal the old one is good
		}
	}
	return c.good, nil
}
