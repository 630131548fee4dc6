package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/postgrestest"
)

// Processes that share one Postgres share the work through claimed rows and
// nothing else. These tests have real processes: this test binary is started
// again, with the address in one of these variables.
const (
	claimantEnv = "MAYDAY_STORE_TEST_CLAIMANT"
	writerEnv   = "MAYDAY_STORE_TEST_WRITER"
)

// claimant claims and finishes rows until none is due, and names each.
func claimant(address string) int {
	s, err := Open(context.Background(), Options{Postgres: address, Platforms: []string{"web"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	out := bufio.NewWriter(os.Stdout)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		wg.Go(func() {
			for {
				claims, err := s.Claim(context.Background(), []string{incident.WakeStep}, 25, time.Minute)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
				if err != nil || len(claims) == 0 {
					return
				}
				for _, c := range claims {
					if err := s.Done(context.Background(), c); err != nil {
						fmt.Fprintln(os.Stderr, err)
					}
					mu.Lock()
					fmt.Fprintln(out, c.Row)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(out.Flush(), s.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestFourProcessesShareTenThousandRows: each row is done, and by one of them.
func TestFourProcessesShareTenThousandRows(t *testing.T) {
	t.Parallel()
	const many, processes = 10_000, 4
	server := postgrestest.Shared(t)
	address := server.SuperuserDSN(server.Database(t))
	s := openOn(t, Options{Postgres: address})
	for from := 0; from < many; from += 500 { // one write has only so much time
		_, err := s.Do(t.Context(), incident.Target{}, func(v incident.View) (c incident.Change, err error) {
			for n := range 500 {
				c.Wakes = append(c.Wakes, incident.Wake{Kind: incident.WakeStep, Row: strconv.Itoa(from + n), Due: v.Now})
			}
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	seen, by := map[string]int{}, [processes]int{}
	var wg sync.WaitGroup
	for p := range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), claimantEnv+"="+address)
			var words strings.Builder
			cmd.Stderr = &words
			out, err := cmd.Output()
			if err != nil || words.Len() > 0 {
				t.Errorf("process %d: %v: %s", p, err, words.String())
			}
			rows := strings.Fields(string(out))
			mu.Lock()
			defer mu.Unlock()
			by[p] = len(rows)
			for _, row := range rows {
				seen[row]++
			}
		})
	}
	wg.Wait()
	for row, n := range seen {
		if n != 1 {
			t.Errorf("row %s was done %d times", row, n)
		}
	}
	t.Logf("rows by process: %v", by)
	if left := count(t, s, `SELECT count(*) FROM wake`); len(seen) != many || left != 0 {
		t.Errorf("%d rows were done and %d are left, want %d and none", len(seen), left, many)
	}
}

const shortLease = time.Second

// lateWriter claims the row that it is told and writes under its claim without
// end, keeping its lease, until it hears that the claim is lost.
func lateWriter(value string) int {
	address, row, _ := strings.Cut(value, " ")
	number, err := strconv.ParseInt(row, 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	s, err := Open(ctx, Options{Postgres: address, Platforms: []string{"web"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	claims, err := s.Claim(ctx, []string{"late-" + row}, 1, shortLease)
	if err != nil || len(claims) != 1 {
		fmt.Fprintln(os.Stderr, "claim:", claims, err)
		return 1
	}
	fmt.Println("held")
	c := claims[0]
	c.Keep = true
	for ; ; await(ctx, 10*time.Millisecond) {
		_, err := s.Do(ctx, incident.Target{Number: number, Claim: &c}, func(incident.View) (incident.Change, error) {
			return incident.Change{Entries: []incident.Entry{incident.NewEntry("late", "a write under the claim", &incident.Noted{})}}, nil
		})
		if err == nil {
			err = s.Renew(ctx, c, shortLease)
		}
		switch {
		case errors.Is(err, incident.ErrLost):
			fmt.Println("lost")
			return 0
		case err != nil && !fault.HasCode(err, "E26"): // its connection may have been cut off while it held a lock
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
}

// TestLateWritesAreRefused: a process is stopped in the middle of its work, for
// three leases or longer, and goes on. Another one has taken the row over
// meanwhile: nothing that the first writes after that is there (P15, I11). A
// process that was stopped while it held locks is cut off by the server.
func TestLateWritesAreRefused(t *testing.T) {
	t.Parallel()
	const databases, processes, rounds = 9, 4, 3 // 108 runs
	server := postgrestest.Start(t, "max_connections=300")
	var all sync.WaitGroup
	for range databases {
		address := server.SuperuserDSN(server.Database(t))
		s := openOn(t, Options{Postgres: address})
		for p := range processes {
			all.Go(func() {
				for round := range rounds {
					target, decide := opening(fmt.Sprintf("%d-%d", p, round))
					var i *incident.Incident
					insist(t, "open", func() (err error) { i, err = s.Do(t.Context(), target, decide); return err })
					if i == nil {
						return
					}
					insist(t, "wake", func() error { return wakeLate(t.Context(), s, i.Number) })
					late(t, s, address, i.Number)
				}
			})
		}
	}
	all.Wait()
}

// insist tries for as long as a fail-over may take (P15): the stopped processes
// may hold locks until the server cuts them off.
func insist(t *testing.T, what string, try func() error) {
	err := try()
	for deadline := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(deadline); err = try() {
		await(t.Context(), 50*time.Millisecond)
	}
	if err != nil {
		t.Errorf("%s: not within 30 s: %v", what, err)
	}
}

func lateKind(number int64) string { return "late-" + strconv.FormatInt(number, 10) }

func wakeLate(ctx context.Context, s *Store, number int64) error {
	_, err := s.Do(ctx, incident.Target{}, func(v incident.View) (incident.Change, error) {
		w := incident.Wake{Kind: lateKind(number), Row: strconv.FormatInt(number, 10), Due: v.Now}
		return incident.Change{Wakes: []incident.Wake{w}}, nil
	})
	return err
}

// late is one run.
func late(t *testing.T, s *Store, address string, number int64) {
	ctx, kind := t.Context(), lateKind(number)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+address+" "+strconv.FormatInt(number, 10))
	var words strings.Builder
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "held\n" {
		t.Errorf("%s: it said %q, %v: %s", kind, line, err, words.String())
		return
	}
	if err := stopInTheMiddle(ctx, s, cmd.Process, number); err != nil {
		t.Errorf("%s: stop it: %v", kind, err)
		return
	}
	stopped := time.Now()
	taken := takeOver(t, s, kind, number)
	await(ctx, time.Until(stopped.Add(3*shortLease)))
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Errorf("%s: let it go on: %v", kind, err)
		return
	}
	rest, _ := io.ReadAll(lines)
	if string(rest) != "lost\n" {
		t.Errorf("%s: it went on with %q: %s", kind, rest, words.String())
	}
	judge(t, s, taken, number)
}

// stopInTheMiddle stops a process while it writes: at some moment after its
// first write was seen.
func stopInTheMiddle(ctx context.Context, s *Store, p *os.Process, number int64) error {
	for {
		i, err := s.Incident(ctx, number)
		if err != nil {
			return err
		}
		if i.Seq > 4 {
			return p.Signal(syscall.SIGSTOP)
		}
		await(ctx, 5*time.Millisecond)
	}
}

// takeOver claims the row when the lease has run out, and writes its own entry.
func takeOver(t *testing.T, s *Store, kind string, number int64) incident.Claim {
	var c incident.Claim
	insist(t, "claim", func() error {
		claims, err := s.Claim(t.Context(), []string{kind}, 1, time.Minute)
		if err == nil && len(claims) != 1 {
			return errors.New("it is not due")
		}
		if err == nil {
			c = claims[0]
			c.Keep = true
		}
		return err
	})
	insist(t, "take over", func() error {
		_, err := s.Do(t.Context(), incident.Target{Number: number, Claim: &c}, func(incident.View) (incident.Change, error) {
			return incident.Change{Entries: []incident.Entry{incident.NewEntry("other", "taken over", &incident.Noted{})}}, nil
		})
		return err
	})
	return c
}

// judge looks at what is there: nothing by the late one after the other took over.
func judge(t *testing.T, s *Store, taken incident.Claim, number int64) {
	entries, err := s.Timeline(t.Context(), number, 3)
	if err != nil {
		t.Error(err)
		return
	}
	for n, e := range entries {
		if (e.Actor == "other") != (n == len(entries)-1) {
			t.Errorf("%s: entry %d of %d is by %q", taken.Kind, n+1, len(entries), e.Actor)
		}
	}
	if err := s.Renew(t.Context(), taken, time.Minute); err != nil {
		t.Errorf("%s: the one that took over has lost it: %v", taken.Kind, err)
	}
	if err := errors.Join(s.Verify(t.Context(), number), s.Recompute(t.Context(), number)); err != nil {
		t.Error(err)
	}
}

// await lets time pass, where time is what is tested.
func await(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
