package exec

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
)

// What is kept of a run while it goes on.
const (
	keptAsked = "asked" // before the start: without it the program never ran
	keptPID   = "pid"
	keptBirth = "birth" // tells the process from a later one with its number
	keptExit  = "exit"
	keptSaid  = "said"
)

func (r *runner) apply(ctx context.Context, plan integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	p, b, args, err := r.recheck(plan)
	if err != nil {
		return integrations.Receipt{}, err
	}
	defer b.close()
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Timeout)
		defer cancel()
	}
	if err := keep(keptAsked, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was started.", Err: err}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	proc, err := p.start(ctx, b, args)
	if err != nil {
		return integrations.Receipt{}, err
	}
	pid := proc.cmd.Process.Pid
	if err := keepAll(keep, keptPID, strconv.Itoa(pid), keptBirth, birthOf(pid)); err != nil {
		stop()
		end := proc.wait(ctx)
		return integrations.Receipt{}, fmt.Errorf("run %s: its process could not be written down, and it was stopped: %s: %w", p.name, end.words(), err)
	}
	return r.ended(p, proc.wait(ctx), keep)
}

// recheck compares the world with the plan once more, and opens the file.
func (r *runner) recheck(plan integrations.Plan) (program, *binary, []string, error) {
	p, err := r.program(plan.Credential)
	if err != nil {
		return p, nil, nil, err
	}
	args, err := words(plan.Args["args"])
	if err != nil {
		return p, nil, nil, err
	}
	if p.Path != plan.Pre["path"] {
		return p, nil, nil, &integrations.Stale{Code: "E10", Diff: p.name + " is " + p.Path + " now, it was " + plan.Pre["path"]}
	}
	b, err := p.open()
	if err != nil {
		return p, nil, nil, err
	}
	if was := plan.Pre["sha256"]; b.sum != was {
		b.close()
		return p, nil, nil, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s is another file since the preview: sha256 %.12s, it was %.12s", p.Path, b.sum, was)}
	}
	return p, b, args, nil
}

// ended says what came of a run. A program that failed may have changed things
// before it did: only codes that the configuration lists prove the contrary.
func (r *runner) ended(p program, end ending, keep integrations.Keep) (integrations.Receipt, error) {
	said := clip(end.words(), 400)
	if err := keepAll(keep, keptExit, strconv.Itoa(end.code), keptSaid, said); err != nil {
		r.log.Warn("the end of a program could not be written down", "program", p.name, "err", err)
	}
	switch {
	case end.code == 0:
		lines := lastLines(end.output, maxLines)
		return integrations.Receipt{Text: strings.Join(append([]string{"ended well after " + end.took.Round(100*time.Millisecond).String()}, lines...), "\n")}, nil
	case slices.Contains(p.Unchanged, end.code):
		return integrations.Receipt{}, &integrations.Rejected{Code: "E17", Why: p.name + " refused, and changed nothing (" + said + ")."}
	}
	return integrations.Receipt{}, fmt.Errorf("run %s: %s", p.name, said)
}

func keepAll(keep integrations.Keep, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := keep(pairs[i], pairs[i+1]); err != nil {
			return fmt.Errorf("keep %s: %w", pairs[i], err)
		}
	}
	return nil
}
