package postgres

import (
	"strings"

	"mayday/integrations"
)

// dumpers are the programs that make backups, by the application name that they
// give themselves. Their idle connections hold the dump's snapshot.
var dumpers = []string{"pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "pgbackrest", "barman"}

// spared says why a session is never offered and never signalled, "" when it may
// be. Looking and planning both ask it, because the id of a row can be forged,
// and so does the act, because a transaction may have gone on to a schema change.
func spared(s *session, weAreSuperuser bool) string {
	switch {
	case s.self || s.app == applicationName:
		return "Mayday's own connection"
	case s.kind == "walsender" || strings.HasPrefix(s.kind, "logical replication"):
		return "replication (" + integrations.OneLine(s.kind) + ")"
	case s.kind != clientBackend:
		return "a background process (" + integrations.OneLine(s.kind) + ")"
	case s.superuser && !weAreSuperuser:
		return "a superuser's session, which only a superuser may signal"
	case s.state == "disabled":
		return "a session whose statements cannot be seen (track_activities is off)"
	}
	if program := dumper(s.app); program != "" {
		return "a dump (" + program + ")"
	}
	if s.state == idle { // the text is of a statement that is over
		return ""
	}
	return unwanted(s.query)
}

func dumper(app string) string {
	first, _, _ := strings.Cut(strings.ToLower(integrations.OneLine(app)), " ")
	for _, program := range dumpers {
		if first == program {
			return program
		}
	}
	return ""
}
