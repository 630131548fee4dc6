package store

import (
	"context"
	"errors"
	"fmt"
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
