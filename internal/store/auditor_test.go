package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// TestAuditObjects breaks each promise in a copy of a healthy database and sees
// the auditor object, to that and to nothing else.
func TestAuditObjects(t *testing.T) {
	healthy := audited(t)
	tests := map[string]struct {
		rule   string
		breaks []string
	}{
		"healthy":                       {"", nil},
		"two open incidents of one key": {"I2", []string{"CREATE TABLE s2 AS SELECT * FROM source", "DROP TABLE source", "ALTER TABLE s2 RENAME TO source", "INSERT INTO source SELECT kind, key, 2 FROM source WHERE incident = 1"}},
		"nobody works on an act":        {"I6", []string{"DELETE FROM wake WHERE kind = 'step' AND subject = 'INC-1:started'"}},
		"the lease of an act is over":   {"I6", []string{"UPDATE wake SET due_at = 1, lease_until = 2 WHERE kind = 'step' AND subject = 'INC-1:started'"}},
		"a call twice":                  {"I8", []string{"CREATE TABLE n2 AS SELECT * FROM nudge", "DROP TABLE nudge", "ALTER TABLE n2 RENAME TO nudge", "INSERT INTO nudge SELECT * FROM nudge WHERE incident = 1"}},
		"a call after resolve":          {"I8", []string{"INSERT INTO nudge SELECT number, 1, 7, 1, resolved_at + 1 FROM incident WHERE state = 'resolved'"}},
		"no reminder to come":           {"clock", []string{"DELETE FROM wake WHERE kind = 'nudge' AND subject = 'INC-2'"}},
		"nobody takes what came in":     {"loop", []string{"INSERT INTO wake (kind, subject, due_at, priority) VALUES ('inbox', '99', 1, 0)"}},
		"nobody takes a reminder":       {"loop", []string{"UPDATE wake SET due_at = 1, lease_until = 0 WHERE kind = 'nudge' AND subject = 'INC-2'"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), databaseName)
			if err := healthy.Backup(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for _, statement := range tt.breaks {
				if _, err := db.Exec(statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			copied := &Store{readers: &readers{DB: db}, clock: healthy.clock, dialect: sqliteDialect}
			found, err := copied.Audit(t.Context(), 45*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if tt.rule == "" && len(found) > 0 {
				t.Errorf("got %v, want nothing", found)
			}
			for _, b := range found {
				// A lost lease is a stall of the loop as well.
				if b.Rule != tt.rule && !(tt.rule == "I6" && b.Rule == "loop") {
					t.Errorf("got %v as well", b)
				}
			}
			if tt.rule != "" && (len(found) == 0 || found[0].Rule != tt.rule) {
				t.Errorf("got %v, want %s", found, tt.rule)
			}
		})
	}
}

// TestAuditOnPostgres: the same questions in the other dialect.
func TestAuditOnPostgres(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s := furnish(t, openPostgresTemp(t, postgrestest.Shared(t), Options{Clock: func() time.Time { return now }}), &now)
	if found, err := s.Audit(t.Context(), 45*time.Second); err != nil || len(found) > 0 {
		t.Fatalf("got %v, %v, want nothing", found, err)
	}
	err := s.write(t.Context(), func(ctx context.Context, x *tx) error {
		_, err := x.exec(ctx, `DELETE FROM wake WHERE subject IN ('INC-2', 'INC-1:started')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Audit(t.Context(), 45*time.Second)
	if err != nil || len(found) != 2 || found[0].Rule != "I6" || found[1].Rule != "clock" {
		t.Errorf("got %v, %v, want I6 and clock", found, err)
	}
}

// audited is a store with three open incidents, an act on its way, a call that
// was made, and a resolved incident.
func audited(t *testing.T) *Store {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	return furnish(t, openIn(t, t.TempDir(), func() time.Time { return now }), &now)
}

func furnish(t *testing.T, s *Store, now *time.Time) *Store {
	t.Helper()
	ctx := t.Context()
	for _, key := range []string{"P1", "P2", "P3", "P4"} {
		target, decide := opening(key)
		if _, err := s.Do(ctx, target, decide); err != nil {
			t.Fatal(err)
		}
	}
	do := func(number int64, entries ...incident.Entry) {
		t.Helper()
		_, err := s.Do(ctx, incident.Target{Number: number}, func(incident.View) (incident.Change, error) {
			return incident.Change{Entries: entries}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	do(4, incident.NewEntry("ana", "over", &incident.ResolvedBody{}))
	do(1, incident.NewEntry("", "call", &incident.Nudged{Nudge: incident.Nudge{Key: incident.NudgeKey{Anchor: 2, Call: 1}}}))
	step(t, s, *now)
	*now = now.Add(2 * time.Minute)
	claim(t, s)
	return s
}

// step puts an act on its way by the rows alone: what the machine of steps does is
// tested elsewhere.
func step(t *testing.T, s *Store, now time.Time) {
	t.Helper()
	err := s.write(t.Context(), func(ctx context.Context, x *tx) error {
		_, err := x.exec(ctx, `INSERT INTO step (id, incident, run, state, seq, snapshot) VALUES ('started', 1, 'r', 'STARTING', 1, $1)`,
			`{"id":"started","state":"STARTING","started_at":"`+now.Format(time.RFC3339)+`"}`)
		if err != nil {
			return err
		}
		return x.wake(ctx, incident.Wake{Kind: incident.WakeStep, Row: "INC-1:started", Due: now})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// claim is a worker that has taken everything that is due.
func claim(t *testing.T, s *Store) {
	t.Helper()
	claims, err := s.Claim(t.Context(), []string{incident.WakeStep, incident.WakeNudge, incident.WakeInbox, incident.WakeOut}, 100, time.Minute)
	if err != nil || len(claims) == 0 {
		t.Fatalf("got claims %v, %v", claims, err)
	}
	if !strings.Contains(claims[0].Kind+claims[0].Row, "INC-1") {
		t.Fatalf("got claims %v", claims)
	}
}
