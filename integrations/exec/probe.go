package exec

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"mayday/integrations"
)

// probe tells what is known of a run. What a program changed only the program
// knows, so that the answer is a certain one only when it never started, or when
// its end was written down.
func (r *runner) probe(_ context.Context, plan integrations.Plan, kept integrations.Kept) (integrations.Evidence, error) {
	p, err := r.program(plan.Credential)
	if err != nil {
		p = program{name: plan.Credential}
	}
	out := integrations.Evidence{Applied: integrations.Unknown}
	exit, ended := kept[keptExit]
	switch {
	case kept[keptAsked] == "":
		out.Text, out.Applied = p.name+" was never started", integrations.No
	case ended && exit == "0":
		out.Text, out.Applied, out.Settled = p.name+" ended well: "+kept[keptSaid], integrations.Yes, true
	case ended && p.unchanged(exit):
		out.Text, out.Applied = p.name+" refused, and changed nothing: "+kept[keptSaid], integrations.No
	case ended:
		out.Text = p.name + " did not end well, and may have changed things: " + kept[keptSaid]
	case kept[keptPID] == "":
		out.Text = fmt.Sprintf("%s was to be started at %s; whether it was is not known", p.name, kept[keptAsked])
	case alive(kept):
		out.Text = fmt.Sprintf("%s still runs as process %s since %s", p.name, kept[keptPID], kept[keptAsked])
	default:
		out.Text = fmt.Sprintf("process %s of %s is gone; how it ended was not seen", kept[keptPID], p.name)
	}
	return out, nil
}

func (p program) unchanged(exit string) bool {
	code, err := strconv.Atoi(exit)
	return err == nil && slices.Contains(p.Unchanged, code)
}

func alive(kept integrations.Kept) bool {
	pid, err := strconv.Atoi(kept[keptPID])
	return err == nil && kept[keptBirth] != "" && birthOf(pid) == kept[keptBirth]
}

// birthOf is when a process began, in ticks since the machine did; "" when it is
// gone or the system does not tell. Numbers of processes are used again.
func birthOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name may hold anything, so the fields are counted after its bracket.
	after := string(text[strings.LastIndexByte(string(text), ')')+1:])
	fields := strings.Fields(after)
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[19]
}
