package alertmanager

import (
	"context"
	"net/http"
	"time"

	"mayday/integrations"
)

func (m *manager) expire() integrations.Action {
	return integrations.Action{
		Name: expireName, Summary: "End a silence early", Grade: integrations.GradeChange, Version: 1,
		Params: []integrations.Field{{Name: "silence", Kind: integrations.Text, Required: true, Match: `[A-Za-z0-9-]{8,64}`, Say: "id of the silence"}},
		Checks: []string{"whether it is still in force"},
		Rights: "write access to silences, where a proxy asks",
		Plan:   m.planExpire, Apply: m.applyExpire, Probe: m.probeExpire,
	}
}

func (m *manager) planExpire(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	if err := m.ready(); err != nil {
		return integrations.Plan{}, err
	}
	id := a.Text("silence")
	s, err := m.one(ctx, id)
	switch {
	case err != nil:
		return integrations.Plan{}, err
	case s == nil:
		return integrations.Plan{}, &integrations.Stale{Code: "E18", Diff: "Alertmanager does not know this silence any more"}
	}
	p := integrations.Plan{
		Action: expireName, Target: "alertmanager/" + words(s.Matchers), Title: "End the silence of " + words(s.Matchers),
		Subject: s.Matchers[0].Value, Env: m.own.Env, Grade: integrations.GradeChange,
		From: "silent until " + clock(s.EndsAt) + ", by " + integrations.Clip(integrations.OneLine(s.By), 40), To: "alerts of it notify again",
		Details: []string{integrations.Clip(integrations.OneLine(s.Comment), 160)},
		Checks:  []integrations.Check{{Text: "it is in force", Answer: integrations.Yes}},
		Command: "amtool silence expire " + id, NoUndo: "To be quiet again needs a new silence.",
		Args: map[string]any{"silence": id}, Credential: source,
		Pre: map[string]string{"state": s.state(), "ends_at": s.EndsAt.UTC().Format(time.RFC3339)},
	}
	if !s.inForce() {
		p.Gone = "the silence of " + words(s.Matchers) + " ended at " + clock(s.EndsAt)
	}
	return p, nil
}

func (m *manager) applyExpire(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	id, _ := p.Args["silence"].(string)
	now, err := m.planExpire(ctx, integrations.Args{"silence": id})
	switch {
	case err != nil:
		return integrations.Receipt{}, err
	case now.Gone != "":
		return integrations.Receipt{}, &integrations.Stale{Code: "E18", Diff: now.Gone}
	case now.Pre["state"] != p.Pre["state"] || now.Pre["ends_at"] != p.Pre["ends_at"] || now.Target != p.Target:
		return integrations.Receipt{}, &integrations.Stale{Code: "E10", Diff: "somebody changed the silence: it is " + now.From}
	}
	if err := keep("sent", time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
	}
	said, sent, err := m.api.change(ctx, http.MethodDelete, "/silence/"+id, nil)
	if err := m.settled(said, sent, err, "end a silence"); err != nil {
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{Text: "the silence has ended; alerts that still fire notify again"}, nil
}

func (m *manager) probeExpire(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	if err := m.ready(); err != nil {
		return integrations.Evidence{}, err
	}
	id, _ := p.Args["silence"].(string)
	s, err := m.one(ctx, id)
	switch {
	case err != nil:
		return integrations.Evidence{}, err
	case s == nil:
		return integrations.Evidence{Text: "Alertmanager does not know this silence any more", Applied: integrations.Yes, Settled: true}, nil
	case s.inForce():
		return integrations.Evidence{Text: words(s.Matchers) + " is still silent until " + clock(s.EndsAt), Applied: integrations.No}, nil
	}
	return integrations.Evidence{Text: "the silence of " + words(s.Matchers) + " ended at " + clock(s.EndsAt), Applied: integrations.Yes, Settled: true}, nil
}
