package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminalPair opens a terminal: what is written to one end is typed at the other.
func terminalPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(ours.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

// TestAtATerminal: somebody who types is asked what flags would say, sees colours
// and marks, and types what a danger step wants.
func TestAtATerminal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	path, err := exec.LookPath("mayday")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "HOME=" + t.TempDir(), "TERM=xterm"}
	shop, demo, err := openShop(ctx, env)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = demo.Wait() }()
	env = append(env, "MAYDAY_URL="+shop.API, "MAYDAY_TOKEN="+shop.Token)
	open := exec.CommandContext(ctx, path, "open", "it", "is", "slow")
	open.Env = env
	if out, err := open.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		args  []string
		asked []string // a question, and what is typed
		want  int
		says  []string
	}{
		{[]string{"run", "flag-off", "flag=theme"}, []string{"Which? ", "Off", "Type yes: ", "yes"}, exitOK, []string{"\x1b[32m✓\x1b[0m answered: Off", "✓ Turn off theme", "mayday undo "}},
		{[]string{"undo"}, []string{"Type yes: ", "no"}, exitRefused, []string{"not confirmed"}},
		{[]string{"run", "flag-off", "flag=off-is-true", "--no-color"}, []string{"Which? ", "off"}, exitRefused, []string{"✓ answered: Off", "off serves true to everybody"}},
	} {
		out, code := atTerminal(ctx, t, path, env, c.args, c.asked)
		if code != c.want {
			t.Errorf("%q ended with %d, want %d:\n%s", c.args, code, c.want, out)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%q: %q is not in\n%q", c.args, want, out)
			}
		}
		if strings.Contains(strings.Join(c.args, " "), "--no-color") && strings.Contains(out, "\x1b[3") {
			t.Errorf("%q has colours:\n%q", c.args, out)
		}
	}
}

// atTerminal runs the program at a terminal and types an answer after each
// question.
func atTerminal(ctx context.Context, t *testing.T, path string, env, args, asked []string) (string, int) {
	t.Helper()
	ours, theirs := terminalPair(t)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	seen, buf := 0, make([]byte, 4096)
	for {
		n, err := ours.Read(buf)
		all.Write(buf[:n])
		if len(asked) > 0 && strings.Contains(all.String()[seen:], asked[0]) {
			seen = all.Len()
			if _, err := io.WriteString(ours, asked[1]+"\n"); err != nil {
				t.Fatal(err)
			}
			asked = asked[2:]
		}
		if err != nil { // the other end is closed when the program ends
			break
		}
	}
	_ = cmd.Wait() // its code is what is wanted
	return strings.ReplaceAll(all.String(), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}
