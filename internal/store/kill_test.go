package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// childDir names the directory of a process that writes until it is killed.
const childDir = "MAYDAY_STORE_TEST_CHILD"

const (
	killRounds  = 5
	killWriters = 32
)

// child receives without end and says so after each: what it said is promised.
func child(dir string) int {
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				if _, err := s.Receive(context.Background(), "pager", id, []byte("body of "+id)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				_, _ = os.Stdout.WriteString(id + "\n")
			}
		})
	}
	wg.Wait()
	return 1
}

// TestKilledWhileReceiving is P1: what was acknowledged is there, once, when the
// process is killed at any moment. That each commit is synced before it is
// acknowledged follows from synchronous=FULL, which TestPragmas proves.
func TestKilledWhileReceiving(t *testing.T) {
	dir := t.TempDir()
	promised := map[string]bool{}
	for round := range killRounds {
		for _, id := range receiveAndDie(t, dir, 200+150*round) {
			promised[id] = true
		}
	}
	s := openIn(t, dir, nil)
	s.checked.Wait()
	if damage := s.damage.Load(); damage != nil {
		t.Errorf("storage after %d kills: %v", killRounds, *damage)
	}
	rows, err := s.readers.QueryContext(t.Context(), `SELECT event_id, body, count(*) FROM inbox GROUP BY event_id, body`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, body string
		var n int
		if err := rows.Scan(&id, &body, &n); err != nil {
			t.Fatal(err)
		}
		if n != 1 || body != "body of "+id {
			t.Errorf("%s is there %d times with body %q", id, n, body)
		}
		delete(promised, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(promised) > 0 {
		t.Errorf("%d acknowledged bodies are missing", len(promised))
	}
}

// receiveAndDie runs a child until it acknowledged so many bodies, kills it and
// answers all that it had acknowledged by then.
func receiveAndDie(t *testing.T, dir string, enough int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a half line was not said
		}
		if ids = append(ids, strings.TrimSpace(line)); len(ids) == enough {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // killed: its error says so
	if len(ids) < enough {
		t.Fatalf("the child acknowledged %d bodies, want %d: %s", len(ids), enough, complaints.String())
	}
	return ids
}
