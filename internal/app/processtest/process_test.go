package processtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait: the tests share few cores with others.
const patience = 30 * time.Second

// process is one running mayday.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	first chan string   // its first line on stdout, closed at the end of stdout
	done  chan struct{} // closed when it has ended
	code  int           // exit code, once done; -1 when a signal ended it

	mu     sync.Mutex
	stdout strings.Builder
	words  strings.Builder // stderr
}

// launch starts a program; it ends with the test at the latest, however the test
// ends.
func launch(t testing.TB, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, first: make(chan string, 1), done: make(chan struct{})}
	p.cmd = exec.Command(name, args...)
	p.cmd.Env = append(cleanEnv(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("open stdout: %v", err)
	}
	words, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatalf("open stderr: %v", err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { p.collect(out, &p.stdout, p.first) })
	readers.Go(func() { p.collect(words, &p.words, nil) })
	go func() {
		readers.Wait()
		_ = p.cmd.Wait() // the exit code says it
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// cleanEnv is the environment without settings of this machine's Mayday.
func cleanEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MAYDAY_") {
			env = append(env, v)
		}
	}
	return env
}

// collect keeps everything, and passes the first line on.
func (p *process) collect(r io.Reader, into *strings.Builder, first chan<- string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		into.WriteString(line)
		p.mu.Unlock()
		if first != nil && line != "" {
			first <- line
			close(first)
			first = nil
		}
		if err != nil {
			break
		}
	}
	if first != nil {
		close(first)
	}
}

// said is everything on stderr so far.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.words.String()
}

// printed is everything on stdout so far.
func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

// line waits for the first line on stdout.
func (p *process) line() string {
	p.t.Helper()
	select {
	case line, ok := <-p.first:
		if ok {
			return line
		}
		p.wait(patience)
		p.t.Fatalf("it ended with code %d and printed nothing; it said:\n%s", p.code, p.said())
	case <-time.After(patience):
		p.t.Fatalf("it was not ready after %s; it said:\n%s", patience, p.said())
	}
	return ""
}

// wait answers the exit code.
func (p *process) wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("it did not end within %s; it said:\n%s", limit, p.said())
	}
	return p.code
}

// kill is kill -9, and returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// term is what an operator's Ctrl+C or a service manager sends.
func (p *process) term() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("send SIGTERM: %v", err)
	}
}

// run runs a command to its end.
func run(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	p := launch(t, env, binary, args...)
	p.wait(patience)
	return p
}

// eventually polls until check answers "", which says what is still missing.
func eventually(t testing.TB, limit time.Duration, check func() (missing string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := check()
		if missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: %s", limit, missing)
		case <-tick.C:
		}
	}
}

// pass lets real time pass, where time itself is what is tested.
func pass(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal("the test ended while it waited")
	}
}

func missing(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func unless(ok bool, format string, args ...any) string {
	if ok {
		return ""
	}
	return missing(format, args...)
}

const minute = time.Minute
