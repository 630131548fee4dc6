package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the program: scripts and the demo that they
// talk to run it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mayday": func() { os.Exit(Main(interruptible(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// interruptible ends with the first signal, as in main.
func interruptible() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

// shop is a running demo.
type shop struct {
	API    string `json:"api"`
	Token  string `json:"token"`
	Secret string `json:"pagerduty_secret"`
}

// openShop starts a demo as a process and answers when it is ready.
func openShop(ctx context.Context, env []string, args ...string) (shop, *exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, "mayday", append([]string{"demo", "--json", "--no-browser", "--listen", "127.0.0.1:0"}, args...)...)
	for _, v := range env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok { // exec looked in our own path
			cmd.Path = filepath.Join(strings.Split(path, string(os.PathListSeparator))[0], "mayday")
			cmd.Err = nil
		}
	}
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return shop{}, nil, err
	}
	if err := cmd.Start(); err != nil {
		return shop{}, nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return shop{}, cmd, fmt.Errorf("read the ready line: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process, which Wait waits for
	var s shop
	return s, cmd, json.Unmarshal(line, &s)
}

// storyTime is far more than a story takes: one that hangs fails.
const storyTime = 90 * time.Second

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/story",
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(storyTime),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"demo": cmdDemo, "exits": cmdExits, "until": cmdUntil, "keep": cmdKeep, "server": cmdServer, "logged": cmdLogged,
		},
	})
}

// cmdDemo starts a demo that the script's commands talk to.
func cmdDemo(ts *testscript.TestScript, neg bool, args []string) {
	ctx, stop := context.WithCancel(context.Background())
	env := environment(ts)
	s, cmd, err := openShop(ctx, env, args...)
	ts.Defer(func() {
		stop()
		if cmd != nil {
			_ = cmd.Wait() // it was told to stop
		}
	})
	ts.Check(err)
	ts.Setenv("MAYDAY_URL", s.API)
	ts.Setenv("MAYDAY_TOKEN", s.Token)
	ts.Setenv("SECRET", s.Secret)
}

func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WORK"} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// servers are those of running scripts, by their folder.
var servers sync.Map

// cmdServer starts `mayday serve` over mayday.yaml, sends it a signal, or stops
// it: server start, server hup, server stop.
func cmdServer(ts *testscript.TestScript, _ bool, args []string) {
	here := ts.Getenv("WORK")
	if args[0] == "start" {
		startServer(ts, here)
		return
	}
	v, ok := servers.Load(here)
	if !ok {
		ts.Fatalf("no server runs")
	}
	cmd := v.(*exec.Cmd)
	if args[0] == "hup" {
		ts.Check(cmd.Process.Signal(syscall.SIGHUP))
		return
	}
	servers.Delete(here)
	ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	ts.Check(cmd.Wait())
}

func startServer(ts *testscript.TestScript, here string) {
	log, err := os.OpenFile(filepath.Join(here, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer func() { ts.Check(log.Close()) }()
	cmd := exec.Command(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "mayday"), "serve", "-c", "mayday.yaml")
	cmd.Env, cmd.Dir, cmd.Stderr = environment(ts), here, log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	servers.Store(here, cmd)
	ts.Defer(func() {
		if _, ok := servers.LoadAndDelete(here); ok {
			_ = cmd.Process.Kill() // the script is over
			_ = cmd.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		ts.Fatalf("the server said %q", line)
	}
	ts.Setenv("MAYDAY_URL", url)
}

// cmdLogged waits until the server has logged something: logged 'words'.
func cmdLogged(ts *testscript.TestScript, _ bool, args []string) {
	end := time.NewTimer(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer end.Stop()
	defer tick.Stop()
	for {
		log := ts.ReadFile(filepath.Join(ts.Getenv("WORK"), "server.log"))
		if regexp.MustCompile(args[0]).MatchString(log) {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			ts.Fatalf("%q was not logged:\n%s", args[0], log)
		}
	}
}

// cmdExits runs the program and wants one exit code: exits 5 run flag-off ...
// What it wrote is there for stdout and stderr all the same.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("mayday", args[1:]...)
	got := "0"
	if err != nil {
		var e *exec.ExitError
		if !errors.As(err, &e) {
			ts.Fatalf("mayday %s: %v", strings.Join(args[1:], " "), err)
		}
		got = fmt.Sprint(e.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("mayday %s: got exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// cmdUntil repeats a command until what it writes contains the words: until
// 'Yours?' incidents INC-1.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	end := time.NewTimer(20 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer end.Stop()
	defer tick.Stop()
	for {
		_ = ts.Exec("mayday", args[1:]...) // it may fail until it is there
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			ts.Fatalf("mayday %s never said %q", strings.Join(args[1:], " "), args[0])
		}
	}
}

// cmdKeep keeps the first match of an expression in what was written, as a
// variable: keep CODE 'Code ([0-9a-f]{8})'.
func cmdKeep(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("%q is not in:\n%s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], m[len(m)-1])
}
