package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mayday/internal/fault"
)

// Restore puts a backup in the place of the database in dir, and answers how
// many incidents it holds and where the database that was there lies now. The
// backup is copied and checked before anything is moved; a Mayday that runs there
// keeps its lock, and then nothing is done. Without do it only checks.
func Restore(ctx context.Context, dir, from string, do bool) (incidents int, kept string, err error) {
	if !do {
		incidents, err = inspect(ctx, from, from)
		return incidents, "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, "", unavailable(fmt.Errorf("make data directory: %w", err))
	}
	lock, err := takeLock(filepath.Join(dir, lockName))
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	fresh := filepath.Join(dir, databaseName+".restoring")
	if err := errors.Join(copyFile(from, fresh), syncDir(dir)); err != nil {
		return 0, "", fmt.Errorf("restore store: %w", errors.Join(err, os.Remove(fresh)))
	}
	if incidents, err = inspect(ctx, fresh, from); err != nil {
		return 0, "", errors.Join(err, os.Remove(fresh))
	}
	if _, err := os.Stat(filepath.Join(dir, keyName)); errors.Is(err, fs.ErrNotExist) {
		return 0, "", errors.Join(fault.Newf(fault.Invalid, "E24", "%s is missing in %s: the seals of the copy cannot be checked without it.", keyName, dir).
			WithHint("Put it there from where you keep it."), os.Remove(fresh))
	}
	if kept, err = setAside(dir); err != nil {
		return 0, "", err
	}
	if err := errors.Join(os.Rename(fresh, filepath.Join(dir, databaseName)), syncDir(dir)); err != nil {
		return 0, kept, fmt.Errorf("restore store: %w", err)
	}
	return incidents, kept, nil
}

// setAside moves the database with its journals out of the way, into a folder of
// its own. "" when there was none.
func setAside(dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept := filepath.Join(dir, "before-restore-"+time.Now().UTC().Format("20060102-150405"))
	if err := os.Mkdir(kept, 0o700); err != nil {
		return "", fmt.Errorf("restore store: %w", err)
	}
	for _, end := range []string{"-wal", "-shm", ""} {
		err := os.Rename(filepath.Join(dir, databaseName+end), filepath.Join(kept, databaseName+end))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return kept, fmt.Errorf("restore store: %w", err)
		}
	}
	return kept, syncDir(dir)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), in.Close())
}

// inspect reports whether a file is a whole database of Mayday, of this version
// or an older one, and how many incidents it holds.
func inspect(ctx context.Context, path, called string) (incidents int, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fault.Newf(fault.NotFound, "E23", "%s cannot be read.", called).Because(err)
	}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return 0, fmt.Errorf("look at backup: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	broken := fault.Newf(fault.Invalid, "E24", "%s is no whole backup of Mayday.", called)
	var state string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&state); err != nil || state != "ok" {
		return 0, broken.Because(errors.Join(err, errors.New(state)))
	}
	var version int
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version); err != nil {
		return 0, broken.Because(err)
	}
	if latest := latestMigration(); version > latest {
		return 0, fault.Newf(fault.Conflict, "E24", "%s was made by a newer Mayday (tables %d, this one knows %d).", called, version, latest).WithHint("Use that version.")
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM incident").Scan(&incidents); err != nil {
		return 0, broken.Because(err)
	}
	return incidents, nil
}

// latestMigration is the version of the tables that this program makes.
func latestMigration() int {
	newest := 0
	_ = fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error { // embedded files can be read
		var n int
		if err == nil && strings.HasSuffix(path, ".sql") {
			_, _ = fmt.Sscanf(d.Name(), "%d_", &n)
		}
		newest = max(newest, n)
		return err
	})
	return newest
}
