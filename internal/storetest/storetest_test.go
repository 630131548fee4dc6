package storetest_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"mayday/internal/postgrestest"
	"mayday/internal/store"
	"mayday/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m, nil)) }

// The one store answers every port.
var _ storetest.Store = (*store.Store)(nil)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) storetest.Store {
		return open(tb, store.Options{Dir: tb.TempDir(), Platforms: []string{storetest.Platform}, Clock: clock})
	})
}

func TestPostgres(t *testing.T) {
	server := postgrestest.Shared(t)
	database := server.Database(t)
	schemas := 0 // cheaper than a database for each test
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) storetest.Store {
		schemas++
		name := fmt.Sprintf("store_%d", schemas)
		server.Exec(tb, database, "CREATE SCHEMA "+name)
		return open(tb, store.Options{Postgres: server.SuperuserDSN(database) + "&search_path=" + name, Platforms: []string{storetest.Platform}, Clock: clock})
	})
}

func open(tb testing.TB, o store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(context.Background(), o)
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
