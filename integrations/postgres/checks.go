package postgres

import (
	"fmt"

	"mayday/integrations"
	"mayday/internal/incident"
)

// checks are the lines of the preview. listed tells that the row carried what it
// was listed with, so that "still the same" means something.
func (k kind) checks(sc scene, listed bool) []integrations.Check {
	var out []integrations.Check
	add := func(answer incident.Answer, format string, args ...any) {
		out = append(out, integrations.Check{Answer: answer, Text: fmt.Sprintf(format, args...)})
	}
	k.checkSame(listed, add)
	out = append(out, k.checkRight(sc))
	checkUser(sc, add)
	checkPlace(sc, add)
	k.checkEffect(sc, add)
	return out
}

type adder func(answer incident.Answer, format string, args ...any)

func (k kind) checkSame(listed bool, add adder) {
	if !listed {
		return
	}
	if k.byStatement {
		add(incident.Yes, "still the same statement of the same transaction")
		return
	}
	add(incident.Yes, "still the same transaction")
}

func (k kind) checkRight(sc scene) integrations.Check {
	if l := lacking(sc.we, sc.function, sc.session); l != nil {
		return integrations.Check{Answer: incident.No, Code: "E6", Text: l.why + ". " + l.fix}
	}
	return integrations.Check{Answer: incident.Yes, Text: sc.we.user + " may signal it (" + way(sc.function, k) + ")"}
}

// checkUser can only be open or good: a superuser's session is turned down
// before, unless Mayday itself came as one.
func checkUser(sc scene, add adder) {
	if sc.session.superuser {
		add(incident.Unknown, "a superuser's session: perhaps somebody at work on this incident")
		return
	}
	add(incident.Yes, "not a superuser's session")
}

func checkPlace(sc scene, add adder) {
	pid := sc.session.pid
	held := len(sc.waits.heldBy(pid))
	switch {
	case sc.waits.waiting(pid):
		add(incident.Unknown, "waits for %s itself: ending it may help nobody", waitsFor(sc.waits.blockers[pid]))
	case held > 0:
		add(incident.Yes, "root blocker: holds %s up", integrations.Count(held, "other", "others"))
	case !sc.we.seesWaits():
		add(incident.Unknown, "whether it holds others up is not visible without pg_read_all_stats")
	default:
		add(incident.Yes, "holds nobody up")
	}
}

func waitsFor(blockers []int32) string {
	if len(blockers) == 1 && blockers[0] == 0 {
		return "a prepared transaction"
	}
	return "pid " + pids(blockers)
}

func (k kind) checkEffect(sc scene, add adder) {
	if k.byStatement && !sc.session.runs() {
		add(incident.No, "%s: cancelling an idle session does nothing, end it instead", sc.session.state)
		return
	}
	if sc.exclusive && !locksTable(sc.session.query) {
		add(incident.Unknown, "its transaction holds an exclusive lock on a table: a schema change may have come before this statement")
	}
}

// locksTable reports LOCK TABLE, which explains an exclusive lock by itself.
func locksTable(query string) bool {
	tokens := lex(query)
	return len(tokens) > 0 && tokens[0].is("lock")
}
