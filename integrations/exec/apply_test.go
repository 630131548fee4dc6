package exec

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mayday/integrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	s := newStage(t, `echo "$#:$1:$2"; pwd; env | sort | tr '\n' ' '; echo; wc -c`)
	r, err := s.apply(s.mustPlan("a; rm -rf /tmp/x", "$(id)"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(r.Text, "\n")
	if len(lines) != 5 {
		t.Fatalf("got %q", r.Text)
	}
	// A shell adds names of its own to what it was given.
	env := strings.Fields(lines[3])
	var given []string
	for _, one := range env {
		if !strings.HasPrefix(one, "PWD=") && !strings.HasPrefix(one, "SHLVL=") && !strings.HasPrefix(one, "_=") {
			given = append(given, one)
		}
	}
	if diff := cmp.Diff([]string{"2:a; rm -rf /tmp/x:$(id)", "/", "LC_ALL=C.UTF-8 TZ=UTC", "0"}, []string{lines[1], lines[2], strings.Join(given, " "), strings.TrimSpace(lines[4])}); diff != "" {
		t.Errorf("arguments, folder, environment, standard input (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(lines[0], "ended well after ") || s.kept["exit"] != "0" || s.kept["pid"] == "" {
		t.Errorf("got %q, kept %v", lines[0], s.kept)
	}
}

// Only codes that the configuration lists prove that nothing was done.
func TestABadEnd(t *testing.T) {
	s := newStage(t, `echo "it broke"; exit $1`, "exit_codes_unchanged: [3, 4]")
	_, err := s.apply(s.mustPlan("2"))
	if !unsure(err) || !strings.Contains(err.Error(), "exit 2: it broke") {
		t.Errorf("exit 2: got %v, want an error that proves nothing", err)
	}
	if ev := s.probe(s.mustPlan("2")); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "exit 2: it broke") {
		t.Errorf("evidence: got %+v", ev)
	}
	_, err = s.apply(s.mustPlan("4"))
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, "changed nothing") {
		t.Errorf("exit 4: got %v, want a refusal", err)
	}
	if ev := s.probe(s.mustPlan("4")); ev.Applied != integrations.No {
		t.Errorf("evidence: got %+v", ev)
	}
	dies := newStage(t, `kill -9 $$`)
	if _, err := dies.apply(dies.mustPlan()); !unsure(err) || !strings.Contains(err.Error(), "ended by a signal") {
		t.Errorf("a signal: got %v", err)
	}
}

// What was shown is what runs: another file since the preview is refused, and
// one that is put in place at the last moment is not what is started.
func TestAnotherFileNeverRuns(t *testing.T) {
	s := newStage(t, `echo old`)
	p := s.mustPlan()
	s.write("#!/bin/sh\necho new > " + s.file("ran"))
	_, err := s.apply(p)
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E6" {
		t.Errorf("not the listed file: got %v", err)
	}
	s.act = partsOf(t, "tool: {path: "+s.path+"}").Actions[0]
	if _, err = s.apply(p); err == nil {
		t.Fatal("another file was run")
	}
	if st, ok := integrations.AsStale(err); !ok || st.Code != "E10" || !strings.Contains(st.Diff, "another file since the preview") {
		t.Errorf("no hash is listed: got %v", err)
	}
	other := partsOf(t, "tool: {path: "+s.file("elsewhere")+"}").Actions[0]
	if _, err := other.Apply(t.Context(), p, s.keep); err == nil || !strings.Contains(err.Error(), "it was "+s.path) {
		t.Errorf("another path: got %v", err)
	}
	if len(s.kept) > 0 || !strings.Contains(s.read("ran"), "no such file") {
		t.Errorf("something was started: kept %v", s.kept)
	}
}

func TestTheHashedFileIsTheOneThatRuns(t *testing.T) {
	s := newStage(t, `echo old`)
	p := s.mustPlan()
	swap := func(key, value string) error {
		if key == keptAsked { // the file is open and hashed, and not started yet
			s.write("#!/bin/sh\necho new")
		}
		return s.keep(key, value)
	}
	r, err := s.act.Apply(t.Context(), p, swap)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(r.Text, "\nold") {
		t.Errorf("got %q, want what was hashed", r.Text)
	}
	s.write("#!/bin/sh\necho old")
	in := func(key, value string) error {
		if key != keptAsked {
			return s.keep(key, value)
		}
		f, err := os.OpenFile(s.path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("\n")
		return errors.Join(err, f.Close())
	}
	s.act = partsOf(t, "tool: {path: "+s.path+"}").Actions[0]
	if _, err := s.act.Apply(t.Context(), s.mustPlan(), in); err == nil || !strings.Contains(err.Error(), "was being written to") {
		t.Errorf("written to in place: got %v", err)
	}
}

// Time ends the program with everything that it started.
func TestTimeStopsTheWholeGroup(t *testing.T) {
	for name, script := range map[string]string{
		"that obeys":         `sleep 300 & echo $! > "$1"; wait`,
		"that does not":      `trap '' TERM; (trap '' TERM; sleep 300; sleep 300) & echo $! > "$1"; while :; do sleep 300; done`,
		"that ends with a 0": `trap 'exit 0' TERM; sleep 300 & echo $! > "$1"; wait`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, script, "timeout: 1s")
			start := time.Now()
			_, err := s.apply(s.mustPlan(s.file("pid")))
			if !unsure(err) || !strings.Contains(err.Error(), "stopped after") || time.Since(start) > 8*time.Second {
				t.Fatalf("got %v after %s", err, time.Since(start))
			}
			child, err := strconv.Atoi(strings.TrimSpace(s.read("pid")))
			if err != nil {
				t.Fatal(err)
			}
			until(t, "the child is gone", func() bool { return birthOf(child) == "" })
			if ev := s.probe(s.mustPlan(s.file("pid"))); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "stopped") {
				t.Errorf("evidence: got %+v", ev)
			}
		})
	}
}

