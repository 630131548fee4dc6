package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir, nil)
	_, err := Open(t.Context(), Options{Dir: dir})
	if !fault.HasCode(err, "E26") || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("got %v, want E26 that names the process", err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	openIn(t, dir, nil)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheAuditKeyStays(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, nil)
	key := s.key
	if len(key) != 32 || bytes.Equal(key, make([]byte, 32)) {
		t.Fatalf("got a key of %d bytes: %x", len(key), key)
	}
	again, err := keyFile(filepath.Join(dir, keyName))
	if err != nil || !bytes.Equal(again, key) {
		t.Errorf("got another key, %v", err)
	}
	short := filepath.Join(t.TempDir(), keyName)
	if err := os.WriteFile(short, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyFile(short); !fault.HasCode(err, "E26") {
		t.Errorf("damaged key: got %v, want E26", err)
	}
}

func TestABadDirectoryIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "below")} {
		if _, err := Open(t.Context(), Options{Dir: dir}); fault.Of(err).Kind == fault.Internal {
			t.Errorf("%q: got %v, want a fault", dir, err)
		}
	}
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseName), bytes.Repeat([]byte("no"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !fault.HasCode(err, "E26") {
		t.Errorf("got %v, want E26", err)
	}
}

// clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// abandon leaves a store as a killed process does.
func abandon(t *testing.T, s *Store) {
	t.Helper()
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
}

func TestAway(t *testing.T) {
	c := &clock{now: time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	open := func() *Store {
		t.Helper()
		s, err := Open(t.Context(), Options{Dir: dir, Clock: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if s.away != (incident.Away{}) {
		t.Errorf("first start: got away %v", s.away)
	}
	if err := s.Alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := c.Now()
	c.advance(time.Minute)
	abandon(t, s)

	c.advance(10 * time.Minute)
	s = open()
	if want := (incident.Away{From: last, To: c.Now()}); s.away != want {
		t.Errorf("after a kill: got away %v, want %v", s.away, want)
	}
	c.advance(time.Minute)
	stopped := c.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	c.advance(time.Hour)
	s = openIn(t, dir, c.Now)
	want := incident.Away{From: stopped, To: c.Now()}
	c.advance(time.Hour)
	var seen incident.Away
	_, err := s.Do(t.Context(), incident.Target{}, func(v incident.View) (incident.Change, error) { seen = v.Away; return incident.Change{}, nil })
	if err != nil || seen != want {
		t.Errorf("after a clean stop: a decision sees %v, %v, want %v", seen, err, want)
	}
}

func TestAnUncleanStopIsChecked(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		if _, err := s.Receive(t.Context(), "pager", fmt.Sprint(n), make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
	}
	abandon(t, s)
	damagePages(t, filepath.Join(dir, databaseName))
	s = openIn(t, dir, nil)
	s.checked.Wait()
	if s.damage.Load() == nil {
		t.Fatal("a damaged file was found sound")
	}
	if err := s.Writable(t.Context()); !fault.HasCode(err, "E26") {
		t.Errorf("writable: got %v, want E26", err)
	}
}

// damagePages overwrites pages of bodies far behind the schema.
func damagePages(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 16*4096), info.Size()/2/4096*4096); err != nil {
		t.Fatal(err)
	}
}

func TestTamperingIsFound(t *testing.T) {
	for name, tamper := range map[string]string{
		"an edit":          `UPDATE entry SET text = 'nothing happened' WHERE seq = 2`,
		"another time":     `UPDATE entry SET at = at + 1 WHERE seq = 2`,
		"another meaning":  `UPDATE entry SET body = '{"why":"x"}' WHERE seq = 2`,
		"a gap":            `DELETE FROM entry WHERE seq = 2`,
		"a missing tail":   `DELETE FROM entry WHERE seq = 3`,
		"a missing life":   `DELETE FROM entry`,
		"a forged seal":    `UPDATE entry SET hmac = prev_hmac WHERE seq = 2`,
		"no refs for none": `UPDATE entry SET refs = '[]' WHERE seq = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openTemp(t)
			target, decide := opening("P1")
			if _, err := s.Do(t.Context(), target, decide); err != nil {
				t.Fatal(err)
			}
			if err := force(t, s, tamper); err == nil {
				t.Error("the timeline can be changed without dropping its guards")
			}
			for _, statement := range []string{`DROP TRIGGER entry_stays`, `DROP TRIGGER entry_remains`, tamper} {
				if err := force(t, s, statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Verify(t.Context(), 1); err == nil {
				t.Error("it was not found")
			}
		})
	}
}

func TestAWrongCacheIsFound(t *testing.T) {
	for _, wrong := range []string{
		`UPDATE incident SET snapshot = replace(snapshot, 'SEV2', 'SEV3')`,
		`UPDATE incident SET state = 'resolved'`,
		`INSERT INTO step (id, incident, run, state, seq, snapshot) VALUES ('s1', 1, '', 'PROPOSED', 1, '{}')`,
	} {
		s := openTemp(t)
		target, decide := opening("P1")
		if _, err := s.Do(t.Context(), target, decide); err != nil {
			t.Fatal(err)
		}
		if err := force(t, s, wrong); err != nil {
			t.Fatal(err)
		}
		if err := s.Recompute(t.Context(), 1); err == nil {
			t.Errorf("not found: %s", wrong)
		}
	}
}

func force(t *testing.T, s *Store, statement string) error {
	t.Helper()
	return s.write(t.Context(), func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, statement)
		return err
	})
}

func TestBackup(t *testing.T) {
	s := openTemp(t)
	target, decide := opening("P1")
	if _, err := s.Do(t.Context(), target, decide); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, databaseName)
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := s.Backup(t.Context(), path); err == nil {
		t.Error("a backup was overwritten")
	}
	if err := os.WriteFile(filepath.Join(dir, keyName), s.key, 0o600); err != nil {
		t.Fatal(err)
	}
	restored := openIn(t, dir, nil)
	if err := restored.Verify(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := restored.Recompute(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestTheFeedIsCut(t *testing.T) {
	s := openTemp(t)
	err := s.write(t.Context(), func(ctx context.Context, t *tx) error {
		for range feedRows + 2*feedCut {
			t.feed("INC-1", "entry", "1")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := count(t, s, `SELECT count(*) FROM feed`); got != feedRows {
		t.Errorf("got %d rows, want %d", got, feedRows)
	}
	if got := count(t, s, `SELECT max(id) FROM feed`); got != feedRows+2*feedCut {
		t.Errorf("got newest %d, want %d", got, feedRows+2*feedCut)
	}
}
