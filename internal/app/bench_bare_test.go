package app

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The reference of the benchmarks is the bare database: the same engine, file
// system, durability and tables, driven through database/sql on the one
// connection that may write, with nothing around it.

// bareOf makes an empty database with some of the tables of another, their
// indexes included.
func bareOf(b *testing.B, data string, tables ...string) *sql.DB {
	b.Helper()
	source := openBare(b, filepath.Join(data, databaseName))
	db := openBare(b, filepath.Join(b.TempDir(), "bare.db"))
	for _, table := range tables {
		rows, err := source.Query(`SELECT sql FROM sqlite_master WHERE tbl_name = $1 AND sql IS NOT NULL AND type IN ('table', 'index') ORDER BY type DESC`, table)
		if err != nil {
			b.Fatal(err)
		}
		for _, statement := range statements(b, rows) {
			if _, err := db.Exec(statement); err != nil {
				b.Fatal(err)
			}
		}
	}
	return db
}

func statements(b *testing.B, rows *sql.Rows) []string {
	b.Helper()
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			b.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return all
}

func openBare(b *testing.B, path string) *sql.DB {
	b.Helper()
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(1)"}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// databaseName is how the store calls its file.
const databaseName = "mayday.db"

const bareInsert = `INSERT INTO inbox (source, event_id, at, state, body) VALUES ($1, $2, $3, 'new', $4)`

// bareInserts is the single insert of an acknowledgement, one commit each, from
// a number of goroutines. It answers inserts per second and each one's time.
func bareInserts(b *testing.B, db *sql.DB, next *atomic.Int64, body []byte, workers int, span time.Duration) (rate float64, each []time.Duration) {
	b.Helper()
	insert, err := db.Prepare(bareInsert)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = insert.Close() }()
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for range workers {
		wg.Go(func() {
			var mine []time.Duration
			for time.Since(began) < span {
				start := time.Now()
				if _, err := insert.Exec("pagerduty", fmt.Sprintf("E%013d", next.Add(1)), start.UnixMicro(), body); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			each = append(each, mine...)
		})
	}
	wg.Wait()
	return float64(len(each)) / time.Since(began).Seconds(), each
}

// bareGroups is the same insert with as many in a commit as connections wait: the
// most that sharing an fsync can bring.
func bareGroups(b *testing.B, db *sql.DB, next *atomic.Int64, body []byte, size int, span time.Duration) float64 {
	b.Helper()
	began, count := time.Now(), 0
	for time.Since(began) < span {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		insert, err := tx.Prepare(bareInsert)
		if err != nil {
			b.Fatal(err)
		}
		for range size {
			if _, err := insert.Exec("pagerduty", fmt.Sprintf("E%013d", next.Add(1)), time.Now().UnixMicro(), body); err != nil {
				b.Fatal(err)
			}
			count++
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(count) / time.Since(began).Seconds()
}

// incidentTables are what a webhook writes until its cards stand, with the
// column that says to which incident a row belongs.
var incidentTables = []struct{ name, by string }{
	{"inbox", "incident"}, {"incident", "number"}, {"source", "incident"}, {"entry", "incident"}, {"outbox", "incident"}, {"button", "incident"},
}

// bareIncidents copies the rows of so many incidents into an empty database with
// the same tables, one commit for each incident, and answers incidents per
// second: what the engine itself needs to keep the same.
func bareIncidents(b *testing.B, data string, count int64) float64 {
	b.Helper()
	names := make([]string, len(incidentTables))
	for n, t := range incidentTables {
		names[n] = t.name
	}
	db, source := bareOf(b, data, names...), openBare(b, filepath.Join(data, databaseName))
	inserts, rows := make([]*sql.Stmt, len(names)), make([]map[int64][][]any, len(names))
	for n, t := range incidentTables {
		var statement string
		rows[n], statement = rowsOf(b, source, t.name, t.by, count)
		insert, err := db.Prepare(statement)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = insert.Close() }()
		inserts[n] = insert
	}
	began := time.Now()
	for number := int64(1); number <= count; number++ {
		if err := insertAll(db, inserts, rows, number); err != nil {
			b.Fatal(err)
		}
	}
	return float64(count) / time.Since(began).Seconds()
}

// insertAll writes the rows that belong to one incident.
func insertAll(db *sql.DB, inserts []*sql.Stmt, rows []map[int64][][]any, number int64) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	for n, insert := range inserts {
		for _, row := range rows[n][number] {
			if _, err := tx.Stmt(insert).Exec(row...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// rowsOf answers rows by incident, and the statement that inserts one.
func rowsOf(b *testing.B, db *sql.DB, table, by string, count int64) (map[int64][][]any, string) {
	b.Helper()
	rows, err := db.Query("SELECT "+by+", * FROM "+table+" WHERE "+by+" BETWEEN 1 AND $1", count)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	all := map[int64][][]any{}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for n := range row {
			into[n] = &row[n]
		}
		if err := rows.Scan(into...); err != nil {
			b.Fatal(err)
		}
		number, _ := row[0].(int64)
		all[number] = append(all[number], row[1:])
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return all, "INSERT INTO " + table + " VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)-1), ", ") + ")"
}
