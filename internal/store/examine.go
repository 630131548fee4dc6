package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Finding is what an examination of a store says, for doctor.
type Finding struct {
	OK, Warn  bool
	Text, Fix string
}

// Examine looks at a store that a Mayday may be using at this moment, and changes
// nothing. With whole it reads every page of a SQLite database, which takes
// seconds for each gigabyte. A store that does not exist yet has no findings.
func Examine(ctx context.Context, o Options, everything bool) []Finding {
	if o.Postgres != "" {
		return examinePostgres(ctx, o.Postgres)
	}
	path := filepath.Join(o.Dir, databaseName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || !everything {
		return nil
	}
	if err := whole(ctx, path); ctx.Err() != nil {
		return []Finding{{Warn: true, Text: path + " is too large to be read whole in the time there is", Fix: "back it up, and check the copy: sqlite3 COPY 'PRAGMA integrity_check'"}}
	} else if err != nil {
		return []Finding{{Text: fmt.Sprintf("%s is damaged: %v", path, err), Fix: "stop Mayday, keep the files, and restore a backup"}}
	}
	return []Finding{{OK: true, Text: path + " is whole"}}
}

// integrityCheck answers "ok", or what is wrong, more thoroughly than quickCheck.
const integrityCheck = "PRAGMA integrity_check(1)"

// whole reads a SQLite database from end to end, its indexes included.
func whole(ctx context.Context, path string) error {
	db, err := openReaders(path)
	if err != nil {
		return err
	}
	var found string
	err = db.DB.QueryRowContext(ctx, integrityCheck).Scan(&found)
	if err == nil && found != "ok" {
		err = errors.New(found)
	}
	if err == nil {
		var incidents int64 // an empty file is whole, and no store
		err = db.DB.QueryRowContext(ctx, `SELECT count(*) FROM counter WHERE name = 'incident'`).Scan(&incidents)
	}
	return errors.Join(err, db.Close())
}

// examinePostgres asks for what keeps a promise there: that a commit is on the
// disk when it is answered.
func examinePostgres(ctx context.Context, address string) []Finding {
	db, err := openPostgres(address, 1, nil)
	if err != nil {
		return []Finding{{Text: err.Error()}}
	}
	defer func() { _ = db.Close() }() // nothing was begun
	var version, database, user string
	var super bool
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_database(), current_user, rolsuper FROM pg_roles WHERE rolname = current_user`).
		Scan(&version, &database, &user, &super)
	if err != nil {
		return []Finding{{Text: "the database of the store does not answer: " + reachable(err), Fix: "look whether it runs and whether `store.postgres` is its address"}}
	}
	found := []Finding{{OK: true, Text: fmt.Sprintf("Postgres %s, database %s as %s", strings.Fields(version + " ")[0], database, user)}}
	if super {
		found = append(found, Finding{Warn: true, Text: user + " is a superuser; the store needs a database of its own and nothing else",
			Fix: "CREATE ROLE mayday LOGIN PASSWORD '...'; CREATE DATABASE mayday OWNER mayday"})
	}
	for _, setting := range []string{"fsync", "full_page_writes"} {
		found = append(found, examineSetting(ctx, db, setting)...)
	}
	return found
}

func examineSetting(ctx context.Context, db *sql.DB, name string) []Finding {
	var value string
	if err := db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil || value != "off" {
		return nil
	}
	return []Finding{{Warn: true, Text: name + " is off there: what was answered 202 may be lost when that machine loses power", Fix: "set " + name + " = on"}}
}

// reachable is the first line of what the driver says; it names no password.
func reachable(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(text, ":")
}
