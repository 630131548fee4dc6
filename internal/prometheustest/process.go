package prometheustest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	within    = 60 * time.Second // a cold disk under a parallel test run is slow
	pollEvery = 50 * time.Millisecond
	portTries = 5 // another process may take the free port before we do
)

// program is a server of the Prometheus family.
type program struct {
	names  []string // that the executable may have
	debian string   // package that brings it
	config string   // text of its configuration file
	locked bool
	args   func(dir, config, address string) []string
	ready  string // path that answers 200 when it serves
}

// process is a started server. One goroutine owns it from start to end.
type process struct {
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *process) address() string { return fmt.Sprintf("http://127.0.0.1:%d", p.port) }

// Stop ends the server before the test does, as an outage would.
func (p *process) Stop(tb testing.TB) {
	tb.Helper()
	if err := p.stop(); err != nil {
		tb.Errorf("stop the server: %v", err)
	}
}

func start(tb testing.TB, what program) *process {
	tb.Helper()
	path, err := find(what.names)
	if err != nil {
		tb.Fatalf("%s is not installed: `make test` installs it (Debian: apt-get install %s)", what.debian, what.debian)
	}
	p := &process{dir: tb.TempDir()}
	tb.Cleanup(func() { p.Stop(tb) })
	for range portTries {
		if err = p.serve(path, what); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		tb.Fatalf("start %s: %v", what.debian, err)
	}
	return p
}

func find(names []string) (path string, err error) {
	for _, name := range names {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

func (p *process) serve(path string, what program) error {
	var err error
	if p.port, err = freePort(); err != nil {
		return err
	}
	config := filepath.Join(p.dir, "config.yml")
	if err := os.WriteFile(config, []byte(what.config), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	args := what.args(p.dir, config, fmt.Sprintf("127.0.0.1:%d", p.port))
	if what.locked {
		lock, err := p.lock()
		if err != nil {
			return err
		}
		args = append(args, "--web.config.file="+lock)
	}
	log, err := os.Create(p.log())
	if err != nil {
		return fmt.Errorf("make server log: %w", err)
	}
	defer func() { _ = log.Close() }() // the server has its own handle
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.launch(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	return p.await(what.ready, what.locked)
}

func (p *process) log() string { return filepath.Join(p.dir, "log") }

// lock writes the file that makes the server ask for a password. The lowest cost
// of the hash is enough for a password that everybody knows.
func (p *process) lock() (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	path := filepath.Join(p.dir, "web.yml")
	return path, os.WriteFile(path, fmt.Appendf(nil, "basic_auth_users: {%s: %q}\n", User, hash), 0o600)
}

// launch starts the command so that it dies with us. The kernel ties that to
// the thread which started the child, not to the process, so the goroutine
// keeps its thread until the child has ended.
func (p *process) launch() error {
	p.done = make(chan struct{})
	started := make(chan error, 1)
	go func(cmd *exec.Cmd, done chan struct{}) {
		runtime.LockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended does not matter, its log tells
		}
	}(p.cmd, p.done)
	return <-started
}

func (p *process) await(path string, locked bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for !p.answers(path, locked) {
		select {
		case <-p.done:
			return p.explainExit()
		case <-deadline.C:
			return fmt.Errorf("no answer within %s\n%s", within, p.logText())
		case <-tick.C:
		}
	}
	return nil
}

func (p *process) answers(path string, locked bool) bool {
	req, err := http.NewRequest(http.MethodGet, p.address()+path, nil)
	if err != nil {
		return false
	}
	if locked {
		req.SetBasicAuth(User, Password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

func (p *process) explainExit() error {
	text := p.logText()
	if strings.Contains(text, syscall.EADDRINUSE.Error()) {
		return fmt.Errorf("%w\n%s", syscall.EADDRINUSE, text)
	}
	return fmt.Errorf("the server ended at once\n%s", text)
}

func (p *process) logText() string {
	text, err := os.ReadFile(p.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop may be called twice.
func (p *process) stop() error {
	if p.done == nil {
		return nil
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
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

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
