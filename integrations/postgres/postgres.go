// Package postgres looks at what runs on other people's databases and ends what
// must end: `pg.list_queries`, `pg.cancel` and `pg.terminate`.
//
// A session is known by pid, backend_start, user and xact_start, a statement by
// query_start and query_id as well (PROMISES rule 8): pids are used again, and a
// pooled backend runs one client's transaction after another's. The statement
// that signals checks this identity itself, touches one pid, and is sent once.
//
// The address of a database never leaves this package: connections have names,
// and errors are put into words of our own.
package postgres

import (
	"log/slog"

	"mayday/integrations"
	"mayday/internal/config"
)

// Integration is Postgres as a target.
var Integration = integrations.Integration{Name: "postgres", Prefix: "pg", New: newParts}

// The names of the actions.
const (
	listName      = "pg.list_queries"
	cancelName    = "pg.cancel"
	terminateName = "pg.terminate"
)

// target is what the actions share: the configured connections.
type target struct {
	connections map[string]*connection
	names       []string
	known       []string // connections that services say they stand on
	log         *slog.Logger
}

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	names, all, err := decode(section)
	if err != nil {
		return integrations.Parts{}, err
	}
	t := &target{connections: make(map[string]*connection, len(names)), names: names, log: log}
	for _, name := range names {
		t.connections[name] = newConnection(name, all[name])
	}
	parts := integrations.Parts{
		Actions:     []integrations.Action{t.list(), t.act(cancelling), t.act(terminating)},
		Connections: names,
		Adopt:       t.adopt,
		Close:       t.close,
	}
	if len(names) > 0 {
		parts.Checker, parts.Changes, parts.Backups = t, t, t.backups
	}
	return parts, nil
}

// connection finds a connection by name. What is missing is said as a refusal,
// because without a connection nothing can have been done.
func (t *target) connection(name string) (*connection, error) {
	if c, ok := t.connections[name]; ok {
		return c, nil
	}
	if len(t.names) == 0 {
		return nil, &integrations.Rejected{
			Code: "E24", Why: "No Postgres connection is configured.",
			Fix: "Add connect.postgres.NAME: {dsn: env:NAME_DSN} to the config.",
		}
	}
	return nil, &integrations.Rejected{
		Code: "E24", Why: "There is no Postgres connection " + integrations.Clip(integrations.OneLine(name), 40) + ".",
		Fix: "Known: " + joined(t.names) + ".",
	}
}

func (t *target) close() {
	for _, c := range t.connections {
		c.close()
	}
}
