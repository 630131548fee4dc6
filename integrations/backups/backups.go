// Package backups tells when the last good backup of a database was made, for
// the guard backup_fresh: from what pgBackRest says, or from the age of a file.
// It reads and nothing else.
//
//	connect:
//	  backups:
//	    payments-db: {pgbackrest: {program: /usr/bin/pgbackrest, stanza: main}}
//	    orders-db:   {pgbackrest: {file: /var/lib/pgbackrest/info.json, stanza: main}}
//	    stock-db:    {file: /backups/stock-*.dump}
//
// The names are those of the connections that they guard. Whatever cannot be
// read, dated or believed is "cannot tell", never fresh.
package backups

import (
	"context"
	"log/slog"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

// Integration knows of backups.
var Integration = integrations.Integration{Name: "backups", Prefix: "backups", Title: "backups", New: newParts}

// tooFarAhead is how far in the future a backup's clock may be.
const tooFarAhead = 5 * time.Minute

// source answers when the last good backup ended. Its error says in words why
// nobody can tell.
type source interface {
	last(ctx context.Context, now time.Time) (time.Time, error)
	words() string
}

// shelf knows the backups of the configuration.
type shelf struct {
	names   []string
	sources map[string]source
	log     *slog.Logger
	now     func() time.Time
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	names, sources, err := decode(section)
	if err != nil || len(names) == 0 {
		return integrations.Parts{}, err
	}
	s := &shelf{names: names, sources: sources, log: log, now: time.Now}
	return integrations.Parts{Backups: s.backups, Checker: s}, nil
}

// backups answers for one connection.
func (s *shelf) backups(ctx context.Context, connection string) (time.Time, bool) {
	from, known := s.sources[connection]
	if !known {
		return time.Time{}, false
	}
	at, err := s.last(ctx, from)
	if err != nil {
		s.log.Warn("age of a backup is not known", "connection", connection, "why", err.Error())
		return time.Time{}, true
	}
	return at, true
}

func (s *shelf) last(ctx context.Context, from source) (time.Time, error) {
	now := s.now()
	at, err := from.last(ctx, now)
	if err == nil && at.After(now.Add(tooFarAhead)) {
		err = errFuture
	}
	return at.UTC(), err
}
