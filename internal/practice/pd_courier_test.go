package practice

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestADeliveryLooksLikePagerDutys(t *testing.T) {
	in := &inbox{}
	p := newRange(t, in, nil)
	id := incidentOn(t, p)
	settled(t, p)
	h, body := in.got[0].Header, in.bodies[0]
	var want []string
	for _, secret := range []string{"old", "new"} {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		want = append(want, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	if got := h.Get("X-PagerDuty-Signature"); got != strings.Join(want, ",") {
		t.Errorf("signature %s, want %v", got, want)
	}
	if h.Get("User-Agent") != "PagerDuty-Webhook/V3.0" || h.Get("X-Webhook-Id") == "" || h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", h)
	}
	e := eventOf(t, body)
	data := e["data"].(object)
	if e["event_type"] != "incident.triggered" || e["resource_type"] != "incident" || data["id"] != id || data["title"] != "Error rate" {
		t.Errorf("event %s", body)
	}
}

func TestWhatIsRepeatedAndWhatIsDropped(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int // what is answered, in order; then 202
		state    string
		attempts int
	}{
		{"accepted", nil, "delivered", 1},
		{"500 twice", []int{500, 503}, "delivered", 3},
		{"429", []int{429}, "delivered", 2},
		{"400", []int{400}, "dropped", 1},
		{"401 after 500", []int{500, 401}, "dropped", 2},
		{"redirect", []int{302}, "dropped", 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in := &inbox{answer: func(n int, _ *http.Request) int {
				if n <= len(tc.statuses) {
					return tc.statuses[n-1]
				}
				return 202
			}}
			p := newRange(t, in, nil)
			incidentOn(t, p)
			settled(t, p)
			got := p.Deliveries()[0]
			if got.State != tc.state || got.Attempts != tc.attempts {
				t.Errorf("got %s after %d attempts, want %s after %d", got.State, got.Attempts, tc.state, tc.attempts)
			}
			for _, r := range in.got {
				if r.Header.Get("X-Webhook-Id") != in.got[0].Header.Get("X-Webhook-Id") {
					t.Error("the webhook id changed between attempts")
				}
			}
		})
	}
}

