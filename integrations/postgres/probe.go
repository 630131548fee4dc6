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
	return func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
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
		if k.byStatement {
			return id.cancelled(s), nil
		}
		return id.terminated(s), nil
	}
}

func evidence(applied incident.Answer, format string, args ...any) integrations.Evidence {
	return integrations.Evidence{Text: fmt.Sprintf(format, args...), Applied: applied, Settled: applied == incident.Yes}
}

// terminated: a session that was told to end runs nothing more, so one that is
// still there was not told, whatever it does now.
func (id identity) terminated(s *session) integrations.Evidence {
	if s == nil {
		return evidence(incident.Yes, "pid %d is gone", id.pid)
	}
	if id.gone(s) != "" {
		return evidence(incident.Yes, "pid %d is gone; the number belongs to another session since %s", id.pid, clock(s.backendStart))
	}
	if text := id.moved(s); text != "" {
		return evidence(incident.No, "the session is still there: %s", text)
	}
	return evidence(incident.No, "session %d is still there, in the same transaction (%s)", id.pid, s.state)
}

func (id identity) cancelled(s *session) integrations.Evidence {
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
	return evidence(incident.No, "session %d still runs the same query", id.pid)
}
