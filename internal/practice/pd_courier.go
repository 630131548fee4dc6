package practice

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// PagerDuty's rules of delivery.
const (
	deliveryTimeout = 5 * time.Second
	deliveryKeep    = 48 * time.Hour
	disabledFor     = 24 * time.Hour
	dropsToDisable  = 3
	largestDelivery = 256 << 10
	keptDeliveries  = 200
)

type parcel struct {
	Delivery
	id   string
	body []byte
}

// courier delivers: in order per incident, again after a timeout, a 5xx or a 429,
// never after another refusal; three refusals in a row disable it for a day.
type courier struct {
	client  *http.Client
	secrets []string
	now     func() time.Time
	backoff time.Duration
	log     *slog.Logger

	cancel context.CancelFunc
	wg     sync.WaitGroup
	signal chan struct{} // something is in starting

	mu       sync.Mutex
	closed   bool
	target   string
	queues   map[string][]*parcel
	starting []string // queues that nobody runs yet
	pending  int
	quiet    chan struct{} // closed while nothing is pending
	drops    int
	disabled time.Time // until then
	history  []*parcel
}

func newCourier(o Options) *courier {
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = deliveryTimeout
	}
	quiet := make(chan struct{})
	close(quiet)
	ctx, cancel := context.WithCancel(context.Background())
	c := &courier{
		client: LoopbackClient(o.Timeout), secrets: o.Secrets, now: o.Now, backoff: o.Backoff, log: o.Log,
		cancel: cancel, signal: make(chan struct{}, 1), queues: map[string][]*parcel{}, quiet: quiet,
	}
	c.wg.Go(func() { c.dispatch(ctx) })
	return c
}

// dispatch gives every queue that begins to fill a goroutine of its own.
func (c *courier) dispatch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.signal:
		}
		c.mu.Lock()
		keys := c.starting
		c.starting = nil
		c.mu.Unlock()
		for _, key := range keys {
			c.wg.Go(func() { c.run(ctx, key) })
		}
	}
}

func (c *courier) aim(target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.target = target
}

func (c *courier) where() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.target
}

// push queues a delivery behind those of the same incident.
func (c *courier) push(key, event string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &parcel{id: newID(""), body: body, Delivery: Delivery{Event: event, At: c.now(), State: deliveryWaiting}}
	c.history = append(c.history, p)
	c.history = c.history[max(0, len(c.history)-keptDeliveries):]
	if c.closed || len(body) > largestDelivery || c.isDisabled() {
		p.State = deliveryLost
		return
	}
	if c.pending == 0 {
		c.quiet = make(chan struct{})
	}
	c.pending++
	c.queues[key] = append(c.queues[key], p)
	if len(c.queues[key]) == 1 {
		c.starting = append(c.starting, key)
		select {
		case c.signal <- struct{}{}:
		default: // it is set already
		}
	}
}

// isDisabled needs mu.
func (c *courier) isDisabled() bool { return c.now().Before(c.disabled) }

// run delivers what waits for one incident, and ends when nothing does.
func (c *courier) run(ctx context.Context, key string) {
	for {
		c.mu.Lock()
		p := c.queues[key][0]
		c.mu.Unlock()
		state := c.deliver(ctx, p)
		if c.finish(key, p, state) {
			return
		}
	}
}

// finish takes the head off its queue and reports whether that was the last.
func (c *courier) finish(key string, p *parcel, state string) (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.State = state
	switch state {
	case deliveryDone:
		c.drops = 0
	case deliveryDropped:
		if c.drops++; c.drops == dropsToDisable {
			c.disable()
		}
	}
	c.queues[key] = c.queues[key][1:]
	c.settle(1)
	if len(c.queues[key]) > 0 {
		return false
	}
	delete(c.queues, key)
	return true
}

// disable stops the subscription for a day and loses what waits; those that are
// under way notice it themselves. It needs mu.
func (c *courier) disable() {
	c.log.Warn("the practice PagerDuty disabled the webhook", "refusals", c.drops)
	c.drops, c.disabled = 0, c.now().Add(disabledFor)
	for key, queue := range c.queues {
		for _, p := range queue[1:] {
			p.State = deliveryLost
		}
		c.settle(len(queue) - 1)
		c.queues[key] = queue[:1]
	}
}

// settle counts deliveries as over. It needs mu.
func (c *courier) settle(n int) {
	if n == 0 {
		return
	}
	if c.pending -= n; c.pending == 0 {
		close(c.quiet)
	}
}

// deliver tries until there is an answer that counts.
func (c *courier) deliver(ctx context.Context, p *parcel) string {
	wait := c.backoff
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil || c.overdue(p) {
			return deliveryLost
		}
		status := c.post(ctx, p)
		c.mu.Lock()
		p.Attempts, p.Status = attempt, status
		c.mu.Unlock()
		switch {
		case status >= 200 && status < 300:
			return deliveryDone
		case status != 0 && status != http.StatusTooManyRequests && status < 500:
			return deliveryDropped
		}
		select {
		case <-ctx.Done():
			return deliveryLost
		case <-time.After(wait):
		}
		wait = min(2*wait, 64*c.backoff)
	}
}

func (c *courier) overdue(p *parcel) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isDisabled() || c.now().Sub(p.At) > deliveryKeep
}

func (c *courier) wait(ctx context.Context) error {
	c.mu.Lock()
	quiet := c.quiet
	c.mu.Unlock()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.wg.Wait()
	c.abandon()
	c.client.CloseIdleConnections()
}

// abandon loses what nobody has begun to deliver.
func (c *courier) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, queue := range c.queues {
		for _, p := range queue {
			p.State = deliveryLost
		}
	}
	clear(c.queues)
	c.settle(c.pending)
}
