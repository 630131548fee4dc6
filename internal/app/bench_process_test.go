package app

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process measures the real binary: how soon it is ready, and how much memory it
// holds before and after work.
func (g *goals) process(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "mayday")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "mayday")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	b.Setenv("BENCH_SECRET", benchSecret)
	b.Setenv("BENCH_TOKEN", benchToken)
	mail := newLetter(b)
	file := filepath.Join(dir, "mayday.yaml")
	text := fmt.Sprintf(benchConfig, mail.service) + "store: {path: " + filepath.Join(dir, "data") + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	empty := fastest(3, func() time.Duration { return exits(b, binary, "version") })
	demo := fastest(3, func() time.Duration {
		p := launch(b, binary, "demo", "--listen", "127.0.0.1:0", "--no-browser")
		defer p.stop()
		return p.took
	})
	p := launch(b, binary, "serve", "-c", file)
	defer p.stop()
	before := p.memory()
	var next atomic.Int64
	u := burst{address: p.address, mail: mail, next: &next, conns: 32, most: 5000}
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	after := p.memory()
	reference := "mayday version " + millis(empty)
	g.add("start of mayday serve to ready", millis(p.took), reference, float64(p.took)/float64(empty), "")
	g.add("start of mayday demo to ready", millis(demo), reference, float64(demo)/float64(empty), "")
	g.add("memory of mayday serve, idle", fmt.Sprintf("%.0f MiB", before), "", 0, "")
	g.add("memory after 5,000 webhooks at once", fmt.Sprintf("%.0f MiB", after), fmt.Sprintf("idle %.0f MiB", before), after/before, "")
	b.ReportMetric(float64(p.took)/1e6, "ms-ready")
	b.ReportMetric(before, "MiB-idle")
	b.ReportMetric(after, "MiB-after")
}

func fastest(times int, f func() time.Duration) time.Duration {
	best := f()
	for range times - 1 {
		best = min(best, f())
	}
	return best
}

func exits(b *testing.B, binary string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	if out, err := exec.CommandContext(b.Context(), binary, args...).CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", args, err, out)
	}
	return time.Since(began)
}

// running is a Mayday of its own.
type running struct {
	b       *testing.B
	cmd     *exec.Cmd
	address string
	took    time.Duration // until the ready line
}

func launch(b *testing.B, binary string, args ...string) *running {
	b.Helper()
	r := &running{b: b, cmd: exec.CommandContext(b.Context(), binary, args...)}
	r.cmd.Stderr = os.Stderr
	if args[0] == "demo" {
		r.cmd.Stderr = nil // its words are for people
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := r.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	r.took = time.Since(began)
	address, found := strings.CutPrefix(strings.TrimSpace(line), "ready http://")
	if err != nil || !found {
		r.stop()
		b.Fatalf("%v did not become ready: %q %v", args, line, err)
	}
	r.address = address
	return r
}

func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = r.cmd.Wait()                          // told to end, it may say so by its code
}

// memory answers the MiB that are resident, as the process itself reports.
func (r *running) memory() float64 {
	r.b.Helper()
	resp, err := http.Get("http://" + r.address + "/metrics")
	if err != nil {
		r.b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		text, found := strings.CutPrefix(lines.Text(), "process_resident_memory_bytes ")
		if !found {
			continue
		}
		bytes, err := strconv.ParseFloat(text, 64)
		if err != nil {
			r.b.Fatal(err)
		}
		return bytes / (1 << 20)
	}
	r.b.Fatal("the metrics do not say how much memory is resident")
	return 0
}
