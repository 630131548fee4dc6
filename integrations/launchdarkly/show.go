package launchdarkly

import (
	"context"
	"time"

	"mayday/integrations"
)

func (t *target) show() integrations.Action {
	return integrations.Action{
		Name: showName, Summary: "Show what a flag serves, and who changed it last", Grade: integrations.GradeLook, Version: 1,
		Params: []integrations.Field{flagField},
		Output: []integrations.Field{
			{Name: "on", Kind: integrations.Bool, Say: "whether it is on"},
			{Name: "serves", Kind: integrations.Text, Say: "what the default rule serves"},
			{Name: "off_value", Kind: integrations.Text, Say: "what it serves when it is off"},
			{Name: "version", Kind: integrations.Int, Say: "version in the environment"},
			{Name: "changed_by", Kind: integrations.Text, Say: "who changed it last, empty when not known"},
			{Name: "changed_at", Kind: integrations.Text, Say: "when, as 2026-11-25T13:40:00Z"},
			{Name: "changed", Kind: integrations.Text, Say: "what that changed"},
			{Name: "dependants", Kind: integrations.List, Say: "flags that have it as a prerequisite"},
		},
		Rights: "reading the project's flags and audit log",
		Look:   t.look,
	}
}

func (t *target) look(ctx context.Context, a integrations.Args) (integrations.Table, error) {
	if err := t.configured(); err != nil {
		return integrations.Table{}, err
	}
	s, err := t.read(ctx, a.Text("flag"))
	if err != nil {
		return integrations.Table{}, err
	}
	off, _ := s.offValue()
	table := integrations.Table{
		Summary: s.Key + ": " + s.words(s.state()) + "; off serves " + off,
		Fields: map[string]any{
			"on": s.setting.On, "serves": s.rule(s.state().Serves), "off_value": off, "version": int64(s.Version),
			"changed_by": "", "changed_at": "", "changed": "", "dependants": []any{},
		},
	}
	if c, err := t.lastChange(ctx, s.Key); err == nil {
		table.Summary += "; changed " + moment(c.at(), time.Now()) + " by " + c.by() + " (" + c.arrow() + ")"
		table.Fields["changed_by"], table.Fields["changed"] = c.by(), c.arrow()
		table.Fields["changed_at"] = c.at().UTC().Format(time.RFC3339)
	}
	d := t.dependants(ctx, s.Key)
	if !d.told {
		table.Summary += "; whether flags depend on it is not known"
	}
	if len(d.keys) > 0 {
		table.Summary += "; " + d.names() + " depends on it"
		list := []any{}
		for _, k := range d.keys {
			list = append(list, k)
		}
		table.Fields["dependants"] = list
	}
	return table, nil
}

// moment is a time of day within the last day, and a date before.
func moment(at, now time.Time) string {
	if now.Sub(at) < 24*time.Hour {
		return at.UTC().Format("15:04") + " UTC"
	}
	return at.UTC().Format("2006-01-02")
}
