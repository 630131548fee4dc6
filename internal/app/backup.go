package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/store"
)

// A backup lies beside the database while it is made, in a folder of this name
// and a number. No backup that somebody keeps is called so.
const unfinished = "backup-unfinished-"

// copier makes backups of a data directory, one after the other: each counts on
// the room that it has found.
type copier struct {
	dir   string
	turn  chan struct{}
	free  func(dir string) (uint64, error)
	write func(ctx context.Context, path string) error
}

func newCopier(dir string, write func(ctx context.Context, path string) error) copier {
	return copier{dir: dir, turn: make(chan struct{}, 1), free: store.FreeBytes, write: write}
}

// backups answers what makes a backup for admins. What a process left that was
// killed in the middle of one goes first; a server starts without that.
func (a *App) backups() func(ctx context.Context) (io.ReadCloser, int64, error) {
	if !a.set.postgres.IsZero() {
		return func(ctx context.Context) (io.ReadCloser, int64, error) {
			return nil, 0, a.store.Backup(ctx, "") // which says who makes copies there
		}
	}
	c := newCopier(a.set.data, a.store.Backup)
	if err := c.sweep(); err != nil {
		a.log.Warn("an unfinished backup of an earlier process is still there", "err", err)
	}
	return c.take
}

// take makes a copy of the database beside it, on the same disk, and opens it.
// It has no name any more when it is read, so nothing is left behind.
func (c copier) take(ctx context.Context) (io.ReadCloser, int64, error) {
	select {
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	}
	if err := c.room(); err != nil {
		return nil, 0, err
	}
	dir, err := os.MkdirTemp(c.dir, unfinished)
	if err != nil {
		return nil, 0, fmt.Errorf("back up store: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is open stays readable
	path := filepath.Join(dir, "mayday.db")
	if err := c.write(ctx, path); err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("back up store: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// room refuses a copy that the disk may not hold; nil when nobody can tell.
func (c copier) room() error {
	free, err := c.free(c.dir)
	if err != nil {
		return nil //nolint:nilerr // as for steps: who cannot tell does not refuse
	}
	need := c.size() + store.ActsBytes // a backup must not be what stops a step
	if free >= need {
		return nil
	}
	return fault.Newf(fault.Unavailable, "E26", "The disk of Mayday has %d MiB left, and a backup needs %d beside the database.", free>>20, need>>20).
		WithHint("Free some space there, and take the backup again.")
}

// size is the most that a copy can have: the database, and what is not in it yet.
func (c copier) size() uint64 {
	var sum uint64
	for _, name := range []string{"mayday.db", "mayday.db-wal"} {
		if info, err := os.Stat(filepath.Join(c.dir, name)); err == nil {
			sum += uint64(info.Size()) //nolint:gosec // no file has less than nothing
		}
	}
	return sum
}

// sweep removes what a process that was killed in the middle of a backup left.
// Nobody else can be at it: the directory belongs to one process.
func (c copier) sweep() error {
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(c.dir, e.Name())))
		}
	}
	return err
}

// Restored is what Restore did, or would do.
type Restored struct {
	Dir       string `json:"dir"`
	Incidents int    `json:"incidents"`
	Kept      string `json:"kept"` // where the database that was there lies now
}

// Restore puts a backup in the place of the database. It fails while a Mayday
// runs there. Without do it only looks whether the backup is whole.
func Restore(ctx context.Context, f *config.File, env config.Env, from string, do bool) (Restored, error) {
	set, err := read(f, env)
	if err != nil {
		return Restored{}, err
	}
	if !set.postgres.IsZero() {
		return Restored{}, fault.New(fault.Invalid, "E24", "The store is a Postgres database: Mayday does not restore it.", "Use pg_restore, or the backups that your database has anyway.")
	}
	n, kept, err := store.Restore(ctx, set.data, from, do)
	return Restored{Dir: set.data, Incidents: n, Kept: kept}, err
}
