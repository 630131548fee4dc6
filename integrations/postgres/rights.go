package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"mayday/integrations"
)

// account is who we are on a server, and what we may do everywhere.
type account struct {
	user        string
	quoted      string // user, as SQL needs it
	superuser   bool
	readsStats  bool // sees what sessions of other roles do
	signals     bool // has the rights of pg_signal_backend
	version     int  // 150003
	versionText string
	prepared    []string // names of prepared transactions, the oldest first
}

// The rights are asked with USAGE: it is what the server itself checks, while
// MEMBER is true as well for a role whose rights are not inherited.
const accountSQL = `
SELECT current_user::text, quote_ident(current_user::text),
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
       pg_has_role('pg_read_all_stats', 'USAGE'), pg_has_role('pg_signal_backend', 'USAGE'),
       current_setting('server_version_num')::int, current_setting('server_version'),
       ARRAY(SELECT gid FROM pg_catalog.pg_prepared_xacts ORDER BY prepared LIMIT 3)`

func readAccount(ctx context.Context, q querier) (account, error) {
	var a account
	err := q.QueryRow(ctx, accountSQL).Scan(&a.user, &a.quoted, &a.superuser, &a.readsStats, &a.signals,
		&a.version, &a.versionText, &a.prepared)
	if err != nil {
		return a, fmt.Errorf("read own rights: %w", err)
	}
	return a, nil
}

// seesWaits reports whether we see who waits, whatever their role: without the
// right the server leaves the waits of other roles out, as if there were none.
func (a account) seesWaits() bool { return a.superuser || a.readsStats }

func (a account) grantStats() string {
	return "GRANT pg_read_all_stats TO " + a.quoted + ";"
}

// function is a configured function that signals in our place.
type function struct {
	schema, name string
	arguments    string // types as the catalogue spells them
	exists       bool
	usable       bool // we may use its schema
	executable   bool
	definer      bool   // SECURITY DEFINER
	owner        string // as SQL needs it
	ownerSignals bool   // the owner may signal sessions of the user asked about
}

const functionSQL = `
SELECT has_schema_privilege(n.oid, 'USAGE'), p.oid IS NOT NULL, coalesce(has_function_privilege(p.oid, 'EXECUTE'), false),
       coalesce(p.prosecdef, false), coalesce(quote_ident(r.rolname::text), ''),
       coalesce(r.rolsuper OR pg_has_role(r.oid, 'pg_signal_backend', 'USAGE'), false)
         OR coalesce(pg_has_role(r.oid, t.oid, 'USAGE'), false)
  FROM pg_catalog.pg_namespace n
  LEFT JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = $2
        AND oidvectortypes(p.proargtypes) = $3
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
  LEFT JOIN pg_catalog.pg_roles t ON t.rolname = $4
 WHERE n.nspname = $1`

// readFunction answers nil when no function is configured for the kind of act.
// user is whose sessions are meant, "" for nobody in particular.
func (c *connection) readFunction(ctx context.Context, q querier, k kind, user string) (*function, error) {
	parts := goodFunc.FindStringSubmatch(k.function(c.settings))
	if parts == nil {
		return nil, nil
	}
	f := &function{schema: parts[1], name: parts[2], arguments: k.arguments}
	err := q.QueryRow(ctx, functionSQL, f.schema, f.name, f.arguments, user).
		Scan(&f.usable, &f.exists, &f.executable, &f.definer, &f.owner, &f.ownerSignals)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // no row: no such schema
		return nil, fmt.Errorf("read rights on function: %w", err)
	}
	return f, nil
}

// lack is a missing right, with the statement that grants it.
type lack struct{ why, fix string }

// lacking says which right is missing to signal the session, or nil. The session
// may be nil: then it is about any session.
func lacking(we account, f *function, s *session) *lack {
	if f != nil {
		return f.lacking(we)
	}
	if we.superuser || we.signals || (s != nil && s.member) {
		return nil
	}
	whose := "sessions of other roles"
	if s != nil {
		whose = "sessions of " + integrations.OneLine(s.user)
	}
	return &lack{
		why: fmt.Sprintf("%s may not signal %s: it is no member of pg_signal_backend", we.user, whose),
		fix: "GRANT pg_signal_backend TO " + we.quoted + ";",
	}
}

func (f *function) lacking(we account) *lack {
	signature := f.signature()
	switch {
	case !f.exists:
		return &lack{
			why: "the function " + signature + " does not exist in this database",
			fix: "Create it as the reference of the Postgres integration shows, then GRANT EXECUTE ON FUNCTION " + signature + " TO " + we.quoted + ";",
		}
	case !f.usable:
		return &lack{
			why: we.user + " may not use the schema " + f.schema,
			fix: "GRANT USAGE ON SCHEMA " + f.schema + " TO " + we.quoted + ";",
		}
	case !f.executable:
		return &lack{
			why: we.user + " may not execute " + f.call(),
			fix: "GRANT EXECUTE ON FUNCTION " + signature + " TO " + we.quoted + ";",
		}
	case !f.definer && !we.superuser && !we.signals:
		return &lack{
			why: f.call() + " runs with the rights of " + we.user + ", who may not signal",
			fix: "ALTER FUNCTION " + signature + " SECURITY DEFINER;",
		}
	case f.definer && !f.ownerSignals:
		return &lack{
			why: "the owner of " + f.call() + " may not signal sessions of other roles",
			fix: "GRANT pg_signal_backend TO " + f.owner + ";",
		}
	}
	return nil
}

func (f *function) call() string { return f.schema + "." + f.name }

func (f *function) signature() string {
	return f.call() + "(" + strings.ReplaceAll(f.arguments, "timestamp with time zone", "timestamptz") + ")"
}

// way names how sessions are signalled, for previews and doctor.
func way(f *function, k kind) string {
	if f != nil {
		return f.call()
	}
	return k.builtin
}
