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
	mine, err := c.before(r, c.Incident)
	if err != nil {
		return err
	}
	mine.playbook = c.Playbook
	a, err := c.command(r, typing("run").words(append([]string{c.Playbook}, c.With...)...), c.Incident)
	if err != nil {
		return err
	}
	return c.follow(r, &c.remote, a, mine)
}

type undoCmd struct {
	Code string `arg:"" optional:"" help:"The code of the act (default: the only one that can be taken back)."`
	acting
	target
	remote
}

// Run takes an act back: a step of its own, with a preview.
func (c *undoCmd) Run(r *run) error {
	mine, err := c.before(r, c.Incident)
	if err != nil {
		return err
	}
	mine.playbook, mine.act = undoing, c.Code
	a, err := c.command(r, typing(undoing, strings.Fields(c.Code)...), c.Incident)
	if err != nil {
		return err
	}
	if a.Reply.Form != nil { // it asks which; with one there is nothing to ask
		if a, mine.act, err = c.only(r, a); err != nil {
			return err
		}
	}
	return c.follow(r, &c.remote, a, mine)
}

// only takes the one act that can be taken back, and answers its id.
func (c *undoCmd) only(r *run, a reply) (reply, string, error) {
	f := a.Reply.Form
	i := slices.IndexFunc(f.Fields, func(one field) bool { return one.Name == "step" })
	if i < 0 {
		return a, "", nil
	}
	options := f.Fields[i].Options
	if len(options) != 1 {
		return a, "", c.several(r, a.Incident, options)
	}
	act := options[0].Value
	a, err := c.press(r, f.Submit, map[string]any{"step": act})
	return a, act, err
}

// several lists what can be taken back, because nobody guesses it.
func (c *undoCmd) several(r *run, incident string, options []choice) error {
	inc, err := c.incident(r, incident)
	if err != nil {
		return err
	}
	lines := []string{"Several acts can be taken back:"}
	acts := []stepView{}
	for _, o := range options {
		if s := inc.step(o.Value); s != nil {
			lines, acts = append(lines, s.Code+"  "+inert(o.Label)), append(acts, *s)
		}
	}
	if r.style.JSON {
		err = r.json(map[string]any{"incident": inc.ID, "exit": exitUsage, "steps": acts})
	} else {
		_, err = fmt.Fprintln(r.out, strings.Join(lines, "\n"))
	}
	return errors.Join(err, &exit{exitUsage, errors.New("say which: mayday undo CODE")})
}

// follow follows what a command began. Where it began nothing, its answer is all
// there is.
func (c acting) follow(r *run, m *remote, a reply, mine ours) error {
	if f := a.Reply.Form; f != nil {
		return errors.Join(r.show(a), needs(f))
	}
	if !a.started() {
		if err := r.show(a); err != nil {
			return err
		}
		return &exit{exitFailed, errors.New("nothing was started")}
	}
	if !r.style.JSON {
		r.say("%s", inert(a.Reply.Text))
	}
	f := &follow{remote: m, incident: a.Incident, act: c, mine: mine}
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
