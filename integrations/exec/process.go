package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	osexec "os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mayday/integrations"
)

const (
	showTimeout = 8 * time.Second // the plan has 10
	graceTime   = 2 * time.Second // between asking a program to stop and stopping it
)

// environment is all that a program gets: no PATH, and none of Mayday's secrets.
var environment = []string{"LC_ALL=C.UTF-8", "TZ=UTC"}

// process is a program that was started, in a group of its own.
type process struct {
	name    string
	cmd     *osexec.Cmd
	output  *tail
	started time.Time
}

// start starts what b holds. When it fails nothing has run, and that is proven.
func (p program) start(ctx context.Context, b *binary, args []string) (*process, error) {
	if !b.same() {
		return nil, &integrations.Stale{Code: "E10", Diff: p.Path + " was being written to"}
	}
	if err := ctx.Err(); err != nil {
		return nil, &integrations.Rejected{Code: "E5", Why: p.name + " was not started in time.", Err: err}
	}
	proc := &process{name: p.name, output: &tail{}, cmd: osexec.CommandContext(ctx, p.Path, args...)}
	proc.cmd.Env, proc.cmd.Dir = environment, "/"
	proc.cmd.Stdout, proc.cmd.Stderr = proc.output, proc.output
	proc.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	proc.cmd.WaitDelay = graceTime
	proc.cmd.Cancel = func() error { return signalGroup(proc.cmd.Process.Pid, syscall.SIGTERM) }
	if through, ok := descriptorPath(); ok {
		proc.cmd.Path, proc.cmd.ExtraFiles = through, []*os.File{b.file}
	}
	proc.started = time.Now()
	if err := proc.cmd.Start(); err != nil {
		return nil, p.notStarted(err)
	}
	return proc, nil
}

// descriptorPath is the path of the descriptor that a child gets as its fourth:
// what is started through it is the file that was hashed, whatever stands at its
// path by now.
func descriptorPath() (string, bool) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return "", false
	}
	return "/proc/self/fd/3", true
}

func (p program) notStarted(err error) error {
	why := "could not be started."
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		why = "is neither a program for this machine nor a script that begins with #!."
	case errors.Is(err, fs.ErrPermission):
		why = "may not be run by Mayday."
	case errors.Is(err, fs.ErrNotExist):
		why = "needs an interpreter that is not there."
	}
	return &integrations.Rejected{Code: "E5", Why: p.Path + " " + why, Err: fmt.Errorf("start %s: %w", p.name, err)}
}

// signalGroup reaches the program and all that it started.
func signalGroup(pid int, s syscall.Signal) error {
	err := syscall.Kill(-pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// ending is how a program ended.
type ending struct {
	code    int  // -1 when a signal ended it, or it was stopped
	stopped bool // by us, because time was up
	signal  string
	output  string
	took    time.Duration
}

// wait waits for the program, and stops its whole group when ctx is over. One
// that was stopped did not end well whatever its code says: some answer 0.
func (p *process) wait(ctx context.Context) ending {
	_ = p.cmd.Wait() // how it ended is read from its state
	end := ending{code: -1, took: time.Since(p.started), output: p.output.text()}
	if ctx.Err() != nil {
		_ = signalGroup(p.cmd.Process.Pid, syscall.SIGKILL) // what ignored the first signal
		end.stopped = true
		return end
	}
	state := p.cmd.ProcessState
	if state == nil {
		return end
	}
	end.code = state.ExitCode()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		end.signal = status.Signal().String()
	}
	return end
}

// words says how it ended, with the last lines of what it wrote.
func (e ending) words() string {
	out := "exit " + strconv.Itoa(e.code)
	switch {
	case e.stopped:
		out = "stopped after " + e.took.Round(time.Second).String()
	case e.signal != "":
		out = "ended by a signal, " + e.signal
	}
	if lines := lastLines(e.output, maxLines); len(lines) > 0 {
		out += ": " + strings.Join(lines, " / ")
	}
	return out
}
