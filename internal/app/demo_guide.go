package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mayday/bot"
	"mayday/bot/web"
	"mayday/internal/incident"
	"mayday/internal/practice"
)

// pages is the guide beside the war room.
func (d *Demo) pages(o DemoOptions, pager string) *web.Demo {
	demo := &web.Demo{
		People: []web.Person{{ID: "ana", Name: "Ana", Role: "responder"}, {ID: "li", Name: "Li", Role: "approver"}},
		Guide:  func(ctx context.Context) []web.GuideStep { return d.guide(ctx, o, pager) },
		Act:    d.act,
		Panes:  d.panes(),
	}
	if o.Postgres != "" {
		demo.Banner = "A real database is attached as payments-db. Queries that you end there are really ended."
	}
	return demo
}

// act is a press in the guide.
func (d *Demo) act(ctx context.Context, name string) error {
	spec := practice.TriggerSpec{Title: "checkout: errors 12% (usual 0.3%)", Service: "checkout", Urgency: "high", Assignee: "Ana"}
	switch name {
	case "alert":
	case "deploy":
		return d.runs.shop.DeployBadVersion(ctx) // the alert follows from what then runs
	case "flag":
		return d.breakShop()
	case "jam":
		if err := d.runs.shop.JamQueue(ctx); err != nil {
			return err
		}
		spec = practice.TriggerSpec{Title: "workers: orders wait in the queue", Service: "workers", Urgency: "high", Assignee: "Ana"}
	case "quiet":
		spec = practice.TriggerSpec{Title: "search: p95 over 2 s", Service: "search", Urgency: "low", Assignee: "Li"}
	case "slow_query":
		spec = practice.TriggerSpec{Title: "payments-db: sessions wait for locks", Service: "payments-db", Urgency: "high", Assignee: "Ana"}
	default:
		return fmt.Errorf("the guide has no act %q", name)
	}
	id, err := d.Pager.Trigger(spec)
	if err != nil {
		return fmt.Errorf("send the webhook: %w", err)
	}
	if spec.Service == "checkout" {
		d.mu.Lock()
		d.alerts = append(d.alerts, id)
		d.mu.Unlock()
	}
	return nil
}

// guide ticks itself from what has happened.
func (d *Demo) guide(ctx context.Context, o DemoOptions, pager string) []web.GuideStep {
	all, err := d.App.Incidents(ctx)
	if err != nil {
		return nil
	}
	var fired, owned, told, nudged, ended, back, undone bool
	for _, i := range all {
		fired = fired || len(i.Sources) > 0
		owned = owned || i.Owner != ""
		told = told || len(i.Updates) > 0
		nudged = nudged || answered(i)
		for _, s := range i.Steps {
			ended = ended || s.State == incident.Succeeded && strings.HasPrefix(s.Action, "pg.")
			back = back || s.UndoneBy != "" && s.Action == "k8s.rollback"
			undone = undone || s.UndoneBy != "" && strings.HasPrefix(s.Action, "launchdarkly.")
		}
	}
	d.mu.Lock()
	curl := d.curl
	d.mu.Unlock()
	every := bot.Span(time.Duration(float64(30*time.Minute) / max(o.Speed, 1)))
	steps := []web.GuideStep{
		{Done: fired, Title: "Deploy a bad version", Say: "The pipeline puts cart 2.0.1 into the pretend cluster. Payments begin to fail, the monitoring calls PagerDuty, and its signed webhook opens the incident here.",
			Actions: []web.Action{{Label: "Deploy a bad version", Name: "deploy"}, {Label: "Send PagerDuty webhook", Name: "alert"}}, Code: curl, Link: d.runs.cluster.Page(), LinkLabel: "the pretend cluster"},
		{Done: owned, Title: "Take it", Say: "Press “I'm on it” on the card. PagerDuty is acknowledged for you.", Link: pager, LinkLabel: "the pretend PagerDuty"},
		{Done: told, Title: "Tell #status", Say: "Press “Write update” (or “Post first status”). The clock for the next word starts."},
		{Done: back, Title: "Roll back, then undo", Say: "Open the incident. The first reply says what changed before it began: press “Roll back checkout”, look at the preview, press it, and watch the pods. The shop recovers. " +
			"Then press Undo beside the result: it is previewed like any act. Undo that as well, and the shop is well again."},
		{Done: nudged, Title: "Wait for the reminder", Say: fmt.Sprintf("It comes %s after your word, even if Mayday restarts. Answer it with one tap.", every)},
	}
	if d.real != "" {
		steps = append(steps, web.GuideStep{Done: ended, Title: "End a query on the real database",
			Say:     "Open the incident, press “Run playbook”, choose kill-queries for payments-db. Ana asks, Li approves: switch at the top.",
			Actions: []web.Action{{Label: "Send a database alert", Name: "slow_query"}}})
	}
	return append(steps, web.GuideStep{Done: undone, Title: "One more: a flag gone wrong",
		Say: "A flag goes on and payments fail. Open the incident, press “Run playbook”, choose flag-off for " + badFlag +
			", look at the preview and press it. The shop recovers. Then press Undo beside the result. The other button lets the queue run full.",
		Actions: []web.Action{{Label: "Turn on a bad flag", Name: "flag"}, {Label: "Jam the queue", Name: "jam"}}})
}

// answered reports whether a reminder for a word came and was answered.
func answered(i *incident.Incident) bool {
	for _, n := range i.Nudges {
		if n.Key.Slot >= 0 && n.Ended != "" && len(i.Updates) > 1 {
			return true
		}
	}
	return false
}
