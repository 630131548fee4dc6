package store

import (
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is all that differs between the engines. Every other query is plain
// SQL that both take as it is.
type dialect struct {
	migrations string        // the folder of its tables
	goose      goose.Dialect // what the migrator calls it

	// forUpdate locks the rows that a query reads until the transaction ends.
	// SQLite has one writer and needs none.
	forUpdate string

	// lock waits until no other transaction works on the name $1, and keeps
	// others from it until this one ends. "" where there is one writer.
	lock string

	// now asks the database for its time, in microseconds. "" where the clock of
	// this machine is the only one there is.
	now string

	// claim takes due rows of so many kinds in one statement: on SQLite in a job,
	// $1 lease until, $2 now, $3 limit, then the kinds; on Postgres a transaction of
	// its own, $1 now or nothing, $2 lease, $3 limit, then the kinds.
	claim func(kinds int) string

	// feedMark says that this transaction is about to draw numbers of the feed,
	// feedDrawn answers the last one that was drawn, and feedBehind by how much the
	// lowest mark is behind that, $1. "" where there is one writer.
	feedMark, feedDrawn, feedBehind string

	// receive stores bodies and their wake-ups in one statement that is a
	// transaction of its own, and answers source and event id of those that are new.
	// $1 sources, $2 event ids, $3 bodies, $4 now or nothing. "" where a job of the
	// writer is as good.
	receive string
}

// marks are n placeholders from first on, with commas between them.
func marks(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(all, ", ")
}

// broken tells errors that are about the storage, not about the statement.
func broken(err error) bool { return err != nil && (brokenSQLite(err) || brokenPostgres(err)) }

// full tells that there is no room left.
func full(err error) bool { return fullSQLite(err) || fullPostgres(err) }

// taken tells that a row with this unique key exists.
func taken(err error) bool { return takenSQLite(err) || takenPostgres(err) }
