package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
)

// scene is what a plan is made from: one look at the whole server.
type scene struct {
	we        account
	function  *function
	session   *session // nil: there is no such pid
	waits     waits
	exclusive bool // the session holds a lock as schema changes take it
}

func (t *target) planner(k kind) func(context.Context, integrations.Args) (integrations.Plan, error) {
	return func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
		c, err := t.connection(a.Text("on"))
		if err != nil {
			return integrations.Plan{}, err
		}
		row := a.Row("session")
		pid, err := parsePID(row.ID)
		if err != nil {
			return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "That is no session of a list.", Fix: "Choose a row of " + listName + ".", Err: err}
		}
		sc, err := c.scene(ctx, k, pid)
		if err != nil {
			return integrations.Plan{}, c.unreachable(err)
		}
		return k.plan(c, pid, row, sc)
	}
}

func (c *connection) scene(ctx context.Context, k kind, pid int32) (scene, error) {
	var sc scene
	err := c.read(ctx, func(q querier) error {
		sessions, err := readSessions(ctx, q)
		if err != nil {
			return err
		}
		user := ""
		for i := range sessions {
			if sessions[i].pid == pid {
				sc.session, user = &sessions[i], sessions[i].user
			}
		}
		sc.waits = waitsOf(sessions)
		if sc.we, err = readAccount(ctx, q); err != nil {
			return err
		}
		if sc.function, err = c.readFunction(ctx, q, k, user); err != nil {
			return err
		}
		sc.exclusive, err = readExclusive(ctx, q, pid)
		return err
	})
	return sc, err
}

func readExclusive(ctx context.Context, q querier, pid int32) (held bool, err error) {
	const sql = `SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
	  WHERE pid = $1 AND granted AND locktype = 'relation' AND mode = 'AccessExclusiveLock')`
	if err := q.QueryRow(ctx, sql, pid).Scan(&held); err != nil {
		return false, fmt.Errorf("read locks: %w", err)
	}
	return held, nil
}

func (k kind) plan(c *connection, pid int32, row integrations.Row, sc scene) (integrations.Plan, error) {
	seen, listed := k.rowIdentity(row)
	if gone := whyGone(seen, listed, pid, sc.session); gone != "" {
		p := k.outline(c, pid, seen.start)
		p.Gone = gone
		return p, nil
	}
	if err := refuse(sc.session, sc.we); err != nil {
		return integrations.Plan{}, err
	}
	s, id := sc.session, k.identityOf(sc.session)
	p := k.outline(c, pid, id.start)
	p.From, p.To = k.before(s), k.after(sc)
	p.Details = details(sc)
	p.Checks = k.checks(sc, listed)
	p.Command = k.command(id, sc.function)
	p.Pre = id.pre()
	return p, nil
}

func (k kind) outline(c *connection, pid int32, start time.Time) integrations.Plan {
	return integrations.Plan{
		Action: k.action, Version: 1, Grade: k.grade,
		Target:  fmt.Sprintf("postgres/%s/%d/%d", c.name, pid, micros(start)),
		Title:   fmt.Sprintf(k.title, pid, c.name),
		Many:    fmt.Sprintf(k.many, c.name),
		Subject: c.name, Env: c.Env, Credential: c.name,
		NoUndo: k.noUndo,
		Args:   map[string]any{"on": c.name, "session": strconv.Itoa(int(pid))},
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// whyGone says why there is nothing left to act on. A session whose start we may
// not see is not judged here: it is there, but cannot be told from another.
func whyGone(seen identity, listed bool, pid int32, s *session) string {
	if s == nil {
		return fmt.Sprintf("pid %d ended by itself", pid)
	}
	if !listed || s.hidden() {
		return ""
	}
	if text := seen.gone(s); text != "" {
		return text
	}
	return seen.moved(s)
}

// refuse turns down what is never signalled from here.
func refuse(s *session, we account) error {
	if s.hidden() {
		return &integrations.Rejected{
			Code: "E6",
			Why:  fmt.Sprintf("%s may not see what session %d does, so it cannot be told from another.", we.user, s.pid),
			Fix:  we.grantStats(),
		}
	}
	if why := spared(s, we.superuser); why != "" {
		return &integrations.Rejected{
			Code: "E8",
			Why:  fmt.Sprintf("pid %d is %s: Mayday never ends that.", s.pid, why),
			Fix:  "If it must end, do it by hand on the server.",
		}
	}
	return nil
}

func (k kind) before(s *session) string {
	text := s.state
	if !s.since().IsZero() {
		text += " for " + ageText(s.age())
	}
	query := integrations.Clip(masked(s.query), 120)
	switch {
	case query == "":
		return text
	case s.runs():
		return text + ": " + query
	}
	return text + ", last: " + query
}

func (k kind) after(sc scene) string {
	text := "the session is gone, its transaction rolled back"
	if k.byStatement {
		text = "the statement ended, its transaction aborted; the session stays"
	}
	if held := len(sc.waits.heldBy(sc.session.pid)); held > 0 && !sc.waits.waiting(sc.session.pid) {
		text += "; " + integrations.Count(held, "other", "others") + " can go on"
	}
	return text
}

func details(sc scene) []string {
	s := sc.session
	who := "user " + integrations.Clip(integrations.OneLine(s.user), 40)
	if s.app != "" {
		who += " · application " + integrations.Clip(integrations.OneLine(s.app), 40)
	}
	out := []string{who + " · database " + integrations.Clip(integrations.OneLine(s.database), 40), "connected since " + clock(s.backendStart)}
	if held := sc.waits.heldBy(s.pid); len(held) > 0 {
		out = append(out, "behind it: "+pids(held))
	}
	return out
}

func pids(list []int32) string {
	var words []string
	for _, pid := range list[:min(8, len(list))] {
		words = append(words, strconv.Itoa(int(pid)))
	}
	if more := len(list) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

// command is what a person would type to do the same, as carefully.
func (k kind) command(id identity, f *function) string {
	moment := func(t time.Time) string {
		if t.IsZero() {
			return "NULL"
		}
		return "'" + t.UTC().Format("2006-01-02 15:04:05.999999") + "+00'"
	}
	if f != nil {
		args := fmt.Sprintf("%d, %s, %s", id.pid, moment(id.start), moment(id.xact))
		if k.byStatement {
			args += ", " + moment(id.query)
		}
		return fmt.Sprintf("SELECT %s(%s);", f.call(), args)
	}
	sql := fmt.Sprintf("SELECT %s(pid) FROM pg_stat_activity WHERE pid = %d AND backend_start = %s AND xact_start IS NOT DISTINCT FROM %s",
		k.builtin, id.pid, moment(id.start), moment(id.xact))
	if id.byQuery {
		sql += " AND query_start = " + moment(id.query)
	}
	return sql + ";"
}
