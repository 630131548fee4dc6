package postgres

import (
	"fmt"
	"strconv"
	"time"

	"mayday/integrations"
)

// identity is what a plan is made for and an act is bound to (PROMISES rule 8).
// An act on a statement is bound to that statement; so is one on a session that
// is in no transaction, where nothing else tells whether it served another
// client in between.
type identity struct {
	pid                int32
	start, xact, query time.Time
	user, queryID      string
	byQuery, byID      bool // query and queryID count
}

func (k kind) identityOf(s *session) identity {
	return identity{
		pid: s.pid, start: s.backendStart, xact: s.xactStart, query: s.queryTime,
		user: s.user, queryID: s.queryID,
		byQuery: k.byStatement || s.xactStart.IsZero(), byID: k.byStatement,
	}
}

// The keys of an identity, in the values of a row as in a plan's preconditions.
const (
	keyPID          = "pid"
	keyUser         = "user"
	keyBackendStart = "backend_start"
	keyXactStart    = "xact_start"
	keyQueryStart   = "query_start"
	keyQueryID      = "query_id"
)

// pre is the identity as a plan carries it, with nothing that does not count.
func (id identity) pre() map[string]string {
	pre := map[string]string{
		keyPID: strconv.Itoa(int(id.pid)), keyUser: id.user,
		keyBackendStart: stamp(id.start), keyXactStart: stamp(id.xact),
	}
	if id.byQuery {
		pre[keyQueryStart] = stamp(id.query)
	}
	if id.byID {
		pre[keyQueryID] = id.queryID
	}
	return pre
}

// identityFrom reads an identity back. It errs when a part that counts is
// missing or is no moment.
func (k kind) identityFrom(values map[string]string) (identity, error) {
	pid, err := parsePID(values[keyPID])
	if err != nil {
		return identity{}, err
	}
	id := identity{pid: pid, user: values[keyUser], queryID: values[keyQueryID], byID: k.byStatement}
	for key, into := range map[string]*time.Time{keyBackendStart: &id.start, keyXactStart: &id.xact, keyQueryStart: &id.query} {
		if values[key] == "" {
			continue
		}
		if *into, err = time.Parse(time.RFC3339Nano, values[key]); err != nil {
			return identity{}, fmt.Errorf("read identity of session %d: %s is no moment", pid, key)
		}
	}
	id.byQuery = k.byStatement || id.xact.IsZero()
	if id.start.IsZero() || id.user == "" {
		return identity{}, fmt.Errorf("read identity of session %d: it has no start or no user", pid)
	}
	return id, nil
}

// rowIdentity is what a listed row showed; ok is false for a row that says no
// more than a pid, which is then taken as it is found.
func (k kind) rowIdentity(row integrations.Row) (id identity, ok bool) {
	values := map[string]string{keyPID: row.ID}
	for _, key := range []string{keyUser, keyBackendStart, keyXactStart, keyQueryStart, keyQueryID} {
		text, there := row.Values[key].(string)
		if !there {
			return identity{}, false
		}
		values[key] = text
	}
	id, err := k.identityFrom(values)
	return id, err == nil
}

func parsePID(text string) (int32, error) {
	pid, err := strconv.ParseInt(text, 10, 32)
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("read pid: %q is none", integrations.Clip(integrations.OneLine(text), 20))
	}
	return int32(pid), nil
}

// gone says why there is nothing left of the identity's session, "" when it is
// still there.
func (id identity) gone(s *session) string {
	switch {
	case s == nil:
		return fmt.Sprintf("pid %d ended by itself", id.pid)
	case !s.backendStart.Equal(id.start) || integrations.OneLine(s.user) != integrations.OneLine(id.user):
		return fmt.Sprintf("pid %d ended by itself; the number belongs to another session since %s", id.pid, clock(s.backendStart))
	}
	return ""
}

// moved says what the session does instead of what the identity means, "" when
// it is the same. The session must still be there.
func (id identity) moved(s *session) string {
	switch {
	case !s.xactStart.Equal(id.xact) && s.xactStart.IsZero():
		return fmt.Sprintf("pid %d ended its transaction by itself", id.pid)
	case !s.xactStart.Equal(id.xact):
		return fmt.Sprintf("pid %d runs another transaction since %s", id.pid, clock(s.xactStart))
	case id.byQuery && !s.queryTime.Equal(id.query), id.byID && s.queryID != id.queryID:
		return fmt.Sprintf("pid %d runs another statement since %s", id.pid, clock(s.queryTime))
	}
	return ""
}

// aborted reports that the statement's transaction aborted and waits for its
// client. The server has no xact_start for it any more.
func (id identity) aborted(s *session) bool {
	return s.state == idleInFailedTx && s.queryTime.Equal(id.query)
}

// stale is the refusal of an act whose session is gone or does something else.
func (id identity) stale(s *session) error {
	if text := id.gone(s); text != "" {
		return &integrations.Stale{Code: "E18", Diff: text}
	}
	if text := id.moved(s); text != "" {
		return &integrations.Stale{Code: "E10", Diff: text}
	}
	return nil
}
