package storetest_test

import (
	"context"
	"testing"
	"time"

	"mayday/internal/store"
	"mayday/internal/storetest"
)

// The one store answers every port.
var _ storetest.Store = (*store.Store)(nil)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) storetest.Store {
		s, err := store.Open(context.Background(), store.Options{Dir: tb.TempDir(), Platforms: []string{storetest.Platform}, Clock: clock})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := s.Close(); err != nil {
				tb.Errorf("close: %v", err)
			}
		})
		return s
	})
}
