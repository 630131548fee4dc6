package postgres

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWaits(t *testing.T) {
	w := waitsOf([]session{
		{pid: 1},                             // root
		{pid: 2, blockers: []int32{1}},       // waits, and holds up 3
		{pid: 3, blockers: []int32{2, 1, 2}}, // the same blocker twice
		{pid: 4},                             // leader of a parallel query, a root
		{pid: 5, leader: 4},                  // its worker
		{pid: 6, blockers: []int32{4, 5, 4}}, // waits for both
		{pid: 7, leader: 6, blockers: []int32{4}},
		{pid: 8, blockers: []int32{9}}, // deadlocked with 9
		{pid: 9, blockers: []int32{8}},
		{pid: 10, blockers: []int32{0}},      // a prepared transaction
		{pid: 11, blockers: []int32{77, 10}}, // 77 ended meanwhile
		{pid: 12, blockers: []int32{12}},
	})
	for pid, want := range map[int32][]int32{
		1: {2, 3}, 2: {3}, 3: nil, 4: {6}, 5: nil, 8: {9}, 9: {8}, 0: {10, 11}, 10: {11}, 77: nil, 12: nil,
	} {
		if diff := cmp.Diff(want, w.heldBy(pid)); diff != "" {
			t.Errorf("held by %d (-want +got):\n%s", pid, diff)
		}
	}
	for pid, want := range map[int32]bool{1: true, 2: false, 3: false, 4: true, 8: false, 10: false, 12: false} {
		if got := w.root(pid); got != want {
			t.Errorf("root %d: got %v, want %v", pid, got, want)
		}
	}
	if diff := cmp.Diff([]int32{2, 3, 6}, w.heldBy(1, 4)); diff != "" {
		t.Errorf("held by both (-want +got):\n%s", diff)
	}
}

func TestSummaries(t *testing.T) {
	now := time.Now()
	client := func(pid int32, age time.Duration, blockers ...int32) session {
		return session{pid: pid, user: "app", database: "d", kind: clientBackend, state: active, query: "SELECT 1",
			backendStart: now.Add(-time.Hour), xactStart: now.Add(-age), queryTime: now.Add(-age), blockers: blockers, now: now}
	}
	with := func(s session, f func(*session)) session { f(&s); return s }
	vacuum := with(client(9, 0), func(s *session) { s.kind = "autovacuum worker" })
	alter := with(client(9, 0), func(s *session) { s.query = "ALTER TABLE x" })
	for name, c := range map[string]struct {
		sessions []session
		want     string
	}{
		"quiet":       {[]session{client(1, time.Minute)}, "Nothing runs longer than 5m and nobody is held up."},
		"one":         {[]session{client(1, time.Hour)}, "1 session runs longer than 5m"},
		"two and one": {[]session{client(1, 0), client(2, 0), client(3, 0, 1, 2), client(4, 0, 1), client(5, time.Hour)}, "2 sessions hold 2 others up; 1 runs longer than 5m"},
		"behind":      {[]session{client(1, 0), client(2, time.Hour, 1)}, "1 session holds 1 other up; 1 waits behind others"},
		"autovacuum": {[]session{vacuum, client(2, 0, 9)},
			"Nothing that may be ended from here holds others up or runs longer than 5m. Not offered: pid 9, a background process (autovacuum worker), holds 1 other up."},
		"schema change": {[]session{alter, client(2, 0, 9), client(3, time.Hour)},
			"1 session runs longer than 5m. Not offered: pid 9, a schema change (ALTER TABLE), holds 1 other up."},
	} {
		if got := survey(c.sessions, account{}, defaultOlderThan).summary(); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}
