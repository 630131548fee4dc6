package store

import (
	"context"
	"testing"
	"time"

	"mayday/internal/incident"
)

// waiting is a writer at which jobs wait already.
func waiting(calm, urgent int) *writer {
	w := &writer{jobs: make(chan *job, calm), urgent: make(chan *job, urgent)}
	for range calm {
		w.jobs <- &job{}
	}
	for range urgent {
		w.urgent <- &job{urgent: true}
	}
	return w
}

func TestWhatSomebodyWaitsForGoesFirst(t *testing.T) {
	w, p := waiting(1, 2), &pace{}
	for n, want := range []bool{true, true, false} {
		j := w.next(p)
		if j == nil || j.urgent != want {
			t.Fatalf("job %d: got %+v, want urgent %v", n, j, want)
		}
	}
	if j := w.next(p); j != nil {
		t.Errorf("got %+v of an empty queue", j)
	}
}

func TestALateCommitTakesTheShareOfTheLoopAndNoMore(t *testing.T) {
	w, p := waiting(2*calmShare, 0), &pace{}
	p.took(&job{urgent: true})
	p.urgent = p.urgent.Add(-time.Hour) // it has been waiting for its commit
	taken := 0
	for j := w.next(p); j != nil; j = w.next(p) {
		p.took(j)
		taken++
	}
	if taken != calmShare {
		t.Errorf("the loop got %d jobs into the commit, want %d", taken, calmShare)
	}
}

// TestAPostedMessageIsTold: the event stream hears of it by the signal, though no
// row became due.
func TestAPostedMessageIsTold(t *testing.T) {
	ctx := t.Context()
	s := openTemp(t)
	target, decide := opening("K1")
	if _, err := s.Do(ctx, target, decide); err != nil {
		t.Fatal(err)
	}
	claims, err := s.Claim(ctx, []string{incident.WakeOut}, 1, time.Minute)
	if err != nil || len(claims) != 1 {
		t.Fatalf("claim: got %v, %v", claims, err)
	}
	rows, err := s.Lane(ctx, claims[0].Row)
	if err != nil || len(rows) == 0 {
		t.Fatalf("lane: got %v, %v", rows, err)
	}
	if err := s.Rendered(ctx, claims[0], rows[0], []byte(`{}`), nil); err != nil {
		t.Fatal(err)
	}
	flush(ctx, t, s)
	if err := s.Sent(ctx, claims[0], rows[0], "ref"); err != nil {
		t.Fatal(err)
	}
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case <-s.Changed():
	case <-limit.C:
		t.Error("nobody was told")
	}
}

// flush takes the signal of what was committed before. The writer signals after
// it answers, so one more write, which signals nothing, comes in between.
func flush(ctx context.Context, t *testing.T, s *Store) {
	t.Helper()
	if err := s.Note(ctx, "quiet", "yes"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Changed():
	default:
	}
}
