package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mayday/internal/fault"
)

// Backup writes a whole, consistent copy of the database to a file that must not
// exist yet, while work goes on. The key of the seals is not in it: keep
// audit.key somewhere else, or whoever holds the copy can forge its seals. A
// Postgres database is backed up with the tools of Postgres.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.lock == nil {
		return fault.New(fault.Invalid, "E24", "The store is a Postgres database: Mayday makes no copies of it.", "Use pg_dump, or the backups that your database has anyway.")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	err = errors.Join(s.copyInto(ctx, path), f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("back up store: %w", err)
	}
	return nil
}

// copyInto has a connection of its own: a copy takes long, and the readers' may
// not write, not even elsewhere.
func (s *Store) copyInto(ctx context.Context, path string) error {
	db, err := openWriter(filepath.Join(s.dir, databaseName))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, copyQuery, path)
	return errors.Join(err, db.Close())
}

// Restore puts a copy that Backup made into a data directory. Nothing may be there
// yet but the keys, and no Mayday may use it: what is there is never overwritten.
// The copy is looked at whole before it gets its name, so that a bad one leaves
// the directory as it was.
func Restore(ctx context.Context, copied, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("restore store: %w", err)
	}
	lock, err := takeLock(filepath.Join(dir, lockName))
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // it ends with the process at the latest
	path := filepath.Join(dir, databaseName)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return fault.Newf(fault.Conflict, "E24", "%s is there already.", name).WithHint("Move it away first, with the files beside it whose names begin like it.")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, keyName)); errors.Is(err, fs.ErrNotExist) {
		return fault.Newf(fault.Invalid, "E24", "%s is missing in %s: the seals of the copy cannot be checked without it.", keyName, dir).
			WithHint("Put it there from where you keep it.")
	}
	fresh := path + ".restored"
	if err := copyFile(copied, fresh); err != nil {
		return errors.Join(fmt.Errorf("restore store: %w", err), os.Remove(fresh))
	}
	if err := whole(ctx, fresh); err != nil {
		for _, left := range []string{fresh, fresh + "-wal", fresh + "-shm"} {
			_ = os.Remove(left) // most are not there
		}
		return fault.Newf(fault.Invalid, "E24", "%s is no copy of a store, or is damaged.", copied).Because(err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("restore store: %w", err)
	}
	return syncDir(dir)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