func TestATimeoutIsRepeated(t *testing.T) {
	in := &inbox{answer: func(n int, r *http.Request) int {
		if n == 1 {
			<-r.Context().Done()
		}
		return 202
	}}
	p := newRange(t, in, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	incidentOn(t, p)
	settled(t, p)
	if got := p.Deliveries()[0]; got.State != "delivered" || got.Attempts != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestThreeRefusalsDisableTheWebhookForADay(t *testing.T) {
	now := time.Now()
	refuse := true
	in := &inbox{answer: func(int, *http.Request) int {
		if refuse {
			return 401
		}
		return 202
	}}
	p := newRange(t, in, func(o *Options) { o.Now = func() time.Time { return now } })
	for range 3 {
		incidentOn(t, p)
		settled(t, p)
	}
	if !p.Disabled() {
		t.Fatal("three refusals in a row did not disable the webhook")
	}
	refuse = false
	incidentOn(t, p)
	settled(t, p)
	if n := len(in.got); n != 3 {
		t.Fatalf("a disabled webhook was delivered: %d", n)
	}
	now = now.Add(disabledFor)
	incidentOn(t, p)
	settled(t, p)
	if got := p.Deliveries(); got[3].State != "lost" || got[4].State != "delivered" {
		t.Errorf("got %+v", got)
	}
}

func TestTheOrderOfAnIncidentIsKept(t *testing.T) {
	in := &inbox{answer: func(n int, _ *http.Request) int {
		if n%2 == 1 {
			return 500
		}
		return 202
	}}
	p := newRange(t, in, nil)
	id := incidentOn(t, p)
	var want []string
	for n := range 10 {
		want = append(want, strconv.Itoa(n))
		if err := p.Annotate(id, "Li", strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, p)
	var got []string
	for n, body := range in.bodies {
		if n%2 == 1 { // the second attempt of each
			content, _ := eventOf(t, body)["data"].(object)["content"].(string)
			got = append(got, content)
		}
	}
	if diff := cmp.Diff(want, got[1:]); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestOneIncidentDoesNotHoldUpAnother(t *testing.T) {
	var stuck string
	freed := make(chan struct{})
	in := &inbox{}
	in.answer = func(_ int, r *http.Request) int {
		in.mu.Lock()
		first := in.got[0] == r
		in.mu.Unlock()
		if first {
			<-freed
		}
		return 202
	}
	p := newRange(t, in, nil)
	stuck = incidentOn(t, p)
	waitFor(t, func() bool { return len(in.types(t)) == 1 })
	other := incidentOn(t, p)
	waitFor(t, func() bool { return p.Deliveries()[1].State == "delivered" })
	close(freed)
	settled(t, p)
	if stuck == other || p.Deliveries()[0].State != "delivered" {
		t.Errorf("got %+v", p.Deliveries())
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen")
		case <-tick.C:
		}
	}
}

func TestTooLargeIsLost(t *testing.T) {
	in := &inbox{}
	p := newRange(t, in, nil)
	if err := p.Deliver("incident.custom", object{"x": strings.Repeat("x", largestDelivery)}); err != nil {
		t.Fatal(err)
	}
	settled(t, p)
	if got := p.Deliveries()[0]; got.State != "lost" || len(in.got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, target := range []string{"http://example.com/x", "http://10.0.0.1/x", "ftp://127.0.0.1/", "http://localhost.example/", "::"} {
		if _, err := NewPagerDuty(Options{Secrets: []string{"s"}, Token: "t", Target: target}); err == nil {
			t.Errorf("%s was taken for a target", target)
		}
	}
	p := newRange(t, nil, nil)
	for _, address := range []string{":0", "0.0.0.0:0", "example.com:80"} {
		if _, err := p.Start(address); err == nil {
			t.Errorf("served on %s", address)
		}
	}
	for _, target := range []string{"http://127.0.0.1:1/x", "http://[::1]:1/x", "https://localhost/x"} {
		if err := p.Aim(target); err != nil {
			t.Error(err)
		}
	}
	if _, err := LoopbackClient(time.Second).Get("http://192.0.2.1/"); err == nil || !strings.Contains(err.Error(), "not on loopback") {
		t.Errorf("the client went out: %v", err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	in := &inbox{answer: func(_ int, r *http.Request) int { <-r.Context().Done(); return 202 }}
	p := newRange(t, in, nil)
	id := incidentOn(t, p)
	if err := p.Acknowledge(id, "Ana"); err != nil {
		t.Fatal(err)
	}
	p.Close()
	settled(t, p)
	for _, d := range p.Deliveries() {
		if d.State != "lost" {
			t.Errorf("got %+v", d)
		}
	}
}

func TestOnlyRefusalsInARowDisable(t *testing.T) {
	in := &inbox{answer: func(n int, _ *http.Request) int {
		if n%3 == 0 {
			return 202
		}
		return 400
	}}
	p := newRange(t, in, nil)
	for range 9 {
		incidentOn(t, p)
		settled(t, p)
	}
	if p.Disabled() {
		t.Error("two refusals and a success disabled the webhook")
	}
}

func TestDisablingLosesWhatWaitsAndEnablingGoesOn(t *testing.T) {
	held := make(chan struct{})
	refuse := true
	in := &inbox{answer: func(int, *http.Request) int {
		<-held
		if refuse {
			return 401
		}
		return 202
	}}
	p := newRange(t, in, nil)
	for range 3 {
		id := incidentOn(t, p)
		if err := p.Acknowledge(id, "Ana"); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { return len(in.types(t)) == 3 })
	close(held)
	settled(t, p)
	states := map[string]int{}
	for _, d := range p.Deliveries() {
		states[d.State]++
	}
	// Which refusal is the third depends on the order of the answers, so some
	// acknowledgements may have been refused before the rest was lost.
	if !p.Disabled() || states["dropped"] < 3 || states["dropped"]+states["lost"] != 6 {
		t.Errorf("disabled %t, %v", p.Disabled(), states)
	}
	refuse = false
	p.Enable()
	incidentOn(t, p)
	settled(t, p)
	if d := p.Deliveries(); d[len(d)-1].State != "delivered" {
		t.Errorf("after enabling: %+v", d[len(d)-1])
	}
}

func TestAQueueIsLostWithTheSubscription(t *testing.T) {
	held := make(chan struct{})
	in := &inbox{answer: func(n int, _ *http.Request) int {
		if n == 1 {
			<-held
		}
		return 401
	}}
	p := newRange(t, in, nil)
	id := incidentOn(t, p)
	waitFor(t, func() bool { return len(in.types(t)) == 1 })
	if err := p.Acknowledge(id, "Ana"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		incidentOn(t, p)
	}
	waitFor(t, p.Disabled)
	if got := p.Deliveries()[1].State; got != "lost" {
		t.Errorf("what waited is %s", got)
	}
	close(held)
	settled(t, p)
	if got := p.Deliveries()[0].State; got != "dropped" {
		t.Errorf("what was under way is %s", got)
	}
}
