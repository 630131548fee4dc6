package clustertest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// TestTheBinaryKeepsItsSurface: one line on stdout, the port that was asked
// for, an end on SIGTERM, and nothing outside of its directory.
func TestTheBinaryKeepsItsSurface(t *testing.T) {
	t.Parallel()
	binary, err := built("testcluster")
	if err != nil {
		t.Fatal(err)
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-dir", dir, "-port", "0")
	cmd.Dir = elsewhere
	cmd.Env = []string{"HOME=" + elsewhere, "TMPDIR=" + elsewhere}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout := bufio.NewReader(out)
	line, err := stdout.ReadString('\n')
	if want := "ready KUBECONFIG=" + filepath.Join(dir, "kubeconfig") + "\n"; line != want {
		t.Fatalf("got %q, %v, want %q", line, err, want)
	}
	told := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stdout)
	if err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v on stdout, want the one line", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want an orderly end", err)
	}
	if took := time.Since(told); took > endWithin {
		t.Errorf("it took %s to end, want %s at most", took, endWithin)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v outside of its directory, want nothing", left, err)
	}
}

func TestTheClusterDoesNotOutliveItsStarter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), starterDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "started" {
		t.Fatalf("got %q, %v, want that it has started", line, err)
	}
	address := serverOf(t, dir)
	if !listens(address) {
		t.Fatalf("%s does not listen before the kill", address)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it should be
	deadline := time.Now().Add(endWithin)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for listens(address) {
		if time.Now().After(deadline) {
			t.Fatalf("%s still listens %s after its starter was killed", address, endWithin)
		}
		<-tick.C
	}
}

func serverOf(t *testing.T, dir string) string {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func listens(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func TestAMissingBinaryIsExplained(t *testing.T) {
	_, err := built("no-such-thing")
	if want := "bin/no-such-thing is missing: make testcluster"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
