package clustertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	readyWithin = 2 * time.Minute // several clusters may start at once on two cores
	endWithin   = 10 * time.Second
)

// process is a started cluster. It reads its standard input, which we hold open
// and never write to: it ends when we let go of it, and also when we are killed,
// because the kernel lets go of it then.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   string
	done  chan struct{}
}

// launch starts the binary in dir and waits until it is ready.
func launch(binary, dir string) (*process, error) {
	p := &process{log: filepath.Join(dir, "log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("make the cluster's log: %w", err)
	}
	defer log.Close() // the cluster has its own handle
	p.cmd = exec.Command(binary, "-dir", dir, "-stdin")
	p.cmd.Stderr = log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("tie the cluster to this process: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("listen to the cluster: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the cluster: %w", err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(p.done)
		line, _ := bufio.NewReader(out).ReadString('\n') // nothing, when it has ended
		ready <- strings.TrimSpace(line)
		_ = p.cmd.Wait() // how it ended does not matter, its log tells
	}()
	return p, p.waitReady(ready, "ready KUBECONFIG="+filepath.Join(dir, "kubeconfig"))
}

func (p *process) waitReady(ready <-chan string, want string) error {
	deadline := time.NewTimer(readyWithin)
	defer deadline.Stop()
	select {
	case got := <-ready:
		if got == want {
			return nil
		}
		return fmt.Errorf("the cluster said %q, not %q\n%s", got, want, p.lastWords())
	case <-deadline.C:
		return fmt.Errorf("the cluster was not ready within %s\n%s", readyWithin, p.lastWords())
	}
}

// lastWords is the end of the log, where the reason is.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// stop lets go and waits for the end.
func (p *process) stop() error {
	p.stdin.Close()
	if p.ended() {
		return nil
	}
	_ = p.cmd.Process.Kill() // it may have ended this moment
	if p.ended() {
		return errors.New("the cluster did not end by itself and was killed")
	}
	return errors.New("the cluster survived SIGKILL")
}

func (p *process) ended() bool {
	deadline := time.NewTimer(endWithin)
	defer deadline.Stop()
	select {
	case <-p.done:
		return true
	case <-deadline.C:
		return false
	}
}
