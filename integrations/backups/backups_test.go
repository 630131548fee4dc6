package backups

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

func partsOf(t *testing.T, yaml string) (integrations.Parts, error) {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte("connect:\n  backups:\n    "+yaml+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Integration.New(f.Section("connect", "backups"), slog.New(slog.DiscardHandler))
}

func connected(t *testing.T, yaml string) integrations.Parts {
	t.Helper()
	parts, err := partsOf(t, yaml)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func write(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// age asks for one connection; "?" is cannot tell, "-" not known at all.
func age(t *testing.T, parts integrations.Parts, name string) string {
	t.Helper()
	at, known := parts.Backups(t.Context(), name)
	switch {
	case !known:
		return "-"
	case at.IsZero():
		return "?"
	}
	return fmt.Sprintf("%.0fh", time.Since(at).Hours())
}

func TestNewestFileThatIsWholeCounts(t *testing.T) {
	dir := t.TempDir()
	parts := connected(t, "shop: {file: "+dir+"/shop-*.dump, least: 5}")
	want := func(step, want string) {
		t.Helper()
		if got := age(t, parts, "shop"); got != want {
			t.Errorf("%s: got %s, want %s", step, got, want)
		}
	}
	want("no file", "?")
	write(t, dir+"/shop-1.dump", "12", time.Hour)
	want("too small", "?")
	write(t, dir+"/shop-2.dump", "123456", 30*time.Hour)
	want("one", "30h")
	write(t, dir+"/shop-3.dump", "123456", 2*time.Hour)
	write(t, dir+"/other.dump", "123456", time.Hour)
	if err := os.Mkdir(dir+"/shop-4.dump", 0o700); err != nil {
		t.Fatal(err)
	}
	want("the newest", "2h")
	write(t, dir+"/shop-5.dump", "123456", 0)
	want("one that is being written does not count", "2h")
	write(t, dir+"/shop-6.dump", "123456", -time.Hour)
	want("one of the future is not believed, nor what is beside it", "?")
	if got := age(t, parts, "stock"); got != "-" {
		t.Errorf("got %s for what is not configured, want that it is not known", got)
	}
}

func TestPgBackRestIsAskedForTheNewestGoodBackup(t *testing.T) {
	raw, err := os.ReadFile("testdata/info.json")
	if err != nil {
		t.Fatal(err)
	}
	good := time.Unix(1795606007, 0)
	two := strings.TrimSuffix(strings.TrimSpace(string(raw)), "]") + `,{"name":"other","backup":[]}]`
	for _, tc := range []struct {
		name, raw, stanza, words string
	}{
		{"by its name", string(raw), "main", ""},
		{"the only one", string(raw), "", ""},
		{"of several", two, "main", ""},
		{"of several, without a name", two, "", "knows 2 stanzas"},
		{"without a backup", two, "other", "no good backup"},
		{"unknown", two, "none", "does not know the stanza none"},
		{"as it says missing", `[{"archive":[],"backup":[],"name":"none","status":{"code":1,"message":"missing stanza path"}}]`, "none", "no good backup"},
		{"nothing", `[]`, "", "knows 0 stanzas"},
		{"no JSON", `ERROR: [055]`, "main", "cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := newest([]byte(tc.raw), tc.stanza)
			if tc.words == "" && (err != nil || !got.Equal(good)) {
				t.Errorf("got %s, %v, want %s", got, err, good)
			}
			if tc.words != "" && (err == nil || !strings.Contains(err.Error(), tc.words)) {
				t.Errorf("got %s, %v, want %q", got, err, tc.words)
			}
		})
	}
}

// program is a script in the place of pgBackRest.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pgbackrest")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func info(stop time.Time) string {
	return fmt.Sprintf(`[{"name":"main","backup":[{"error":false,"timestamp":{"start":%d,"stop":%d}}]}]`, stop.Unix()-4, stop.Unix())
}

func TestProgramAndFileSayTheSame(t *testing.T) {
	t.Setenv("CANARY", "secret")
	said := info(time.Now().Add(-5 * time.Hour))
	file := filepath.Join(t.TempDir(), "info.json")
	write(t, file, said, 0)
	asked := `[ "$*" = "info --output=json --stanza=main" ] && [ -z "$CANARY" ] && echo '` + said + `'`
	parts := connected(t, "a: {pgbackrest: {program: "+program(t, asked)+", stanza: main}}\n    b: {pgbackrest: {file: "+file+", stanza: main}}")
	for _, name := range []string{"a", "b"} {
		if got := age(t, parts, name); got != "5h" {
			t.Errorf("%s: got %s, want 5h", name, got)
		}
	}
	for _, f := range parts.Checker.Check(t.Context()) {
		if !f.OK || !strings.Contains(f.Text, "5 h ago (pgBackRest, stanza main)") {
			t.Errorf("got %+v", f)
		}
	}
}

func TestProgramThatFailsIsNoBackup(t *testing.T) {
	said := info(time.Now())
	for name, text := range map[string]string{
		"an error after an answer": "echo '" + said + "'; exit 1",
		"too much":                 "head -c 9000000 /dev/zero",
		"the future":               "echo '" + info(time.Now().Add(time.Hour)) + "'",
	} {
		parts := connected(t, "a: {pgbackrest: {program: "+program(t, text)+"}}")
		if got := age(t, parts, "a"); got != "?" {
			t.Errorf("%s: got %s, want that nobody can tell", name, got)
		}
		if f := parts.Checker.Check(t.Context()); f[0].OK || f[0].Fix == "" {
			t.Errorf("%s: got %+v, want that doctor objects", name, f)
		}
	}
	parts := connected(t, "a: {pgbackrest: {program: /nowhere/pgbackrest}}")
	if got := age(t, parts, "a"); got != "?" {
		t.Errorf("got %s for a program that is not there", got)
	}
	slow := connected(t, "a: {pgbackrest: {program: "+program(t, "exec sleep 600")+"}}")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if at, known := slow.Backups(ctx, "a"); !at.IsZero() || !known || time.Since(began) > 20*time.Second {
		t.Errorf("got %s, %v after %s", at, known, time.Since(began))
	}
}

func TestSettingsAreStrict(t *testing.T) {
	for _, tc := range []struct{ yaml, words string }{
		{"a: {}", "has one of pgbackrest"},
		{"a: {file: /x, pgbackrest: {program: /usr/bin/pgbackrest}}", "has one of pgbackrest"},
		{"a: {file: x.dump}", "whole path"},
		{"a: {file: '/x/[.dump'}", "whole path"},
		{"a: {file: /x, least: -1}", "least"},
		{"a: {pgbackrest: {}}", "has one of program"},
		{"a: {pgbackrest: {program: pgbackrest}}", "whole paths"},
		{"a: {pgbackrest: {program: /usr/bin/../bin/x}}", "whole paths"},
		{"a: {pgbackrest: {program: /bin/bash}}", "runs whatever"},
		{"a: {pgbackrest: {program: /usr/bin/python3.11}}", "runs whatever"},
		{"a: {pgbackrest: {program: /usr/bin/pgbackrest, stanza: '-x'}}", "stanza"},
		{"a: {fil: /x}", "fil"},
		{"'a b': {file: /x}", "name has letters"},
	} {
		if _, err := partsOf(t, tc.yaml); err == nil || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: got %v, want %q", tc.yaml, err, tc.words)
		}
	}
	if parts, err := Integration.New(config.Section{}, nil); err != nil || parts.Backups != nil {
		t.Errorf("got %+v, %v, want nothing", parts, err)
	}
}
