package postgres

import (
	"mayday/integrations"
	"mayday/internal/incident"
)

// kind is what cancelling and terminating differ in.
type kind struct {
	action, summary string
	grade           incident.Grade
	byStatement     bool   // bound to the statement, not only to the transaction
	builtin         string // the server's own function
	arguments       string // of a configured function, as the catalogue spells them
	call            string // of a configured function, on the row a of pg_stat_activity
	function        func(settings) string
	title           string // with pid and connection
	many            string // with connection; the desk puts the number in
	noUndo          string
}

var terminating = kind{
	action: terminateName, summary: "End a session; its transaction rolls back",
	grade: incident.GradeDanger, builtin: "pg_terminate_backend",
	arguments: "integer, timestamp with time zone, timestamp with time zone",
	call:      "(a.pid, a.backend_start, a.xact_start)",
	function:  func(s settings) string { return s.Kill },
	title:     "End session %d on %s",
	many:      "End %%d sessions on %s",
	noUndo:    "This cannot be undone. Its transaction rolls back.",
}

var cancelling = kind{
	action: cancelName, summary: "Cancel the statement that a session runs",
	grade: incident.GradeChange, byStatement: true, builtin: "pg_cancel_backend",
	arguments: "integer, timestamp with time zone, timestamp with time zone, timestamp with time zone",
	call:      "(a.pid, a.backend_start, a.xact_start, a.query_start)",
	function:  func(s settings) string { return s.Cancel },
	title:     "Cancel the query of session %d on %s",
	many:      "Cancel the queries of %%d sessions on %s",
	noUndo:    "There is no undo: the statement ends and its transaction aborts. The session stays, and its client may ask again.",
}

func (t *target) act(k kind) integrations.Action {
	return integrations.Action{
		Name: k.action, Summary: k.summary, Grade: k.grade, Version: 1,
		Params: []integrations.Field{
			onField,
			{Name: "session", Kind: integrations.RowKind, Required: true, Say: "a row of " + listName, Columns: rowFields()},
		},
		Checks: []string{"still the same transaction of the same session", "the role may signal it", "no superuser's session, no replication or maintenance", "whom it holds up"},
		Rights: "pg_read_all_stats, and EXECUTE on the function that connect.postgres.NAME names for it, or pg_signal_backend",
		Plan:   t.planner(k),
		Apply:  t.applier(k),
		Probe:  t.prober(k),
	}
}
