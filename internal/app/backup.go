package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/store"
)

// backup makes a copy of the database beside it, on the same disk, and opens it.
// It has no name any more when it is read, so nothing is left behind.
func (a *App) backup(ctx context.Context) (io.ReadCloser, int64, error) {
	if !a.set.postgres.IsZero() {
		return nil, 0, a.store.Backup(ctx, "") // which says who makes copies there
	}
	dir, err := os.MkdirTemp(a.set.data, "backup-")
	if err != nil {
		return nil, 0, fmt.Errorf("back up store: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is open stays readable
	path := filepath.Join(dir, "mayday.db")
	if err := a.store.Backup(ctx, path); err != nil {
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
