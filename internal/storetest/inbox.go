package storetest

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

func testReceive(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	var fresh atomic.Int64
	for _, err := range together(50, func(int) error {
		is, err := s.Receive(context.Background(), "pager", "e1", []byte(`{"a":1}`))
		if is {
			fresh.Add(1)
		}
		return err
	}) {
		must(t, "receive", err)
	}
	if got := fresh.Load(); got != 1 {
		t.Errorf("one event 50 times: %d were fresh, want 1", got)
	}
	if is, err := s.Receive(ctx, "other", "e1", nil); err != nil || !is {
		t.Errorf("same id of another source: got %v, %v, want fresh", is, err)
	}
	claims := claimAll(t, s, incident.WakeInbox)
	if len(claims) != 2 {
		t.Fatalf("got %d wake-ups, want 2", len(claims))
	}
	id, err := strconv.ParseInt(claims[0].Row, 10, 64)
	must(t, "row", err)
	got, err := s.Received(ctx, id)
	must(t, "received", err)
	if got.Source != "pager" || got.EventID != "e1" || string(got.Body) != `{"a":1}` || got.State != incident.InboxNew || !got.At.Equal(c.Now()) {
		t.Errorf("got %+v, want what was received", got)
	}
	if _, err := s.Received(ctx, 99); !fault.HasCode(err, "E23") {
		t.Errorf("unknown row: got %v, want E23", err)
	}
}

func testSettle(t *testing.T, s Store, _ *Clock) {
	ctx := t.Context()
	settled := map[string]incident.InboxState{"e1": incident.InboxRecorded, "e2": incident.InboxQuarantined, "e3": incident.InboxQuarantined, "e4": incident.InboxDone}
	for _, id := range []string{"e1", "e2", "e3", "e4"} {
		_, err := s.Receive(ctx, "pager", id, []byte("x"))
		must(t, "receive", err)
		c := claim(t, s, incident.WakeInbox, "")
		if id == "e4" {
			target, decide := Opening("P1", "checkout")
			target.Claim = &c
			do(t, s, target, decide)
			continue
		}
		must(t, "settle", s.Settle(ctx, c, settled[id], "because "+id))
	}
	if left := claimAll(t, s, incident.WakeInbox); len(left) > 0 {
		t.Errorf("settled rows are due again: %v", left)
	}
	for n, id := range []string{"e1", "e2", "e3", "e4"} {
		got, err := s.Received(ctx, int64(n+1))
		must(t, "received", err)
		if got.State != settled[id] {
			t.Errorf("%s: got state %s, want %s", id, got.State, settled[id])
		}
	}
	if last, err := s.Received(ctx, 4); err != nil || last.Incident != 1 {
		t.Errorf("body that opened INC-1: got incident %d, %v", last.Incident, err)
	}
	bad, err := s.Quarantine(ctx, 10)
	must(t, "quarantine", err)
	if len(bad) != 2 || bad[0].EventID != "e3" || bad[1].Reason != "because e2" {
		t.Errorf("got quarantine %+v, want e3, e2", bad)
	}
}
