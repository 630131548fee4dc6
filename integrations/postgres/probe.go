package postgres

import (
	"context"
	"fmt"

	"mayday/integrations"
	"mayday/internal/incident"
)

// prober tells what is true now, after a crash or a timeout. It cannot know who
// ended a session or a statement, and says so.
func (t *target) prober(k kind) func(context.Context, integrations.Plan, integrations.Kept) (integrations.Evidence, error) {
	return func(ctx context.Context, p integrations.Plan, kept integrations.Kept) (integrations.Evidence, error) {
		c, id, err := t.planned(k, p)
		if err != nil {
			return integrations.Evidence{}, err
		}
		var s *session
		err = c.read(ctx, func(q querier) (err error) {
			s, err = readSession(ctx, q, id.pid)
			return err
		})
		if err != nil {
			return integrations.Evidence{}, c.unreachable(err)
		}
		if s != nil && s.hidden() {
			return evidence(incident.Unknown, "pid %d is there, but I may not see whether it is the same session", id.pid), nil
		}
		sent := kept[keySent] != ""
		if k.byStatement {
			return id.cancelled(s, sent), nil
		}
		return id.terminated(s, sent), nil
	}
}

func evidence(applied incident.Answer, format string, args ...any) integrations.Evidence {
	return integrations.Evidence{Text: fmt.Sprintf(format, args...), Applied: applied, Settled: applied == incident.Yes}
}

// unchanged is about a session that is as the plan found it. That proves only
// that nothing was done when no signal was sent: one that was may still be on its
// way, and the server may take a while to follow it.
func unchanged(sent bool, now string) integrations.Evidence {
	if !sent {
		return evidence(incident.No, "%s; no signal was sent", now)
	}
	return evidence(incident.Unknown, "%s; the signal may have been sent and not have had its effect yet", now)
}

// terminated: a session that was told to end begins nothing more, and a signal
// that comes late meets only what the plan was made for. So one that does
// something else was not told.
func (id identity) terminated(s *session, sent bool) integrations.Evidence {
	if s == nil {
		return evidence(incident.Yes, "pid %d is gone", id.pid)
	}
	if id.gone(s) != "" {
		return evidence(incident.Yes, "pid %d is gone; the number belongs to another session since %s", id.pid, clock(s.backendStart))
	}
	if text := id.moved(s); text != "" {
		return evidence(incident.No, "the session is still there: %s", text)
	}
	return unchanged(sent, fmt.Sprintf("session %d is still there, in the same transaction (%s)", id.pid, s.state))
}

func (id identity) cancelled(s *session, sent bool) integrations.Evidence {
	switch {
	case id.gone(s) != "":
		return evidence(incident.Yes, "pid %d is gone, and the query with it", id.pid)
	case id.aborted(s):
		return evidence(incident.Yes, "the query runs no more, its transaction is aborted")
	case !s.xactStart.Equal(id.xact):
		return evidence(incident.Yes, "the query runs no more and its transaction is over; it may have ended by itself")
	case id.moved(s) != "":
		return evidence(incident.Unknown, "the same transaction goes on with another statement since %s; whether the query was cancelled cannot be told", clock(s.queryTime))
	case !s.runs():
		return evidence(incident.No, "the query ended by itself, its transaction is still open")
	}
	return unchanged(sent, fmt.Sprintf("session %d still runs the same query", id.pid))
}
