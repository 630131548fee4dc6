package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// acting is how an act is previewed and confirmed from a terminal.
type acting struct {
	Yes    bool     `help:"Start change steps without asking. It is never enough for a danger step."`
	DryRun bool     `help:"Show the preview and do nothing."`
	Pick   []string `placeholder:"ROW" help:"What a look offers to be picked: its words, or all."`
	Choose []string `placeholder:"ANSWER" help:"What a playbook asks, in the order of its questions."`
	Set    []string `placeholder:"NAME=VALUE" help:"What an answer asks for."`
	NoWait bool     `help:"Do not wait for a second person; the request stands."`
	confirm
}

type runCmd struct {
	Playbook string   `arg:"" help:"Which one: mayday playbooks list."`
	With     []string `arg:"" optional:"" placeholder:"INPUT=VALUE" help:"What it needs, by name or in its order."`
	Service  string   `help:"With --dry-run: for which service, where there is no incident."`
	acting
	target
	remote
}

// Run starts a playbook and follows it to its end.
func (c *runCmd) Run(r *run) error {
	if c.DryRun {
		return c.rehearse(r)
	}
	a, err := c.command(r, typing("run").words(append([]string{c.Playbook}, c.With...)...), c.Incident)
	if err != nil {
		return err
	}
	return c.follow(r, &c.remote, a, false)
}

type undoCmd struct {
	Code string `arg:"" optional:"" help:"The code of the act (default: the only one that can be taken back)."`
	acting
	target
	remote
}

// Run takes an act back: a step of its own, with a preview.
func (c *undoCmd) Run(r *run) error {
	a, err := c.command(r, typing("undo", strings.Fields(c.Code)...), c.Incident)
	if err != nil {
		return err
	}
	if a.Reply.Form != nil { // it asks which; with one there is nothing to ask
		if a, err = c.only(r, a); err != nil {
			return err
		}
	}
	return c.follow(r, &c.remote, a, true)
}

// only takes the one act that can be taken back.
func (c *undoCmd) only(r *run, a reply) (reply, error) {
	f := a.Reply.Form
	i := slices.IndexFunc(f.Fields, func(one field) bool { return one.Name == "step" })
	if i < 0 {
		return a, nil
	}
	options := f.Fields[i].Options
	if len(options) == 1 {
		return c.press(r, f.Submit, map[string]any{"step": options[0].Value})
	}
	fmt.Fprintln(r.out, "Several acts can be taken back:")
	inc, err := c.incident(r, a.Incident)
	if err != nil {
		return a, err
	}
	for _, o := range options {
		code := ""
		for _, s := range inc.Steps {
			if s.ID == o.Value {
				code = s.Code
			}
		}
		fmt.Fprintf(r.out, "%s  %s\n", code, inert(o.Label))
	}
	return a, &exit{exitUsage, errors.New("say which: mayday undo CODE")}
}

// follow follows what a command began.
func (c acting) follow(r *run, m *remote, a reply, undo bool) error {
	if !a.done() || a.Reply.Form != nil || a.Incident == "" {
		if f := a.Reply.Form; f != nil {
			return errors.Join(r.show(a), needs(f))
		}
		if err := r.show(a); err != nil {
			return err
		}
		return &exit{exitFailed, errors.New("nothing was started")}
	}
	if !r.style.JSON {
		r.say("%s", inert(a.Reply.Text))
	}
	f := &follow{remote: m, incident: a.Incident, act: c, undo: undo}
	return f.to(r)
}

// needs says what a form asks for.
func needs(f *form) error {
	var names []string
	for _, one := range f.Fields {
		name := one.Name + "="
		if one.Hint != "" {
			name += " (" + one.Hint + ")"
		}
		names = append(names, name)
	}
	return &exit{exitUsage, fmt.Errorf("more is needed: %s", inert(strings.Join(names, ", ")))}
}
