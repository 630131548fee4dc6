package practice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Delivery is one webhook and what became of it.
type Delivery struct {
	Event    string // its type
	At       time.Time
	Attempts int
	Status   int    // the last answer, 0 when there was none
	State    string // waiting, delivered, dropped, lost
}

// The states of a delivery. A lost one was never answered: it was too old or too
// large, or the subscription was disabled.
const (
	deliveryWaiting = "waiting"
	deliveryDone    = "delivered"
	deliveryDropped = "dropped"
	deliveryLost    = "lost"
)

// post makes one attempt; 0 means that nobody answered.
func (c *courier) post(ctx context.Context, p *parcel) int {
	target := c.where()
	if target == "" {
		return 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(p.body))
	if err != nil {
		return 0
	}
	req.Header = c.headers(p.body, p.id)
	resp, err := c.client.Do(req)
	if err != nil {
		c.log.Info("a practice webhook got no answer", "event", p.Event, "error", err)
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// headers are those of PagerDuty: one signature per active secret.
func (c *courier) headers(body []byte, id string) http.Header {
	var signatures []string
	for _, secret := range c.secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		signatures = append(signatures, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "PagerDuty-Webhook/V3.0")
	h.Set("X-Webhook-Id", id)
	h.Set("X-Webhook-Subscription", "PSUBSCR")
	h.Set("X-PagerDuty-Signature", strings.Join(signatures, ","))
	return h
}

// Deliveries are the last webhooks, oldest first.
func (p *PagerDuty) Deliveries() []Delivery {
	c := p.courier
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Delivery
	for _, parcel := range c.history {
		out = append(out, parcel.Delivery)
	}
	return out
}

// Disabled reports whether refusals have stopped the deliveries.
func (p *PagerDuty) Disabled() bool {
	p.courier.mu.Lock()
	defer p.courier.mu.Unlock()
	return p.courier.isDisabled()
}

// Enable starts them again; what happened meanwhile stays lost.
func (p *PagerDuty) Enable() {
	p.courier.mu.Lock()
	defer p.courier.mu.Unlock()
	p.courier.drops, p.courier.disabled = 0, time.Time{}
}
