package postgres

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestQueryTellsTheLastBackup(t *testing.T) {
	s := newStage(t, byGrants)
	s.server.Exec(t, s.db, "CREATE SCHEMA ops", "GRANT USAGE ON SCHEMA ops TO mayday_ops", "CREATE TABLE ops.backups (finished_at timestamptz, ok bool)",
		"GRANT SELECT ON ops.backups TO mayday_ops", "CREATE TABLE ops.secret (at timestamptz)",
		"INSERT INTO ops.backups VALUES (now() - interval '31 hours', true), (now() - interval '3 hours', true), (now(), false)")
	const good = "SELECT max(finished_at) FROM ops.backups WHERE ok"
	for _, tc := range []struct {
		name, query string
		hours       float64 // 0 is cannot tell
		words       string
	}{
		{"the newest that is good", good, 3, ""},
		{"without a zone", "SELECT (now() at time zone 'UTC')::timestamp - interval '2 hours'", 2, ""},
		{"none", "SELECT max(finished_at) FROM ops.backups WHERE false", 0, "answers no time"},
		{"no row", "SELECT finished_at FROM ops.backups WHERE false", 0, "answers no time"},
		{"several", "SELECT finished_at FROM ops.backups", 0, "more than one time"},
		{"the future", "SELECT now() + interval '1 hour'", 0, "in the future"},
		{"no time", "SELECT 'yesterday'", 0, "is not known"},
		{"two columns", "SELECT now(), now()", 0, "is not known"},
		{"no right", "SELECT max(at) FROM ops.secret", 0, "is not known"},
		{"what would write", "WITH gone AS (DELETE FROM ops.backups RETURNING 1) SELECT now() FROM gone LIMIT 1", 0, "is not known"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.log.Reset()
			s.open(s.server.DSN(s.db, "mayday_ops", s.passwords["mayday_ops"]), `, backup: {query: "`+tc.query+`"}`)
			at, known := s.parts.Backups(t.Context(), "shop")
			if !known {
				t.Fatal("shop is not known")
			}
			if at.IsZero() != (tc.hours == 0) || !at.IsZero() && (time.Since(at).Hours() < tc.hours-0.1 || time.Since(at).Hours() > tc.hours+0.1) {
				t.Errorf("got %s, want %v hours ago", at, tc.hours)
			}
			if tc.words != "" && !strings.Contains(s.log.String(), tc.words) {
				t.Errorf("got %q in the log, want %q", s.log.String(), tc.words)
			}
			if _, known := s.parts.Backups(t.Context(), "stock"); known {
				t.Error("stock is known")
			}
		})
	}
	var left int
	if err := s.server.Open(t, s.server.SuperuserDSN(s.db)).QueryRow("SELECT count(*) FROM ops.backups").Scan(&left); err != nil || left != 3 {
		t.Errorf("got %d rows left, %v, want 3", left, err)
	}
}

func TestBackupSettingsAreStrict(t *testing.T) {
	for backup, words := range map[string]string{
		"{query: 'DELETE FROM x'}":              "is one SELECT",
		"{query: 'SELECT now(); DROP TABLE x'}": "is one SELECT",
		"{}":                                    "is one SELECT",
		"{query: 'SELECT now()', on: stock}":    "another connection",
		"{query: 'SELECT now()', of: shop}":     "of",
	} {
		_, err := newFrom("connect: {postgres: {shop: {dsn: env:SHOP_DSN, backup: "+backup+"}}}", &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q", backup, err, words)
		}
	}
	if _, err := newFrom("connect: {postgres: {shop: {dsn: env:SHOP_DSN, backup: {query: 'SELECT now()', on: stock}}, stock: {dsn: env:SHOP_DSN}}}", &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
