package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

const payload = 2_000 // bytes of a usual delivery

// across runs b.N operations on a number of goroutines.
func across(b *testing.B, workers int, op func(n int64) error) {
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range workers {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := op(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

func BenchmarkReceive(b *testing.B) {
	for _, workers := range []int{1, 8, 32} {
		b.Run(strconv.Itoa(workers), func(b *testing.B) {
			s := openTemp(b)
			body := make([]byte, payload)
			across(b, workers, func(n int64) error {
				_, err := s.Receive(context.Background(), "pagerduty", strconv.FormatInt(n, 10), body)
				return err
			})
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, workers := range []int{1, 8, 32} {
		b.Run(strconv.Itoa(workers), func(b *testing.B) {
			s := openTemp(b)
			across(b, workers, func(n int64) error {
				target, decide := opening(strconv.FormatInt(n, 10))
				_, err := s.Do(context.Background(), target, decide)
				return err
			})
		})
	}
}

// BenchmarkBare is the same insert with nothing around it: one statement, one
// commit, the same file settings.
func BenchmarkBare(b *testing.B) {
	for _, workers := range []int{1, 8, 32} {
		b.Run(strconv.Itoa(workers), func(b *testing.B) {
			db := bare(b)
			insert, err := db.Prepare(`INSERT INTO inbox (event_id, body) VALUES ($1, $2)`)
			if err != nil {
				b.Fatal(err)
			}
			defer insert.Close()
			body := make([]byte, payload)
			across(b, workers, func(n int64) error {
				_, err := insert.Exec(strconv.FormatInt(n, 10), body)
				return err
			})
		})
	}
}

func bare(b *testing.B) *sql.DB {
	db, err := openWriter(filepath.Join(b.TempDir(), "bare.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(`CREATE TABLE inbox (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body BLOB) STRICT`); err != nil {
		b.Fatal(err)
	}
	return db
}
