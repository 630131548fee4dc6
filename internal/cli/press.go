package cli

import (
	"fmt"
	"slices"
	"strings"
)

// confirm is how an act is confirmed from a terminal.
type confirm struct {
	Confirm string `placeholder:"TARGET" help:"The words that a danger step asks to be typed, as in --confirm \"payments-db 3\"."`
}

func (c confirm) input() map[string]any {
	if c.Confirm == "" {
		return map[string]any{}
	}
	return map[string]any{"phrase": c.Confirm}
}

type pressCmd struct {
	Button string   `arg:"" help:"Its words, or its verb: \"No change\", nochange."`
	With   []string `arg:"" optional:"" placeholder:"NAME=VALUE" help:"What its form asks for."`
	confirm
	target
	remote
}

// Run presses a button that stands in the thread.
func (c *pressCmd) Run(r *run) error {
	return pressing{remote: &c.remote, incident: c.Incident, confirm: c.confirm, with: c.With}.button(r, func(b button) bool {
		return strings.EqualFold(b.Label, c.Button) || b.Verb == strings.ToLower(c.Button)
	}, c.Button)
}

type approveCmd struct {
	Code string `arg:"" optional:"" help:"The code of the preview (default: the newest that waits)."`
	confirm
	target
	remote
}

// Run approves what somebody else asked for, and follows it to its end.
func (c *approveCmd) Run(r *run) error {
	return pressing{remote: &c.remote, incident: c.Incident, confirm: c.confirm, code: c.Code}.button(r, func(b button) bool { return b.Verb == "approve" }, "approve")
}

type declineCmd struct {
	Code string   `arg:"" optional:"" help:"The code of the preview (default: the newest that waits)."`
	Why  []string `arg:"" optional:"" help:"Why."`
	target
	remote
}

// Run declines what somebody else asked for.
func (c *declineCmd) Run(r *run) error {
	p := pressing{remote: &c.remote, incident: c.Incident, code: c.Code}
	if len(c.Why) > 0 {
		p.with = []string{"reason=" + strings.Join(c.Why, " ")}
	}
	return p.button(r, func(b button) bool { return b.Verb == "decline" }, "decline")
}

// pressing is a press on a button of a thread.
type pressing struct {
	*remote
	incident string
	confirm  confirm
	with     []string
	code     string
}

// button finds the newest button that fits, presses it, and follows the step to
// its end when the press starts one.
func (p pressing) button(r *run, fits func(button) bool, name string) error {
	if p.incident == "" {
		id, err := p.newest(r)
		if err != nil {
			return err
		}
		p.incident = id
	}
	b, err := p.find(r, fits, name)
	if err != nil {
		return err
	}
	a, err := p.give(r, b)
	if err != nil {
		return err
	}
	if starts := b.Verb == "start" || b.Verb == "approve"; !starts || !a.done() {
		return r.show(a)
	}
	return (&follow{remote: p.remote, incident: p.incident, only: b.Step}).to(r)
}

// give presses and fills in what the press asks for.
func (p pressing) give(r *run, b button) (reply, error) {
	input := p.confirm.input()
	for _, w := range p.with {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return reply{}, &exit{exitUsage, fmt.Errorf("%q is not NAME=VALUE", w)}
		}
		input[name] = value
	}
	a, err := p.press(r, b.ID, input)
	if err != nil || a.Reply.Form == nil {
		return a, err
	}
	return p.fill(r, a.Reply.Form, input)
}

func (p pressing) find(r *run, fits func(button) bool, name string) (button, error) {
	all, err := p.messages(r, p.incident)
	if err != nil {
		return button{}, err
	}
	var labels []string
	for _, m := range slices.Backward(all) {
		if p.code != "" && !strings.Contains(m.Text, p.code) {
			continue
		}
		for _, b := range m.Buttons {
			if fits(b) {
				return b, nil
			}
			labels = append(labels, b.Label)
		}
	}
	if len(labels) == 0 {
		return button{}, &exit{exitFailed, fmt.Errorf("%s has nothing to press for %q", p.incident, name)}
	}
	return button{}, &exit{exitUsage, fmt.Errorf("no button %q stands in %s; there is: %s", name, p.incident, strings.Join(labels, ", "))}
}
