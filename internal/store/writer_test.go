package store

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/fault"
)

// stall keeps the writer busy until release is called, which answers how the job
// that did so ended: it shares the commit of those that wait.
func stall(t *testing.T, s *Store) (release func() error) {
	t.Helper()
	began, end := make(chan struct{}), make(chan struct{})
	outcome := make(chan error, 1)
	go func() {
		outcome <- s.write(context.Background(), func(context.Context, *tx) error {
			close(began)
			<-end
			return nil
		})
	}()
	<-began
	return func() error {
		close(end)
		return <-outcome
	}
}

func receive(ctx context.Context, s *Store, id string) error {
	_, err := s.Receive(ctx, "pager", id, []byte(id))
	return err
}

func count(t *testing.T, s *Store, query string, args ...any) (n int) {
	t.Helper()
	if err := s.readers.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// until polls a condition that another goroutine brings about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 10 s for: %s", what)
		}
	}
}

func TestCommitsAreShared(t *testing.T) {
	s := openTemp(t)
	var commits atomic.Int64
	release := stall(t, s)
	signal := s.writer.(*writer).signal
	s.writer.(*writer).signal = func() { commits.Add(1); signal() } // read after the next job was received
	const jobs = 200
	var waiting atomic.Int64
	var wg sync.WaitGroup
	for n := range jobs {
		wg.Go(func() {
			waiting.Add(1)
			if err := receive(context.Background(), s, strconv.Itoa(n)); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "all jobs to wait", func() bool { return waiting.Load() == jobs })
	if err := release(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if got := commits.Load(); got > jobs/10 {
		t.Errorf("%d jobs took %d commits", jobs, got)
	}
	if got := count(t, s, `SELECT count(*) FROM inbox`); got != jobs {
		t.Errorf("got %d rows, want %d", got, jobs)
	}
}

func TestAContextThatEndsBeforeTheJobIsTaken(t *testing.T) {
	s := openTemp(t)
	release := stall(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- receive(ctx, s, "e1") }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if got := count(t, s, `SELECT count(*) FROM inbox`); got != 0 {
		t.Error("a job that was not taken was done")
	}
}

func TestAContextThatEndsAfterTheJobWasTaken(t *testing.T) {
	s := openTemp(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		cancel()
		return t.note(ctx, scopeDesk, "key", "value")
	})
	if err != nil {
		t.Errorf("got %v, want the outcome: done", err)
	}
	if value, _, err := s.Noted(t.Context(), "key"); err != nil || value != "value" {
		t.Errorf("got %q, %v, want what was written", value, err)
	}
}

// TestAFullDisk: everything that shares the commit fails with E26, nothing of it
// is there, and the next write works when there is room again.
func TestAFullDisk(t *testing.T) {
	s := openTemp(t)
	if err := receive(t.Context(), s, "before"); err != nil {
		t.Fatal(err)
	}
	err := s.write(t.Context(), func(ctx context.Context, t *tx) error {
		var pages int
		if _, err := t.scan(ctx, `PRAGMA page_count`, nil, &pages); err != nil {
			return err
		}
		_, err := t.scan(ctx, `PRAGMA max_page_count = `+strconv.Itoa(pages), nil, &pages)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Receive(t.Context(), "pager", "big", make([]byte, 1<<20))
	if !fault.HasCode(err, "E26") || !fault.Is(err, fault.Unavailable) || !full(err) {
		t.Fatalf("got %v, want E26 because the disk is full", err)
	}
	if err := receive(t.Context(), s, "after"); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	if err := s.Writable(t.Context()); err != nil {
		t.Errorf("writable: %v", err)
	}
	if got := count(t, s, `SELECT count(*) FROM inbox`); got != 2 {
		t.Errorf("got %d rows, want before and after", got)
	}
}

// TestABrokenBatch: when the storage breaks under one job, those before it in
// the same transaction are not there either, and hear so.
func TestABrokenBatch(t *testing.T) {
	s := openTemp(t)
	release := stall(t, s)
	var waiting atomic.Int64
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for n := range errs {
		wg.Go(func() {
			waiting.Add(1)
			errs[n] = s.write(context.Background(), func(ctx context.Context, t *tx) error {
				if n == 7 {
					_, err := t.exec(ctx, `ROLLBACK`) // as SQLite does by itself on some errors
					return errors.Join(err, t.conn.(*conn).c.Close())
				}
				return t.note(ctx, scopeDesk, strconv.Itoa(n), "")
			})
		})
	}
	until(t, "all jobs to wait", func() bool { return waiting.Load() == int64(len(errs)) })
	if err := release(); err != nil && !fault.HasCode(err, "E26") {
		t.Error(err)
	}
	wg.Wait()
	for n, err := range errs {
		noted := count(t, s, `SELECT count(*) FROM note WHERE scope = 'desk' AND key = $1`, strconv.Itoa(n)) == 1
		if noted != (err == nil) {
			t.Errorf("job %d: written %v, error %v", n, noted, err)
		}
	}
	if !fault.HasCode(errs[7], "E26") {
		t.Errorf("the job that broke: got %v, want E26", errs[7])
	}
	if err := s.Writable(t.Context()); err != nil {
		t.Errorf("writable: %v", err)
	}
}

func TestWritesAfterCloseAreRefused(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := receive(t.Context(), s, "e1"); !fault.HasCode(err, "E26") {
		t.Errorf("got %v, want E26", err)
	}
}

func TestPragmas(t *testing.T) {
	s := openTemp(t)
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"}
	for name, value := range want {
		var got string
		err := s.write(t.Context(), func(ctx context.Context, t *tx) error {
			_, err := t.scan(ctx, `PRAGMA `+name, nil, &got)
			return err
		})
		if err != nil || got != value {
			t.Errorf("writer %s: got %s, %v, want %s", name, got, err, value)
		}
		if err := s.readers.QueryRowContext(t.Context(), `PRAGMA `+name).Scan(&got); err != nil || got != value {
			t.Errorf("reader %s: got %s, %v, want %s", name, got, err, value)
		}
	}
	if _, err := s.readers.ExecContext(t.Context(), `DELETE FROM inbox`); err == nil {
		t.Error("a reader can write")
	}
}

// TestPlaceholders: $1 means the first argument wherever it stands.
func TestPlaceholders(t *testing.T) {
	s := openTemp(t)
	var a, b, c string
	if err := s.readers.QueryRowContext(t.Context(), `SELECT $2, $1, $2`, "one", "two").Scan(&a, &b, &c); err != nil {
		t.Fatal(err)
	}
	if a != "two" || b != "one" || c != "two" {
		t.Errorf("got %s %s %s, want two one two", a, b, c)
	}
}
