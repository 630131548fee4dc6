package postgres

import (
	"fmt"
	"strings"

	"mayday/integrations"
)

const namedAtMost = 3

// summary is one line: what is offered, what stands in the way and is not
// offered, and what we may not see.
func (o surveyed) summary() string {
	parts := []string{o.offer()}
	if text := o.sparedText(); text != "" {
		parts = append(parts, text)
	}
	if text := o.preparedText(); text != "" {
		parts = append(parts, text)
	}
	if o.hidden > 0 {
		parts = append(parts, fmt.Sprintf("%s of other roles cannot be seen (insufficient privilege): %s",
			integrations.Count(o.hidden, "session", "sessions"), o.we.grantStats()))
	}
	if len(parts) > 1 && !strings.HasSuffix(parts[0], ".") {
		parts[0] += "."
	}
	return strings.Join(parts, " ")
}

func (o surveyed) offer() string {
	var roots []int32
	waiting, long := 0, 0
	for _, f := range o.offered {
		switch f.role {
		case rootBlocker:
			roots = append(roots, f.pid)
		case blocked:
			waiting++
		case runsLong:
			long++
		}
	}
	var parts []string
	if len(roots) > 0 {
		held := len(o.waits.heldBy(roots...))
		parts = append(parts, fmt.Sprintf("%s %s %s up", integrations.Count(len(roots), "session", "sessions"),
			verb(len(roots), "holds", "hold"), integrations.Count(held, "other", "others")))
	}
	if long > 0 {
		subject := integrations.Count(long, "session", "sessions")
		if len(parts) > 0 {
			subject = fmt.Sprint(long)
		}
		parts = append(parts, fmt.Sprintf("%s %s longer than %s", subject, verb(long, "runs", "run"), short(o.olderThan)))
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d %s behind others", waiting, verb(waiting, "waits", "wait")))
	}
	if len(parts) > 0 {
		return strings.Join(parts, "; ")
	}
	return o.nothing()
}

func (o surveyed) nothing() string {
	if len(o.spared) > 0 || o.waits.blocking(0) {
		return "Nothing that may be ended from here holds others up or runs longer than " + short(o.olderThan) + "."
	}
	if o.hidden > 0 {
		return "Nothing that I can see runs longer than " + short(o.olderThan) + " or holds others up."
	}
	return "Nothing runs longer than " + short(o.olderThan) + " and nobody is held up."
}

func (o surveyed) sparedText() string {
	if len(o.spared) == 0 {
		return ""
	}
	var named []string
	for _, f := range o.spared[:min(namedAtMost, len(o.spared))] {
		text := fmt.Sprintf("pid %d, %s", f.pid, f.why)
		if f.blocks > 0 {
			text += fmt.Sprintf(", holds %s up", integrations.Count(f.blocks, "other", "others"))
		}
		named = append(named, text)
	}
	if more := len(o.spared) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return "Not offered: " + strings.Join(named, "; ") + "."
}

func (o surveyed) preparedText() string {
	if !o.waits.blocking(0) {
		return ""
	}
	held := integrations.Count(len(o.waits.heldBy(0)), "other", "others")
	var gids []string
	for _, gid := range o.we.prepared[:min(namedAtMost, len(o.we.prepared))] {
		gids = append(gids, integrations.Clip(integrations.OneLine(gid), 30))
	}
	return fmt.Sprintf("A prepared transaction holds %s up (%s): it has no session to end; COMMIT PREPARED or ROLLBACK PREPARED it by hand.",
		held, joined(append([]string{"see pg_prepared_xacts"}, gids...)))
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
