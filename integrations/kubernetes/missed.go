package kubernetes

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	batch "k8s.io/api/batch/v1"

	"mayday/integrations"
)

// mostMissed bounds the counting: a schedule of every minute over a week is more
// than anybody wants to read.
const mostMissed = 1000

// catchUp is what a cron job does when it is no longer suspended.
type catchUp struct {
	missed int  // runs that were due meanwhile
	starts bool // a job starts at once, for the newest of them
	why    string
	next   time.Time
}

// catchUpOf counts as the controller does: runs that were due while it was
// suspended are missed ones, and for the newest of them it starts a job at once,
// unless its starting deadline has passed or the job before must end first.
func catchUpOf(c *batch.CronJob, now time.Time) (catchUp, error) {
	text := c.Spec.Schedule
	if c.Spec.TimeZone != nil && *c.Spec.TimeZone != "" {
		text = "TZ=" + *c.Spec.TimeZone + " " + text
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return catchUp{}, fmt.Errorf("read the schedule of %s: %w", c.Name, err)
	}
	from := c.CreationTimestamp.Time
	if c.Status.LastScheduleTime != nil {
		from = c.Status.LastScheduleTime.Time
	}
	out := catchUp{next: schedule.Next(now.UTC())}
	var newest time.Time
	for t := schedule.Next(from.UTC()); !t.IsZero() && !t.After(now) && out.missed < mostMissed; t = schedule.Next(t) {
		out.missed, newest = out.missed+1, t
	}
	if out.missed == 0 {
		return out, nil
	}
	late := c.Spec.StartingDeadlineSeconds
	switch {
	case late != nil && out.missed < mostMissed && newest.Add(time.Duration(*late)*time.Second).Before(now):
		out.why = "its starting deadline has passed"
	case c.Spec.ConcurrencyPolicy == batch.ForbidConcurrent && len(c.Status.Active) > 0:
		out.why = "the job before must end first"
	default:
		out.starts = true
	}
	return out, nil
}

// words are a line of the preview.
func (u catchUp) words(name string, now time.Time) string {
	many := integrations.Count(u.missed, "run", "runs")
	if u.missed == mostMissed {
		many = fmt.Sprintf("more than %d runs", mostMissed)
	}
	switch {
	case u.missed == 0 && u.next.IsZero():
		return name + " missed nothing"
	case u.missed == 0:
		return name + " missed nothing, next run " + clock(u.next, now)
	case u.starts:
		return name + " missed " + many + ": one job starts at once, for the newest"
	}
	return name + " missed " + many + "; none starts at once, " + u.why
}

// startText sums up what un-suspending several does.
func startText(all []catchUp) string {
	starts := 0
	for _, u := range all {
		if u.starts {
			starts++
		}
	}
	if starts == 0 {
		return "no missed job starts at once"
	}
	return integrations.Count(starts, "missed job starts", "missed jobs start") + " at once"
}
