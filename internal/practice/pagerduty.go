package practice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options of the practice PagerDuty. Only Secrets and Token matter to most.
type Options struct {
	// Target is where webhooks are delivered; it must be on loopback. It may be
	// set later, by Aim.
	Target string
	// Secrets sign every delivery, all of them; several while one is rotated.
	Secrets []string
	// Token is the REST API key that callers must present.
	Token string
	// From are e-mail addresses of users beside those of the shop. A change needs
	// one of them in its From header.
	From []string
	// Now is the clock of what happens; deliveries wait by the real one.
	Now func() time.Time
	Log *slog.Logger
	// Backoff is the wait before the first repetition, one second unless set; each
	// further one doubles it, up to 64 times.
	Backoff time.Duration
	// Timeout is how long a delivery may take, five seconds unless set.
	Timeout time.Duration
}

// PagerDuty behaves like PagerDuty towards Mayday: it has incidents, a REST API
// that is as strict, and signed V3 webhooks with the vendor's rules of repetition.
// It is an http.Handler, and has a page of its own for people.
type PagerDuty struct {
	shop    shop
	token   string
	now     func() time.Time
	log     *slog.Logger
	courier *courier
	mux     http.Handler

	mu        sync.Mutex
	incidents []*pdIncident
	changes   []pdChange
	journal   []Received
	budget    budget

	servers sync.WaitGroup
	server  *http.Server
}

// NewPagerDuty makes one without incidents. Close it.
func NewPagerDuty(o Options) (*PagerDuty, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Token == "" {
		return nil, errors.New("the practice PagerDuty needs a token")
	}
	if len(o.Secrets) == 0 {
		return nil, errors.New("the practice PagerDuty needs a secret to sign with")
	}
	p := &PagerDuty{
		shop: newShop(o.From), token: o.Token, now: o.Now, log: o.Log,
		courier: newCourier(o), budget: budget{left: -1},
	}
	if o.Target != "" {
		if err := p.Aim(o.Target); err != nil {
			p.Close()
			return nil, err
		}
	}
	p.mux = p.routes()
	return p, nil
}

// Aim says where webhooks are delivered from now on.
func (p *PagerDuty) Aim(target string) error {
	u, err := LoopbackURL(target)
	if err != nil {
		return err
	}
	p.courier.aim(u.String())
	return nil
}

// Start serves on an address of loopback, "127.0.0.1:0", and answers the base of
// its REST API, which is its page as well.
func (p *PagerDuty) Start(address string) (string, error) {
	l, err := Listen(address)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = l.Close()
		return "", errors.New("the practice PagerDuty is serving already")
	}
	server := &http.Server{Handler: Recorded("pagerduty", p), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	p.server = server
	p.servers.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("the practice PagerDuty stopped serving", "error", err)
		}
	})
	return "http://" + l.Addr().String(), nil
}

// ServeHTTP answers the REST API and the page.
func (p *PagerDuty) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Wait returns when no delivery is waiting or under way.
func (p *PagerDuty) Wait(ctx context.Context) error {
	if err := p.courier.wait(ctx); err != nil {
		return fmt.Errorf("wait for the deliveries: %w", err)
	}
	return nil
}

// Close stops serving and delivering, and returns when both have ended.
func (p *PagerDuty) Close() {
	p.mu.Lock()
	server := p.server
	p.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
	p.servers.Wait()
	p.courier.close()
}

// People are the users, Services the services.
func (p *PagerDuty) People() []Person { return append([]Person(nil), p.shop.people...) }

// Services of the pretend shop.
func (p *PagerDuty) Services() []Service { return append([]Service(nil), shopServices...) }
