package chat

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestWhatIsKeptIsForgotten(t *testing.T) {
	h := newHand()
	k := Keep[int]{Now: h.Now}
	for n := range keepMost + 10 {
		k.Set(strings.Repeat("k", 1+n%7)+string(rune(n)), n, time.Minute)
	}
	if len(k.all) > keepMost {
		t.Errorf("%d are kept", len(k.all))
	}
	k.Set("a", 1, time.Minute)
	if v, ok := k.Get("a"); !ok || v != 1 {
		t.Errorf("got %d, %t", v, ok)
	}
	h.now = h.now.Add(2 * time.Minute)
	if _, ok := k.Get("a"); ok {
		t.Error("it is kept for ever")
	}
	k.Set("b", 2, time.Minute)
	k.Drop("b")
	if _, ok := k.Get("b"); ok {
		t.Error("what was dropped is there")
	}
}

func TestTheWorsePartOfAPlatformCounts(t *testing.T) {
	h := newHand()
	c := NewCondition(h.Now)
	began := h.now
	h.now = h.now.Add(time.Minute)
	c.Listening("is not connected")
	c.Calling("does not answer")
	if got := c.Health(); got.State != StateDegraded || got.Text != "does not answer" || !got.Since.Equal(began.Add(time.Minute)) || !c.Ailing() {
		t.Errorf("got %+v", got)
	}
	h.now = h.now.Add(time.Minute)
	c.Calling("")
	if got := c.Health(); got.State != StateDegraded || got.Text != "is not connected" || !got.Since.Equal(began.Add(time.Minute)) || c.Ailing() {
		t.Errorf("half well: got %+v", got)
	}
	c.Listening("")
	if got := c.Health(); got.State != StateOK || !got.Since.Equal(h.now) {
		t.Errorf("well: got %+v", got)
	}
}

// TestAHallFinishesWhatItTook: a job under way is let finish, and nothing is
// taken afterwards.
func TestAHallFinishesWhatItTook(t *testing.T) {
	w := NewHall()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Work(ctx, nil) }()
	began, finish, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	if !w.Give(t.Context(), func(ctx context.Context, _ Handler) { close(began); <-finish; done <- ctx.Err() }) {
		t.Fatal("nobody took the job")
	}
	<-began
	stop()
	close(finish)
	if err := <-done; err != nil {
		t.Errorf("the job was cut off: %v", err)
	}
	<-ended
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if w.Give(late, func(context.Context, Handler) {}) {
		t.Error("a job was taken when nobody works")
	}
}
