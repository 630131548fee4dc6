package postgrestest

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a started server. One goroutine owns it from start to end.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// launch starts the command so that it dies with us. The kernel ties that to
// the thread which started the child, not to the process, so the goroutine
// keeps its thread until the child has ended.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		// A thread that ends while it is locked would take others' children along,
		// which it may have started before.
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended does not matter, its log tells
		}
	}()
	return p, <-started
}

// stop asks in Postgres's own three steps: fast (SIGINT), immediate (SIGQUIT),
// and at last SIGKILL, which leaves its children to notice by themselves.
func (p *process) stop() error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = p.cmd.Process.Signal(sig) // it may have ended already
		deadline := time.NewTimer(10 * time.Second)
		select {
		case <-p.done:
			deadline.Stop()
			return nil
		case <-deadline.C:
		}
	}
	return errors.New("the server survived SIGKILL")
}
