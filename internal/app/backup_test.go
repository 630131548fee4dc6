package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/config"
	"mayday/internal/fault"
)

// newCopying makes copies of a few words.
func newCopying(t *testing.T) copier {
	t.Helper()
	c := newCopier(t.TempDir(), func(_ context.Context, path string) error { return os.WriteFile(path, []byte("copy"), 0o600) })
	for name, size := range map[string]int64{"mayday.db": 3 << 20, "mayday.db-wal": 1 << 20, "ballast": 50 << 20} {
		f, err := os.Create(filepath.Join(c.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// left are the names in a directory that are no part of newCopying.
func left(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "mayday.db") && e.Name() != "ballast" {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}

// TestBackupNeedsRoom for the database and what is not in it yet, and leaves what
// steps need.
func TestBackupNeedsRoom(t *testing.T) {
	const needed = 104 << 20
	for name, c := range map[string]struct {
		free uint64
		err  error
		ok   bool
	}{
		"enough": {free: needed, ok: true}, "a byte too little": {free: needed - 1}, "nothing": {}, "nobody can tell": {err: errors.New("no such call"), ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			copies := newCopying(t)
			copies.free = func(dir string) (uint64, error) {
				if dir != copies.dir {
					t.Errorf("asked for the room in %s", dir)
				}
				return c.free, c.err
			}
			from, size, err := copies.take(t.Context())
			if (err == nil) != c.ok || !c.ok && (!fault.HasCode(err, "E26") || !strings.Contains(err.Error(), "needs 104")) {
				t.Fatalf("got %v", err)
			}
			if got := left(t, copies.dir); got != "" {
				t.Errorf("left %s", got)
			}
			if !c.ok {
				return
			}
			raw, err := io.ReadAll(from)
			if err = errors.Join(err, from.Close()); err != nil || string(raw) != "copy" || size != 4 {
				t.Errorf("read %q of %d: %v", raw, size, err)
			}
		})
	}
}

// TestBackupThatFailsLeavesNothing, be it that the disk fills or that whoever
// wanted it hangs up.
func TestBackupThatFailsLeavesNothing(t *testing.T) {
	c := newCopying(t)
	c.write = func(ctx context.Context, path string) error {
		return errors.Join(os.WriteFile(path, []byte("half"), 0o600), ctx.Err(), errors.New("no space left"))
	}
	if _, _, err := c.take(t.Context()); err == nil {
		t.Error("half a copy is given out")
	}
	c.turn <- struct{}{} // another one is being made
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, _, err := c.take(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("beside another one: %v", err)
	}
	if got := left(t, c.dir); got != "" {
		t.Errorf("left %s", got)
	}
}

// TestBackupOfAnEarlierProcess that was killed is removed at the start, and
// nothing that somebody keeps there.
func TestBackupOfAnEarlierProcess(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	for _, name := range []string{unfinished + "1", unfinished + "4294967295", "backup-20260310", "backups"} {
		if err := os.MkdirAll(filepath.Join(data, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, name, "mayday.db"), []byte("copy"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte("web: {listen: '127.0.0.1:0'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(t.Context(), Options{File: file, Data: data, Log: io.Discard, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(); err != nil {
			t.Error(err)
		}
	})
	found, err := filepath.Glob(filepath.Join(data, "backup*"))
	if err != nil || len(found) != 2 || filepath.Base(found[0]) != "backup-20260310" || filepath.Base(found[1]) != "backups" {
		t.Errorf("left %v, %v", found, err)
	}
}
