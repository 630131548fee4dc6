package cli

import (
	"fmt"
	"net/url"
	"strings"

	"mayday/internal/app"
	"mayday/internal/config"
	"mayday/internal/fault"
)

type playbooksCmd struct {
	List playbooksListCmd `cmd:"" help:"What there is."`
	Show playbooksShowCmd `cmd:"" help:"One of them, as its file has it."`
	Test playbooksTestCmd `cmd:"" help:"Dry run: the preview against the real target, without acting."`
}

// books says where playbooks are read from.
type books struct {
	Config string `short:"c" placeholder:"FILE" help:"The configuration (without one: the built-in playbooks)."`
}

// file is the configuration, or an empty one for a newcomer who has none.
func (b books) file(r *run) (*config.File, error) {
	if b.Config == "" && r.env.Config == "" && !r.hasUsual() {
		return config.Parse("mayday.yaml", []byte("shutdown: 10s\n"))
	}
	return r.load(b.Config)
}

type playbooksListCmd struct{ books }

// Run lists playbooks.
func (c *playbooksListCmd) Run(r *run) error {
	file, err := c.file(r)
	if err != nil {
		return err
	}
	all, err := app.Playbooks(file, r.env)
	if err != nil {
		return &exit{exitConfig, err}
	}
	if r.style.JSON {
		return r.json(map[string]any{"playbooks": all})
	}
	var rows [][]string
	for _, p := range all {
		use := "yes"
		if !p.Usable {
			use = "not connected"
		}
		rows = append(rows, []string{p.Name, strings.Join(p.Inputs, " "), p.Who, use, p.Say})
	}
	if err := r.table([]string{"NAME", "INPUTS", "WHO", "USABLE", "WHAT"}, rows); err != nil {
		return err
	}
	r.next("mayday playbooks show NAME")
	return nil
}

type playbooksShowCmd struct {
	Name string `arg:"" help:"Which one."`
	books
}

// Run shows a playbook's file.
func (c *playbooksShowCmd) Run(r *run) error {
	file, err := c.file(r)
	if err != nil {
		return err
	}
	p, err := app.Playbook(file, r.env, c.Name)
	if err != nil {
		return err
	}
	if r.style.JSON {
		return r.json(p)
	}
	fmt.Fprintln(r.out, strings.TrimRight(p.Text, "\n"))
	r.next("mayday playbooks test %s%s", p.Name, strings.Join(append([]string{""}, p.Inputs...), " "))
	return nil
}

type playbooksTestCmd struct {
	Name    string   `arg:"" help:"Which one."`
	With    []string `arg:"" optional:"" placeholder:"INPUT=VALUE" help:"What it needs, by name or in its order."`
	Service string   `help:"For which service."`
	Choose  []string `placeholder:"ANSWER" help:"What it asks, in the order of its questions."`
	Set     []string `placeholder:"NAME=VALUE" help:"What an answer asks for."`
	books
}

// Run looks at the real targets and plans, and does nothing.
func (c *playbooksTestCmd) Run(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	if _, err := app.Playbooks(file, r.env); err != nil {
		return &exit{exitConfig, err}
	}
	out, err := app.Rehearse(r.ctx, file, r.env, app.Rehearsal{Playbook: c.Name, Service: c.Service, With: c.With, Choose: c.Choose, Set: c.Set})
	if fault.HasCode(err, "E24") {
		return &exit{exitUsage, err}
	}
	if err != nil {
		return err
	}
	return r.rehearsed(out)
}

// rehearsed writes what a dry run found.
func (r *run) rehearsed(out app.Rehearsed) error {
	if r.style.JSON {
		if err := r.json(out); err != nil {
			return err
		}
	} else {
		for n, s := range out.Steps {
			if n > 0 {
				fmt.Fprintln(r.out)
			}
			fmt.Fprintln(r.out, inert(s.Text))
		}
		r.say("Nothing was done: this was a dry run.")
	}
	if out.Stopped != "" {
		return &exit{codeExit(out.Code), fmt.Errorf("it would stop here: %s", out.Stopped)}
	}
	return nil
}

// rehearse is `run --dry-run`: the running server looks, so that the rights and
// connections are those of the real run.
func (c *runCmd) rehearse(r *run) error {
	body := map[string]any{"with": c.With, "service": c.Service, "incident": c.Incident, "choose": c.Choose, "set": c.Set}
	var out app.Rehearsed
	if err := c.post(r, "/api/v1/playbooks/"+url.PathEscape(c.Playbook)+"/rehearsal", body, &out); err != nil {
		return err
	}
	return r.rehearsed(out)
}
