package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/internal/fault"
	"mayday/internal/postgrestest"
)

func TestRestore(t *testing.T) {
	s := openTemp(t)
	target, decide := opening("P1")
	if _, err := s.Do(t.Context(), target, decide); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	restore := func(from, dir string) (kept string, err error) {
		_, kept, err = Restore(t.Context(), dir, from, true)
		return kept, err
	}
	if _, err := restore(copied, s.dir); !fault.HasCode(err, "E26") {
		t.Errorf("into a directory that is used: got %v, want E26", err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := restore(copied, dir); !fault.HasCode(err, "E24") || !strings.Contains(err.Error(), keyName) {
		t.Errorf("without the key: got %v, want E24 that names it", err)
	}
	if err := os.WriteFile(filepath.Join(dir, keyName), s.key, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.db")
	text, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"a half copy": text[:len(text)/2], "no database": []byte("no"), "nothing": nil,
		"a damaged one": append(bytes.Clone(text[:len(text)/2/4096*4096]), bytes.Repeat([]byte{0xff}, len(text)-len(text)/2/4096*4096)...),
	} {
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := restore(bad, dir); !fault.HasCode(err, "E24") {
			t.Errorf("%s: got %v, want E24", name, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("bad copies left %v, %v, want the key and the lock", files, err)
	}
	if kept, err := restore(copied, dir); err != nil || kept != "" {
		t.Fatal(kept, err)
	}
	restored, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.Verify(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := restored.Recompute(t.Context(), 1); err != nil {
		t.Error(err)
	}
	abandon(t, restored)
	kept, err := restore(copied, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(kept, databaseName)); err != nil {
		t.Errorf("the database that was there is not kept: %v", err)
	}
}

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	if found := Examine(t.Context(), Options{Dir: dir}, true); len(found) != 0 {
		t.Errorf("nothing is there: got %v", found)
	}
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		if _, err := s.Receive(t.Context(), "pager", string(rune('a'+n)), make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
	}
	if found := Examine(t.Context(), Options{Dir: dir}, true); len(found) != 1 || !found[0].OK {
		t.Errorf("while it is used: got %v, want that it is whole", found)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damagePages(t, filepath.Join(dir, databaseName))
	if found := Examine(t.Context(), Options{Dir: dir}, true); len(found) != 1 || found[0].OK || found[0].Fix == "" {
		t.Errorf("with damaged pages: got %v, want what to do", found)
	}
	if found := Examine(t.Context(), Options{Dir: dir}, false); len(found) != 0 {
		t.Errorf("in a hurry: got %v", found)
	}
}

func TestExaminePostgres(t *testing.T) {
	server := postgrestest.Start(t, "full_page_writes=on")
	name := server.Database(t)
	password := server.CreateRole(t, "mayday")
	found := Examine(t.Context(), Options{Postgres: server.DSN(name, "mayday", password)}, true)
	if len(found) != 2 || !found[0].OK || !strings.Contains(found[0].Text, "as mayday") || !strings.Contains(found[1].Text, "fsync is off") {
		t.Errorf("got %v, want what it is, and that fsync is off", found)
	}
	if found := Examine(t.Context(), Options{Postgres: server.SuperuserDSN(name)}, true); len(found) != 3 || !strings.Contains(found[1].Text, "superuser") {
		t.Errorf("as a superuser: got %v, want that it is said", found)
	}
	wrong := Examine(t.Context(), Options{Postgres: server.DSN(name, "mayday", "hunter2")}, true)
	if len(wrong) != 1 || wrong[0].OK || strings.Contains(wrong[0].Text, "hunter2") {
		t.Errorf("with a wrong password: got %v", wrong)
	}
}

// TestARoleOfItsOwn: the store needs its database and no other right.
func TestARoleOfItsOwn(t *testing.T) {
	server := postgrestest.Shared(t)
	name := server.Database(t)
	password := server.CreateRole(t, "mayday_own")
	server.Exec(t, name, `GRANT CREATE, USAGE ON SCHEMA public TO mayday_own`)
	s := openOn(t, Options{Postgres: server.DSN(name, "mayday_own", password)})
	lived(t, s)
	if err := s.Verify(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "x")); !fault.HasCode(err, "E24") {
		t.Errorf("a backup: got %v, want that Postgres has its own", err)
	}
	if feed, err := s.Feed(t.Context(), 0, 10); err != nil || len(feed) == 0 {
		t.Errorf("feed: got %v, %v", feed, err)
	}
}
