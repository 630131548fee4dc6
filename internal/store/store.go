// Package store keeps everything that Mayday must not forget: incidents and
// their timelines, the bodies that came in, the messages that go out, and the
// wake-ups that find work to do (ARCHITECTURE, the seams; PROMISES rules 4-7 and
// 13-15). One Store answers all ports of the desk and of the queue.
//
// Every write is a job. One goroutine owns the one connection that writes; it
// takes what waits, gives each job a savepoint of its own, and commits all of
// them with one fsync. A write that returned nil is on the disk.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"mayday/internal/incident"
)

//go:embed migrations
var migrations embed.FS

// Options say where the store lives and what it needs from outside.
type Options struct {
	Dir       string           // the data directory; made when it is missing
	Platforms []string         // chat platforms in use: a message for all becomes one row for each
	Always    []string         // those of them that get a message even when it is for one other
	Clock     func() time.Time // time.Now unless set; tests inject one
	Log       *slog.Logger     // nothing is logged unless set
}

// Store is durable state. It is safe for concurrent use.
type Store struct {
	dir       string
	platforms []string
	always    []string
	clock     func() time.Time
	log       *slog.Logger

	lock    *os.File // held for the life of the store
	key     []byte   // of the seals
	writer  *writer
	readers *readers
	changed chan struct{}
	away    incident.Away

	stopCheck context.CancelFunc
	checked   sync.WaitGroup
	damage    atomic.Pointer[error] // what quick_check found
}

// Open opens the store in a directory, or makes one. It fails with a fault when
// another process has it open, or the directory is on a network filesystem.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{dir: o.Dir, platforms: o.Platforms, always: o.Always, clock: o.Clock, log: o.Log,
		changed: make(chan struct{}, 1), stopCheck: func() {}}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.enterDir(); err != nil {
		return err
	}
	path := filepath.Join(s.dir, databaseName)
	if err := private(path); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	db, err := openWriter(path)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	s.writer = newWriter(db, s.now, s.signal, s.log)
	if err := migrate(ctx, db); err != nil {
		return err
	}
	if s.readers, err = openReaders(path); err != nil {
		return fmt.Errorf("open store for reading: %w", err)
	}
	s.writer.start()
	if err := s.begin(ctx); err != nil {
		return err
	}
	return s.joinPlatforms(ctx)
}

// migrate brings the tables up to this version.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, migrationsDir)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	provider, err := goose.NewProvider(gooseDialect, db, files)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return unavailable(fmt.Errorf("migrate store: %w", err))
	}
	return nil
}

// Close finishes the writes that were taken, notes that it was a clean stop and
// lets the directory go. Later calls fail with a fault.
func (s *Store) Close() error {
	s.stopCheck()
	s.checked.Wait()
	err := s.end(context.Background())
	return errors.Join(err, s.release())
}

// release gives back what open took, as far as it came.
func (s *Store) release() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// now is the store's clock, to the microsecond that it stores.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// write runs a job in the writer's next transaction and answers when it is
// committed. A context that ends before the job was taken means it was not done.
func (s *Store) write(ctx context.Context, run func(ctx context.Context, t *tx) error) error {
	return s.writer.do(ctx, false, run)
}

// writeNow is write for what a sender or a person waits for.
func (s *Store) writeNow(ctx context.Context, run func(ctx context.Context, t *tx) error) error {
	return s.writer.do(ctx, true, run)
}

// Changed is sent to when a commit made rows due.
func (s *Store) Changed() <-chan struct{} { return s.changed }

func (s *Store) signal() {
	select {
	case s.changed <- struct{}{}:
	default: // the last signal was not seen yet; it stands for this one too
	}
}

// newKey makes the key of the seals.
func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand never fails since Go 1.24
	return key
}