func TestNothingStartsThatCannotBeWrittenDown(t *testing.T) {
	s := newStage(t, `echo > "$1"`)
	p := s.mustPlan(s.file("ran"))
	full := errors.New("the disk is full")
	_, err := s.act.Apply(t.Context(), p, func(string, string) error { return full })
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E26" || !strings.Contains(s.read("ran"), "no such file") {
		t.Errorf("before the start: got %v", err)
	}
	slow := newStage(t, `sleep 300`)
	_, err = slow.act.Apply(t.Context(), slow.mustPlan(), func(key, _ string) error {
		if key == keptPID {
			return full
		}
		return nil
	})
	if !unsure(err) || !errors.Is(err, full) {
		t.Errorf("after the start: got %v", err)
	}
}

func TestWhatCannotStart(t *testing.T) {
	for name, c := range map[string]struct{ text, why string }{
		"no interpreter": {"#!/no/such/shell\n", "needs an interpreter that is not there"},
		"no program":     {"hello\n", "is neither a program"},
		"empty":          {"", "is neither a program"},
	} {
		s := newStage(t, "")
		s.write(c.text)
		s.act = partsOf(t, "tool: {path: "+s.path+"}").Actions[0]
		_, err := s.apply(s.mustPlan())
		if r, ok := integrations.AsRejected(err); !ok || r.Code != "E5" || !strings.Contains(r.Why, c.why) {
			t.Errorf("%s: got %v, want a refusal: %s", name, err, c.why)
		}
	}
	s := newStage(t, "echo")
	p := s.mustPlan()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.act.Apply(ctx, p, s.keep); err == nil || unsure(err) {
		t.Errorf("too late: got %v, want a refusal", err)
	}
}

func TestProbe(t *testing.T) {
	s := newStage(t, `echo ready > "$1"; while [ -e "$1" ]; do sleep 0.02; done`)
	p := s.mustPlan(s.file("flag"))
	if ev := s.probe(p); ev.Applied != integrations.No || ev.Text != "tool was never started" {
		t.Errorf("nothing kept: got %+v", ev)
	}
	s.kept["asked"] = "2026-03-01T14:00:00Z"
	if ev := s.probe(p); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "whether it was is not known") {
		t.Errorf("no process kept: got %+v", ev)
	}
	done := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		_, err := s.act.Apply(t.Context(), p, func(key, value string) error {
			if key == keptExit || key == keptSaid {
				return nil // as if Mayday had died before the end
			}
			err := s.keep(key, value)
			if key == keptBirth {
				close(began)
			}
			return err
		})
		done <- err
	}()
	<-began
	until(t, "running", func() bool { return strings.HasPrefix(s.read("flag"), "ready") })
	if ev := s.probe(p); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "still runs as process "+s.kept["pid"]) {
		t.Errorf("running: got %+v", ev)
	}
	if err := os.Remove(s.file("flag")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if ev := s.probe(p); ev.Applied != integrations.Unknown || !strings.Contains(ev.Text, "is gone; how it ended was not seen") {
		t.Errorf("gone: got %+v", ev)
	}
	s.kept["pid"] = strconv.Itoa(os.Getpid()) // the number is another process by now
	if ev := s.probe(p); !strings.Contains(ev.Text, "is gone") {
		t.Errorf("another process: got %+v", ev)
	}
	s.kept["exit"], s.kept["said"] = "0", "exit 0"
	if ev := s.probe(p); ev.Applied != integrations.Yes || !ev.Settled {
		t.Errorf("ended: got %+v", ev)
	}
}

func TestOutputIsLimitedAndHarmless(t *testing.T) {
	s := newStage(t, `head -c 3000000 /dev/zero | tr '\0' 'x'; echo; printf 'a\033[31mred\033[0m\007\tb\r\nzero\000 \342\200\256end\377\n' >&2`)
	r, err := s.apply(s.mustPlan())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(r.Text, "\n")
	if diff := cmp.Diff([]string{"ared b", "zero end\uFFFD"}, lines[len(lines)-2:]); diff != "" {
		t.Errorf("last lines (-want +got):\n%s", diff)
	}
	if len(r.Text) > 1000 {
		t.Errorf("%d bytes", len(r.Text))
	}
	var out tail
	for range 100 {
		if n, err := out.Write(make([]byte, 10_000)); n != 10_000 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(out.kept) > 2*maxOutput {
		t.Errorf("%d bytes are kept", len(out.kept))
	}
}

// A program that leaves something behind is over when it is over itself.
func TestAProgramThatLeavesAProcessBehind(t *testing.T) {
	s := newStage(t, `sleep 300 & echo $! > "$1"; echo done`)
	r, err := s.apply(s.mustPlan(s.file("pid")))
	if err != nil || !strings.HasSuffix(r.Text, "\ndone") {
		t.Errorf("got %q, %v", r.Text, err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(s.read("pid")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Errorf("what it left behind was ended: %v", err)
	}
}
