package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

const (
	defaultOlderThan = 5 * time.Minute
	defaultMax       = 25
	mostRows         = 100
	labelLength      = 75 // what a choice may hold on every chat platform
	queryLength      = 300
)

// The roles of a row.
const (
	rootBlocker = "root blocker"
	blocked     = "blocked"
	runsLong    = "runs long"
)

var onField = integrations.Field{Name: "on", Kind: integrations.Connection, Required: true, Say: "the database, by its name in the config"}

func rowFields() []integrations.Field {
	text := func(name, say string) integrations.Field {
		return integrations.Field{Name: name, Kind: integrations.Text, Say: say}
	}
	return []integrations.Field{
		{Name: "pid", Kind: integrations.Int, Say: "process id of the session"},
		text("user", "the role it logged in as"),
		text("app", "application_name, as the client gives it"),
		text("database", "the database it is connected to"),
		text("state", "active, idle in transaction ..."),
		{Name: "age_s", Kind: integrations.Int, Say: "seconds that the statement runs, or the transaction is open"},
		text("query", "the statement without its literals; the last one when idle"),
		{Name: "blocks", Kind: integrations.Int, Say: "sessions that wait behind it"},
		text("role", "root blocker, blocked or runs long"),
		text("backend_start", "when the session began"),
		text("xact_start", "when its transaction began, or empty"),
		text("query_start", "when its statement began, or empty"),
		text("query_id", "the server's id of the statement, or empty"),
	}
}

func (t *target) list() integrations.Action {
	return integrations.Action{
		Name:    listName,
		Summary: "List the sessions that hold others up or run long",
		Params: []integrations.Field{
			onField,
			{Name: "older_than", Kind: integrations.Duration, Default: "5m", Say: "how long is long; who holds others up is listed at any age"},
			{Name: "max", Kind: integrations.Int, Default: int64(defaultMax), Say: "at most so many rows, up to 100"},
		},
		Output: []integrations.Field{
			{Name: "count", Kind: integrations.Int, Say: "sessions found, listed or not"},
			{Name: "rows", Kind: integrations.Rows, Say: "root blockers first, then the oldest", Columns: rowFields()},
		},
		Rights: "pg_read_all_stats; without it the text of other roles' queries is hidden",
		Grade:  incident.GradeLook, Version: 1, Look: t.look,
	}
}

func (t *target) look(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	c, err := t.connection(a.Text("on"))
	if err != nil {
		return integrations.Table{}, err
	}
	var sessions []session
	var we account
	err = c.read(ctx, func(q querier) (err error) {
		if we, err = readAccount(ctx, q); err != nil {
			return err
		}
		sessions, err = readSessions(ctx, q)
		return err
	})
	if err != nil {
		return integrations.Table{}, c.unreachable(err)
	}
	olderThan, limit := listLimits(a)
	return survey(sessions, we, olderThan).table(limit), nil
}

func listLimits(a integrations.Args) (olderThan time.Duration, limit int) {
	olderThan, limit = defaultOlderThan, defaultMax
	if d, ok := a["older_than"].(time.Duration); ok && d >= 0 {
		olderThan = d
	}
	if n, ok := a["max"].(int64); ok {
		limit = int(min(max(n, 1), mostRows))
	}
	return olderThan, limit
}

// finding is what a survey says about one session.
type finding struct {
	session
	role   string
	blocks int
	why    string // why it is not offered
}

// surveyed is what there is to see on a server.
type surveyed struct {
	waits     waits
	we        account
	olderThan time.Duration
	offered   []finding
	spared    []finding // that would be offered if they might be
	hidden    int       // sessions of others whose state we may not see
}

func survey(sessions []session, we account, olderThan time.Duration) surveyed {
	out := surveyed{waits: waitsOf(sessions), we: we, olderThan: olderThan}
	for _, s := range sessions {
		if s.leader != 0 {
			continue // a parallel worker ends with its leader
		}
		if s.hidden() {
			if s.user != "" && s.database != "" {
				out.hidden++
			}
			continue
		}
		out.judge(s)
	}
	for _, list := range [][]finding{out.offered, out.spared} {
		slices.SortStableFunc(list, byUrgency)
	}
	return out
}

func (o *surveyed) judge(s session) {
	f := finding{session: s, blocks: len(o.waits.heldBy(s.pid)), why: spared(&s, o.we.superuser)}
	long := s.age() >= o.olderThan && !s.since().IsZero()
	switch {
	case o.waits.root(s.pid):
		f.role = rootBlocker
	case o.waits.waiting(s.pid) && (long || f.blocks > 0):
		f.role = blocked
	case long && (s.kind == clientBackend) && !s.self:
		f.role = runsLong
	default:
		return
	}
	if f.why != "" {
		o.spared = append(o.spared, f)
		return
	}
	o.offered = append(o.offered, f)
}

// byUrgency puts root blockers first, the one that holds up most before the
// others, and then the oldest.
func byUrgency(a, b finding) int {
	if ra, rb := a.role == rootBlocker, b.role == rootBlocker; ra != rb {
		if ra {
			return -1
		}
		return 1
	}
	if a.role == rootBlocker && a.blocks != b.blocks {
		return cmp.Compare(b.blocks, a.blocks)
	}
	return cmp.Or(cmp.Compare(b.age(), a.age()), cmp.Compare(a.pid, b.pid))
}

func (o surveyed) table(limit int) integrations.Table {
	table := integrations.Table{
		Summary: o.summary(),
		Fields:  map[string]any{"count": int64(len(o.offered))},
		Capped:  len(o.offered) > limit,
	}
	for _, f := range o.offered[:min(limit, len(o.offered))] {
		table.Rows = append(table.Rows, f.row())
	}
	return table
}

func (f finding) row() integrations.Row {
	return integrations.Row{
		ID:    strconv.Itoa(int(f.pid)),
		Label: f.label(),
		Values: map[string]any{
			"pid": int64(f.pid), "user": integrations.OneLine(f.user), "app": integrations.OneLine(f.app), "database": integrations.OneLine(f.database),
			"state": f.state, "age_s": int64(f.age().Seconds()), "query": integrations.Clip(masked(f.query), queryLength),
			"blocks": int64(f.blocks), "role": f.role,
			"backend_start": stamp(f.backendStart), "xact_start": stamp(f.xactStart),
			"query_start": stamp(f.queryTime), "query_id": f.queryID,
		},
	}
}

// label fits "4412 · 18 min · UPDATE orders SET … · app" into a choice.
func (f finding) label() string {
	age := f.state
	if !f.since().IsZero() {
		age = ageText(f.age())
	}
	head := strconv.Itoa(int(f.pid)) + " · " + age + " · "
	tail := " · " + integrations.Clip(f.program(), 20)
	if !f.here && f.database != "" {
		tail += " in " + integrations.Clip(integrations.OneLine(f.database), 16)
	}
	room := labelLength - len([]rune(head)) - len([]rune(tail))
	return head + integrations.Clip(masked(f.query), room) + tail
}
