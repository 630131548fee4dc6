package postgres

import (
	"context"
	"fmt"
	"time"

	"mayday/integrations"
)

// What came of a signal, in the receipt's values.
const (
	effectDone    = "done"
	effectPending = "pending"
	effectUnread  = "unread"
)

// watch sees whether the signal had its effect. The server accepted it already,
// so nothing that happens here makes the act uncertain. Looking again and again,
// instead of letting the server wait inside the signalling statement, keeps the
// time short in which a broken connection would leave everything open.
func (at attempt) watch(ctx context.Context) integrations.Receipt {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, watchFor)
	defer cancel()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		s, err := readSession(ctx, at.conn, at.id.pid)
		if err != nil && ctx.Err() == nil {
			return at.receipt(effectUnread, fmt.Sprintf("signal sent to session %d; what came of it could not be read", at.id.pid))
		}
		if err == nil {
			if text := at.effect(s); text != "" {
				return at.receipt(effectDone, text)
			}
		}
		select {
		case <-ctx.Done():
			return at.receipt(effectPending, "signal sent, "+at.still(time.Since(began)))
		case <-tick.C:
		}
	}
}

func (at attempt) still(after time.Duration) string {
	if at.byStatement {
		return fmt.Sprintf("session %d still runs the query after %s", at.id.pid, ageText(after))
	}
	return fmt.Sprintf("session %d is still there after %s", at.id.pid, ageText(after))
}

// effect says that what was to happen has happened, "" as long as it has not.
func (at attempt) effect(s *session) string {
	gone := at.id.gone(s) != ""
	switch {
	case gone && !at.byStatement:
		return fmt.Sprintf("session %d ended", at.id.pid)
	case gone:
		return fmt.Sprintf("the query ended, and session %d with it", at.id.pid)
	case !at.byStatement:
		return ""
	case at.id.aborted(s):
		return fmt.Sprintf("the query of session %d was cancelled, its transaction is aborted", at.id.pid)
	case at.id.moved(s) != "" || !s.runs():
		return fmt.Sprintf("the query of session %d ended", at.id.pid)
	}
	return ""
}
