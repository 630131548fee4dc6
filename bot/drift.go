package bot

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// compare plans again and refuses with the difference when the world moved
// since the preview (P7). Nothing was sent yet, so a failure here is proven.
func (p *performance) compare(ctx context.Context, a integrations.Action, s *incident.Step) (stop bool, err error) {
	given := s.Args
	if given == nil {
		given = s.Plan.Args
	}
	now, err := p.d.plan(ctx, a, args(a, given))
	if err == nil {
		now = p.guarded(ctx, s, now)
	}
	switch {
	case ctx.Err() != nil:
		return true, ctx.Err() // stopping: it was not started, the next process does it
	case err != nil:
		return true, p.write(ctx, incident.Finish(s.ID, incident.Ended{To: incident.FailedProven, Reason: reason(err), Code: codeOf(err),
			Text: s.Plan.Title + " was not started: " + reason(err)}))
	case now.Gone != "":
		return true, p.refuse(ctx, s, now.Gone, "E18")
	case len(now.Failing()) > 0:
		return true, p.refuse(ctx, s, now.Failing()[0].Text, failCode(now))
	}
	if no := risen(s.Plan, now); no != "" {
		return true, p.refuse(ctx, s, "A check says no that did not at the preview: "+no+".", "E10")
	}
	if diff := drift(s.Plan, now); diff != "" {
		return true, p.refuse(ctx, s, diff, "E10")
	}
	return false, nil
}

// risen is a check that says no now, and that nobody was shown saying so: to go on
// in spite of it is for a person to decide. Numbers in it may have ticked.
func risen(was, is incident.Plan) string {
	known := map[string]bool{}
	for _, c := range was.InSpite() {
		known[digits.ReplaceAllString(c.Text, "0")] = true
	}
	for _, c := range is.InSpite() {
		if !known[digits.ReplaceAllString(c.Text, "0")] {
			return strings.TrimSuffix(c.Text, ".")
		}
	}
	return ""
}

var digits = regexp.MustCompile(`[0-9]+`)

// guarded asks the guards of the playbook once more: an hour, another incident or
// an old backup may have come between the preview and the tap.
func (p *performance) guarded(ctx context.Context, s *incident.Step, now incident.Plan) incident.Plan {
	r := p.inc.Run(s.Run)
	if r == nil || r.UndoTarget() != "" {
		return now
	}
	if m, ok := p.proposed(ctx, r, s.Path); ok {
		return guarded(now, m)
	}
	now.Checks = append(now.Checks, incident.Check{Text: "the guards of " + r.Playbook + " could not be asked again", Answer: incident.No, Code: "E10"})
	return now
}

// proposed is the move that the step came from, with its guards as of now. What
// its `when` said at the preview is not asked again.
func (p *performance) proposed(ctx context.Context, r *incident.Run, path string) (playbooks.Move, bool) {
	pb, err := p.d.pinned(r)
	if err != nil {
		return playbooks.Move{}, false
	}
	results, yes := maps.Clone(r.Results), true
	if results == nil {
		results = map[string]incident.Result{}
	}
	open := results[path]
	open.When = &yes
	results[path] = open
	m, err := pb.Next(p.d.factsFor(ctx, p.inc, r, pb), r.Inputs, results)
	return m, err == nil && m.Path == path && (m.Kind == playbooks.Act || m.Kind == playbooks.Undo)
}

// drift says what changed of what matters: target, environment, grade,
// credential, preconditions. Ages and other ticking words do not.
func drift(was, is incident.Plan) string {
	switch {
	case was.Target != is.Target:
		return fmt.Sprintf("The target is %s now, it was %s.", is.Target, was.Target)
	case was.Env != is.Env || was.Credential != is.Credential:
		return "The connection is another one than at the preview."
	case was.Grade.Raise(is.Grade) != was.Grade:
		return fmt.Sprintf("It is %s now, it was %s.", is.Grade, was.Grade)
	}
	var diff []string
	for _, k := range slices.Sorted(maps.Keys(was.Pre)) {
		if is.Pre[k] != was.Pre[k] {
			diff = append(diff, fmt.Sprintf("%s was %s and is %s", strings.ReplaceAll(k, "_", " "), plain(was.Pre[k]), plain(is.Pre[k])))
		}
	}
	if len(diff) == 0 && len(is.Pre) == len(was.Pre) {
		return ""
	}
	return "It changed since the preview: " + strings.Join(diff, ", ") + "."
}

// plain is a value as people read it: a moment as a time of day.
func plain(v string) string {
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return t.UTC().Format("15:04:05.000")
	}
	if v == "" {
		return "none"
	}
	return v
}
