package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mayday/integrations"
	"mayday/internal/config"
)

// backupTimeout is for the whole question: a preview waits for it.
const backupTimeout = 5 * time.Second

// backupSettings is connect.postgres.NAME.backup: a query that answers when the
// last good backup of NAME ended.
type backupSettings struct {
	Query string `yaml:"query"`
	On    string `yaml:"on"` // the connection that is asked; NAME unless set
}

func checkBackup(at config.Section, b *backupSettings, names []string) error {
	if b == nil {
		return nil
	}
	own := at.Sub("backup")
	statements := 0
	for _, part := range strings.Split(b.Query, ";") {
		if strings.TrimSpace(part) != "" {
			statements++
		}
	}
	first, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(b.Query)), " ")
	switch {
	case statements != 1 || (first != "SELECT" && first != "WITH"):
		return own.Fault("query", "`query` of `%s` is one SELECT that answers one time, like SELECT max(finished_at) FROM ops.backups WHERE ok.", own.Path())
	case b.On != "" && !slices.Contains(names, b.On):
		return own.Fault("on", "`on` of `%s` is another connection of connect.postgres: %s.", own.Path(), joined(names))
	}
	return nil
}

// backups answers when the last good backup of a connection was made; the zero
// time when its query says nothing that can be used.
func (t *target) backups(ctx context.Context, name string) (time.Time, bool) {
	c, ok := t.connections[name]
	if !ok || c.Backup == nil {
		return time.Time{}, false
	}
	at, err := t.lastBackup(ctx, c)
	if err != nil {
		t.log.Warn("age of a backup is not known", "connection", name, "why", backupTrouble(err))
	}
	return at, true
}

func (t *target) lastBackup(ctx context.Context, c *connection) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	on := c
	if c.Backup.On != "" {
		on = t.connections[c.Backup.On]
	}
	pool, err := on.opened()
	if err != nil {
		return time.Time{}, err
	}
	var at *time.Time
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { return oneTime(ctx, tx, c.Backup.Query, &at) })
	switch {
	case err != nil:
		return time.Time{}, err
	case at == nil:
		return time.Time{}, errNever
	case at.After(time.Now().Add(5 * time.Minute)):
		return time.Time{}, errFuture
	}
	return at.UTC(), nil
}

var (
	errNever   = errors.New("its query answers no time")
	errFuture  = errors.New("its query answers a time in the future")
	errSeveral = errors.New("its query answers more than one time")
)

func oneTime(ctx context.Context, tx pgx.Tx, query string, at **time.Time) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("ask for the backup: %w", err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n > 0 {
			return errSeveral
		}
		if err := rows.Scan(at); err != nil {
			return fmt.Errorf("ask for the backup: %w", err)
		}
	}
	return rows.Err()
}

// backupTrouble never repeats an address.
func backupTrouble(err error) string {
	for _, known := range []error{errNever, errFuture, errSeveral} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return inWords(err)
}

// checkBackup says how old the last backup is, for doctor.
func (t *target) checkBackup(ctx context.Context, c *connection) []integrations.Finding {
	if c.Backup == nil {
		return nil
	}
	at, err := t.lastBackup(ctx, c)
	if err != nil {
		return []integrations.Finding{{Text: fmt.Sprintf("postgres %s: the age of its backup is not known: %s", c.name, backupTrouble(err)),
			Fix: "Check connect.postgres." + c.name + ".backup; backup_fresh answers ? meanwhile."}}
	}
	return []integrations.Finding{{OK: true, Text: fmt.Sprintf("postgres %s: last good backup %s ago", c.name, ageText(time.Since(at)))}}
}
