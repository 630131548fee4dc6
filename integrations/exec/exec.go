// Package exec runs programs that the configuration names, for the `exec` steps
// of playbooks. There is no shell anywhere: a program gets a list of arguments,
// next to no environment, nothing on its standard input and `/` as its folder.
//
// What was shown is what runs: the file is hashed for the preview and again
// right before the start, and it is started through the descriptor that was
// hashed, so that another file at the same path is never run by mistake.
//
//	connect:
//	  exec:
//	    reindex:
//	      path: /usr/local/bin/reindex
//	      sha256: 5f2b…            # without it every run is a danger step
//	      grade: change            # or danger
//	      timeout: 10m
//	      show: true               # the playbook's `show` changes nothing
//	      exit_codes_unchanged: [64]
//	      env: staging
//
// Exit 0 is success. Any other end is UNKNOWN, because a program that failed may
// have changed things before it did, unless exit_codes_unchanged lists its code.
package exec

import (
	"context"
	"log/slog"

	"mayday/internal/config"
	"mayday/internal/fault"

	"mayday/integrations"
)

// Integration is what the list of integrations links in.
var Integration = integrations.Integration{Name: "exec", Prefix: "exec", Title: "programs", New: newParts}

const actionName = "exec.run"

func newParts(section config.Section, log *slog.Logger) (integrations.Parts, error) {
	names, all, err := decode(section)
	if err != nil {
		return integrations.Parts{}, err
	}
	r := &runner{names: names, programs: all, log: log}
	parts := integrations.Parts{Actions: []integrations.Action{r.action()}, Connections: names}
	if len(names) > 0 {
		parts.Checker = r
	}
	return parts, nil
}

// runner knows the programs of the configuration.
type runner struct {
	names    []string
	programs map[string]program
	log      *slog.Logger
}

func (r *runner) action() integrations.Action {
	return integrations.Action{
		Name: actionName, Summary: "Run a program of the configuration, without a shell", Grade: integrations.GradeChange, Version: 1,
		Params: []integrations.Field{
			{Name: "program", Kind: integrations.Connection, Required: true, Say: "the program, by its name in the config"},
			{Name: "args", Kind: integrations.List, Say: "its arguments, each one word"},
			{Name: "show", Kind: integrations.List, Say: "arguments with which it only shows what would happen"},
			{Name: "undo", Kind: integrations.List, Say: "arguments with which it takes it back"},
		},
		Checks: []string{"the file is the one of the configuration, by its hash", "what the program says with the arguments of `show`"},
		Back:   "runs the same program with the arguments of `undo`, where they are given",
		Rights: "those of the account that Mayday runs as; path and hash are listed in the configuration by an admin",
		Plan:   r.plan, Apply: r.apply, Probe: r.probe, Undo: r.undo,
	}
}

// program finds a program by name. What is missing is said as a refusal, because
// without a program nothing can have been done.
func (r *runner) program(name string) (program, error) {
	if p, ok := r.programs[name]; ok {
		return p, nil
	}
	if len(r.names) == 0 {
		return program{}, &integrations.Rejected{Code: "E24", Why: "No program is configured.",
			Fix: "Add connect.exec.NAME: {path: /usr/local/bin/NAME, sha256: …} to the config."}
	}
	return program{}, &integrations.Rejected{Code: "E24", Why: "There is no program " + clip(oneLine(name), 40) + "." + fault.DidYouMean(name, r.names),
		Fix: "Known: " + joined(r.names) + "."}
}

var _ integrations.Checker = (*runner)(nil)

// Check looks at every program. It runs none.
func (r *runner) Check(context.Context) []integrations.Finding {
	var out []integrations.Finding
	for _, name := range r.names {
		out = append(out, r.programs[name].check())
	}
	return out
}

func (p program) check() integrations.Finding {
	b, err := p.open()
	if err != nil {
		rejected, ok := integrations.AsRejected(err)
		if !ok {
			return integrations.Finding{Text: "exec " + p.name + ": cannot be read", Fix: "Check its path."}
		}
		return integrations.Finding{Text: "exec " + p.name + ": " + rejected.Why, Fix: rejected.Fix}
	}
	defer b.close()
	switch {
	case b.writable():
		return integrations.Finding{Warn: true, Text: "exec " + p.name + ": others may write to " + p.Path, Fix: "chmod go-w " + p.Path}
	case p.SHA256 == "":
		return integrations.Finding{Warn: true, Text: "exec " + p.name + ": every run is a danger step, because its sha256 is not listed", Fix: "Add sha256: " + b.sum}
	}
	return integrations.Finding{OK: true, Text: "exec " + p.name + ": " + p.Path + " is the file that is listed"}
}
