// Package store keeps everything that Mayday must not forget: incidents and
// their timelines, the bodies that came in, the messages that go out, and the
// wake-ups that find work to do (ARCHITECTURE, the seams; PROMISES rules 4-7 and
// 13-15). One Store answers all ports of the desk and of the queue.
//
// Every write is a job. On SQLite one goroutine owns the one connection that
// writes; it takes what waits, gives each job a savepoint of its own, and commits
// all of them with one fsync. On Postgres each job has a transaction of its own,
// and other processes may use the same database: what one claims is its own, and
// nothing else is shared. A write that returned nil is on the disk.
package store

import (
	"context"
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
	"github.com/pressly/goose/v3/lock"

	"mayday/internal/incident"
)

//go:embed migrations
var migrations embed.FS

// Options say where the store lives and what it needs from outside.
type Options struct {
	Dir       string           // the data directory of SQLite; made when it is missing
	Postgres  string           // the address of a Postgres database; Dir is not used then
	SealKey   string           // of the seals on Postgres, at least 32 bytes; kept in the database unless set
	Platforms []string         // chat platforms in use: a message for all becomes one row for each
	Always    []string         // those of them that get a message even when it is for one other
	Clock     func() time.Time // the machine's on SQLite, the database's on Postgres unless set; tests inject one
	Log       *slog.Logger     // nothing is logged unless set
}

// Store is durable state. It is safe for concurrent use.
type Store struct {
	dialect   *dialect
	dir       string
	platforms []string
	always    []string
	clock     func() time.Time // nil: the database's
	log       *slog.Logger

	room room // of the directory
	// lastTerm is the newest claim of the last process on the directory: older
	// claims are nobody's.
	lastTerm int64
	lock     *os.File // held for the life of the store
	key      []byte   // of the seals
	writer   writes
	readers  *readers
	changed  chan struct{}
	away     incident.Away

	stop    context.CancelFunc // of what runs in the background
	running sync.WaitGroup
	checked sync.WaitGroup        // the look at the files
	damage  atomic.Pointer[error] // what quick_check found
}

// writes runs jobs in transactions. A job may be run again when it stood in the
// way of another one, and not once it has been answered.
type writes interface {
	start()
	do(ctx context.Context, urgent bool, run func(ctx context.Context, t *tx) error) error
	// receive stores a body, and answers by the deadline that ctx has.
	receive(ctx context.Context, source, eventID string, body []byte) (fresh bool, err error)
	close() error
}

// Open opens the store in a directory or a Postgres database, or makes one. It
// fails with a fault when another process has the directory open, when that is on
// a network filesystem, or when the database cannot be reached.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{dialect: sqliteDialect, dir: o.Dir, platforms: o.Platforms, always: o.Always, clock: o.Clock, log: o.Log,
		changed: make(chan struct{}, 1), stop: func() {}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	open := s.openSQLite
	if o.Postgres != "" {
		s.dialect = postgresDialect
		open = func(ctx context.Context) error { return s.openPostgres(ctx, o.Postgres, o.SealKey) }
	}
	if err := open(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if err := s.begin(ctx, background); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Store) openSQLite(ctx context.Context) error {
	if s.clock == nil {
		s.clock = time.Now
	}
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
	s.room = newRoom(s.dir, s.log)
	s.writer = newWriter(db, s.clock, s.signal, s.room.drop, s.log)
	if err := migrate(ctx, db, s.dialect); err != nil {
		return err
	}
	if s.readers, err = openReaders(path); err != nil {
		return fmt.Errorf("open store for reading: %w", err)
	}
	s.writer.start()
	return nil
}

func (s *Store) openPostgres(ctx context.Context, address, sealKey string) error {
	db, err := openPostgresWriters(ctx, address)
	if db != nil {
		s.writer = newTransactor(db, s.dialect, s.clock, s.signal, s.log)
		s.writer.start()
	}
	if err != nil {
		return err
	}
	if err := migrate(ctx, db, s.dialect); err != nil {
		return err
	}
	if s.readers, err = openPostgresReaders(address); err != nil {
		return err
	}
	s.key, err = s.sealKey(ctx, sealKey)
	return err
}

// migrate brings the tables up to this version. Processes that start together on
// one Postgres wait for the first of them.
func migrate(ctx context.Context, db *sql.DB, d *dialect) error {
	files, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	var options []goose.ProviderOption
	if d.lock != "" {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 10))
		if err != nil {
			return fmt.Errorf("prepare migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(d.goose, db, files, options...)
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
	s.settle()
	var err error
	if s.lock != nil {
		err = s.end(context.Background())
	}
	return errors.Join(err, s.release())
}

// settle ends what runs in the background.
func (s *Store) settle() {
	s.stop()
	s.checked.Wait()
	s.running.Wait()
}

// release gives back what open took, as far as it came.
func (s *Store) release() error {
	s.settle()
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

// now is the store's clock, to the microsecond that it stores: the database's
// where several machines share it (PROMISES rule 14).
func (s *Store) now(ctx context.Context) (time.Time, error) {
	if s.clock != nil {
		return toMicro(s.clock()), nil
	}
	var n int64
	if err := s.readers.QueryRowContext(ctx, s.dialect.now).Scan(&n); err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", err)
	}
	return fromMicro(n), nil
}

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
