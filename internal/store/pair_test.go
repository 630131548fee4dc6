package store

import (
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/postgrestest"
)

// TestMigrationsArePaired: each number exists for both engines, under one name.
func TestMigrationsArePaired(t *testing.T) {
	names := map[*dialect][]string{}
	for _, d := range []*dialect{sqliteDialect, postgresDialect} {
		files, err := fs.ReadDir(migrations, d.migrations)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names[d] = append(names[d], f.Name())
		}
	}
	if diff := cmp.Diff(names[sqliteDialect], names[postgresDialect]); diff != "" {
		t.Errorf("(-sqlite +postgres):\n%s", diff)
	}
}

// TestTheSchemasAreTheSame: the same tables, with the same columns, of types that
// mean the same, and the same indexes.
func TestTheSchemasAreTheSame(t *testing.T) {
	lite := openTemp(t)
	server := postgrestest.Shared(t)
	pg := openPostgresTemp(t, server, Options{})
	for name, queries := range map[string][2]string{
		"columns": {
			`SELECT m.name, m.name || '.' || c.name || ' ' || lower(c.type) || CASE WHEN c."notnull" OR c.pk > 0 THEN ' not null' ELSE '' END
				FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`,
			`SELECT table_name, table_name || '.' || column_name || ' ' || data_type || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END
				FROM information_schema.columns WHERE table_schema = 'public'`,
		},
		"indexes": {
			`SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`,
			`SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'`,
		},
	} {
		sqlite, postgres := listed(t, lite.readers.DB, queries[0]), listed(t, pg.readers.DB, queries[1])
		if diff := cmp.Diff(sqlite, postgres); diff != "" || len(sqlite) == 0 {
			t.Errorf("%s (-sqlite +postgres), %d of them:\n%s", name, len(sqlite), diff)
		}
	}
}

// listed answers the second column of a query, sorted, in the words of Postgres.
func listed(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]bool{}
	words := strings.NewReplacer(" integer", " bigint", " blob", " bytea")
	for rows.Next() {
		var table, what string
		if err := rows.Scan(&table, &what); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(table, "goose_") && !strings.HasPrefix(table, "sqlite_") {
			found[words.Replace(what)] = true
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found))
}

// openPostgresTemp opens a store in a database of its own.
func openPostgresTemp(tb testing.TB, server *postgrestest.Server, o Options) *Store {
	tb.Helper()
	o.Postgres = server.SuperuserDSN(server.Database(tb))
	return openOn(tb, o)
}

func openOn(tb testing.TB, o Options) *Store {
	tb.Helper()
	if o.Platforms == nil {
		o.Platforms = []string{"web"}
	}
	s, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// TestSealsOnPostgres: who gives a key of his own has to give the same one for
// ever, and the database keeps no key then.
func TestSealsOnPostgres(t *testing.T) {
	server := postgrestest.Shared(t)
	address := server.SuperuserDSN(server.Database(t))
	key := strings.Repeat("k", keyBytes)
	s := openOn(t, Options{Postgres: address, SealKey: key})
	target, decide := opening("P1")
	if _, err := s.Do(t.Context(), target, decide); err != nil {
		t.Fatal(err)
	}
	again := openOn(t, Options{Postgres: address, SealKey: key})
	if err := again.Verify(t.Context(), 1); err != nil {
		t.Errorf("a second process: %v", err)
	}
	for _, other := range []string{"", "short", strings.Repeat("x", keyBytes)} {
		if o, err := Open(t.Context(), Options{Postgres: address, SealKey: other}); err == nil {
			t.Errorf("key %q is taken: %v", other, o.Close())
		}
	}
	for _, s := range []*Store{s, again} {
		if fmt.Sprintf("%x", s.key) == fmt.Sprintf("%x", key) {
			t.Error("the key is used as it is written")
		}
	}
	own := server.SuperuserDSN(server.Database(t))
	first, second := openOn(t, Options{Postgres: own}), openOn(t, Options{Postgres: own})
	if string(first.key) != string(second.key) || len(first.key) != keyBytes {
		t.Error("two processes have made two keys")
	}
	if _, err := Open(t.Context(), Options{Postgres: own, SealKey: key}); err == nil {
		t.Error("a key is taken that its seals were not made with")
	}
}
