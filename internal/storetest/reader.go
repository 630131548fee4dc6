package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

func testIncidents(t *testing.T, s Store, _ *Clock) {
	for n := range 5 {
		open(t, s, fmt.Sprint("P", n))
	}
	do(t, s, incident.Target{Number: 2}, adding(&incident.Owned{Owner: "Ana"}))
	do(t, s, incident.Target{Number: 3}, adding(&incident.ResolvedBody{}))
	for _, c := range []struct {
		filter incident.Filter
		want   []int64
	}{
		{incident.Filter{}, []int64{5, 4, 2, 1}},
		{incident.Filter{State: "open"}, []int64{5, 4, 2, 1}},
		{incident.Filter{State: "resolved"}, []int64{3}},
		{incident.Filter{State: "all", Limit: 2}, []int64{5, 4}},
		{incident.Filter{State: "all", Limit: 2, Before: 4}, []int64{3, 2}},
		{incident.Filter{Owner: "Ana"}, []int64{2}},
		{incident.Filter{Owner: "Li"}, nil},
	} {
		all, err := s.Incidents(t.Context(), c.filter)
		must(t, "list", err)
		var got []int64
		for _, i := range all {
			got = append(got, i.Number)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.filter, diff)
		}
	}
	if _, err := s.Incidents(t.Context(), incident.Filter{State: "ajar"}); !fault.HasCode(err, "E24") {
		t.Errorf("unknown state: got %v, want E24", err)
	}
}

func testFeed(t *testing.T, s Store, _ *Clock) {
	ctx := t.Context()
	open(t, s, "P1")
	sendAll(t, s, lane1)
	do(t, s, incident.Target{Number: 1}, adding(&incident.Life{}))
	all, err := s.Feed(ctx, 0, 100)
	must(t, "feed", err)
	var got []string
	for _, r := range all {
		got = append(got, r.Incident+" "+r.Kind+" "+r.Ref)
	}
	want := []string{"INC-1 entry 2", "INC-1 message INC-1:card", "INC-1 message INC-1:opener", "INC-1 entry 3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	rest, err := s.Feed(ctx, all[1].ID, 1)
	must(t, "feed", err)
	if diff := cmp.Diff(all[2:3], rest); diff != "" {
		t.Errorf("from there on (-want +got):\n%s", diff)
	}
	entries, err := s.Timeline(ctx, 1, 1)
	must(t, "timeline", err)
	if len(entries) != 2 || entries[0].Seq != 2 || entries[1].Kind() != "life" {
		t.Errorf("got %+v, want entries 2 and 3", entries)
	}
}

func testNotes(t *testing.T, s Store, c *Clock) {
	ctx := t.Context()
	if value, at, err := s.Noted(ctx, "door"); err != nil || value != "" || !at.IsZero() {
		t.Errorf("never noted: got %q at %s, %v", value, at, err)
	}
	must(t, "note", s.Note(ctx, "door", "a"))
	c.Advance(time.Second)
	must(t, "note", s.Note(ctx, "door", "b"))
	if value, at, err := s.Noted(ctx, "door"); err != nil || value != "b" || !at.Equal(c.Now()) {
		t.Errorf("got %q at %s, %v, want b now", value, at, err)
	}
}
