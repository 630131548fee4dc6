package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"mayday/integrations"
)

const (
	maxArgs = 40
	maxArg  = 1000
)

func (r *runner) plan(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	p, err := r.program(a.Text("program"))
	if err != nil {
		return integrations.Plan{}, err
	}
	lists := map[string][]string{}
	for _, key := range []string{"args", "show", "undo"} {
		if lists[key], err = words(a[key]); err != nil {
			return integrations.Plan{}, err
		}
	}
	b, err := p.open()
	if err != nil {
		return integrations.Plan{}, err
	}
	defer b.close()
	out := p.outline(b, lists["args"])
	if err := p.takeBack(&out, lists["undo"]); err != nil {
		return integrations.Plan{}, err
	}
	if len(lists["show"]) > 0 {
		err = p.rehearse(ctx, b, lists["show"], &out)
	}
	return out, err
}

// outline is the plan without undo and rehearsal.
func (p program) outline(b *binary, args []string) integrations.Plan {
	listed := integrations.Check{Text: p.name + " is the file that the config lists", Answer: integrations.Yes}
	if p.SHA256 == "" {
		listed = integrations.Check{Text: "the config does not list the sha256 of " + p.name, Answer: integrations.Unknown}
	}
	return integrations.Plan{
		Action: actionName, Target: "exec/" + p.name, Title: clip("Run "+strings.Join(append([]string{p.name}, args...), " "), 120),
		Many: "Run " + p.name + " %d times", Subject: p.name, Env: p.Env, Grade: p.grade(),
		To: "what " + p.name + " does with these arguments", Checks: []integrations.Check{listed},
		Command: command(p.Path, args), NoUndo: "The playbook gives no arguments that take it back.",
		Args:       map[string]any{"program": p.name, "args": anyOf(args)},
		Credential: p.name, Pre: map[string]string{"path": p.Path, "sha256": b.sum}, Record: map[string]string{"program": p.name},
	}
}

func (p program) takeBack(out *integrations.Plan, undo []string) error {
	if len(undo) == 0 {
		return nil
	}
	text, err := json.Marshal(undo)
	if err != nil {
		return fmt.Errorf("keep the arguments of the undo: %w", err)
	}
	out.Record["undo"], out.NoUndo = string(text), ""
	out.Undo = clip("yes, "+strings.Join(append([]string{p.name}, undo...), " "), 120)
	out.Args["undo"] = anyOf(undo)
	return nil
}

// undo makes the plan that takes a run back, by the same program.
func (r *runner) undo(_ context.Context, done integrations.Receipt) (integrations.Plan, error) {
	p, err := r.program(done.Values["program"])
	if err != nil {
		return integrations.Plan{}, err
	}
	var args []string
	if err := json.Unmarshal([]byte(done.Values["undo"]), &args); err != nil || len(args) == 0 {
		return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "The playbook gave no arguments that take it back.", Err: err}
	}
	b, err := p.open()
	if err != nil {
		return integrations.Plan{}, err
	}
	defer b.close()
	out := p.outline(b, args)
	out.NoUndo = "An undo is not taken back."
	return out, nil
}

// rehearse runs the program with its `show`, which the configuration must allow:
// that it changes nothing is a promise of whoever wrote it there.
func (p program) rehearse(ctx context.Context, b *binary, args []string, out *integrations.Plan) error {
	if !p.Show {
		return &integrations.Rejected{Code: "E6", Why: "The config does not say that " + p.name + " may be run to show what would happen.",
			Fix: "Add show: true to connect.exec." + p.name + " if that changes nothing."}
	}
	ctx, cancel := context.WithTimeout(ctx, showTimeout)
	defer cancel()
	proc, err := p.start(ctx, b, args)
	if err != nil {
		return err
	}
	end := proc.wait(ctx)
	out.Details = lastLines(end.output, maxLines)
	shown := integrations.Check{Text: "the rehearsal ends well", Answer: integrations.Yes}
	switch {
	case end.stopped:
		shown.Answer, shown.Text = integrations.Unknown, "the rehearsal did not end in time"
	case end.code != 0:
		shown = integrations.Check{Text: "the rehearsal failed: " + end.words(), Answer: integrations.No, Code: "E8"}
	}
	out.Checks = append(out.Checks, shown)
	return nil
}

// anyOf is a list as JSON gives it back.
func anyOf(words []string) []any {
	out := make([]any, 0, len(words))
	for _, w := range words {
		out = append(out, w)
	}
	return out
}

// words reads a list of arguments.
func words(v any) ([]string, error) {
	var out []string
	switch list := v.(type) {
	case nil:
	case []string:
		out = list
	case []any:
		for _, one := range list {
			s, ok := one.(string)
			if !ok {
				return nil, badWords("An argument is text.")
			}
			out = append(out, s)
		}
	default:
		return nil, badWords("Arguments are a list.")
	}
	if len(out) > maxArgs {
		return nil, badWords(fmt.Sprintf("A program takes at most %d arguments here.", maxArgs))
	}
	for _, s := range out {
		if len(s) > 4*maxArg || strings.ContainsRune(s, 0) {
			return nil, badWords(fmt.Sprintf("An argument has at most %d characters.", maxArg))
		}
	}
	return out, nil
}

func badWords(why string) error {
	return &integrations.Rejected{Code: "E24", Why: why, Fix: "Mend the playbook."}
}
