package postgrestest

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
		return
	}
	os.Exit(Run(m, nil))
}

func TestSharedServerIsOneAndReal(t *testing.T) {
	a, b := Shared(t), Shared(t)
	if a != b {
		t.Error("got two shared servers, want one")
	}
	var version string
	if err := a.Superuser(t).QueryRow("SELECT version()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version, "PostgreSQL ") {
		t.Errorf("got version %q, want a PostgreSQL", version)
	}
}

func TestSettingsOverrideTheDefaults(t *testing.T) {
	s := Start(t, "fsync=on", "max_connections=17")
	for name, want := range map[string]string{"fsync": "on", "max_connections": "17", "full_page_writes": "off"} {
		var got string
		if err := s.Superuser(t).QueryRow("SHOW " + name).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestServerIsGoneAfterTheTest(t *testing.T) {
	var dir string
	var port int
	t.Run("inner", func(t *testing.T) {
		s := Start(t)
		dir, port = s.dir, s.port
		if err := dial(port); err != nil {
			t.Fatalf("server does not answer: %v", err)
		}
	})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("stat of %s: got %v, want that it does not exist", dir, err)
	}
	if dial(port) == nil {
		t.Errorf("port %d still answers", port)
	}
}

func TestBadSettingSaysWhy(t *testing.T) {
	_, err := start([]string{"no_such_setting=1"})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("got error %v, want one that names the setting", err)
	}
}

func TestRoleHasOnlyItsGrants(t *testing.T) {
	s := Shared(t)
	s.Exec(t, "postgres", "CREATE TABLE open_table (id int)", "CREATE TABLE closed_table (id int)")
	t.Cleanup(func() { s.Exec(t, "postgres", "DROP TABLE open_table, closed_table") })
	password := s.CreateRole(t, "reader", "SELECT ON open_table")
	db := s.Open(t, s.DSN("postgres", "reader", password))

	if _, err := db.Exec("SELECT FROM open_table"); err != nil {
		t.Errorf("granted: got %v, want no error", err)
	}
	_, err := db.Exec("SELECT FROM closed_table")
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42501" {
		t.Errorf("not granted: got %v, want SQLSTATE 42501", err)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	s := Shared(t)
	s.CreateRole(t, "guarded")
	conn, err := pgconn.Connect(t.Context(), s.DSN("postgres", "guarded", "wrong"))
	if err == nil {
		_ = conn.Close(context.Background())
		t.Fatal("got a connection, want a refusal")
	}
}

func TestDatabaseAndRoleAreDropped(t *testing.T) {
	s := Shared(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		name = s.Database(t)
		password := s.CreateRole(t, "owner")
		s.Exec(t, name, `GRANT CREATE ON SCHEMA public TO owner`)
		if _, err := s.Open(t, s.DSN(name, "owner", password)).Exec("CREATE TABLE mine (id int)"); err != nil {
			t.Fatal(err)
		}
	})
	var left int
	query := "SELECT (SELECT count(*) FROM pg_database WHERE datname = $1) + (SELECT count(*) FROM pg_roles WHERE rolname = 'owner')"
	if err := s.Superuser(t).QueryRow(query, name).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("got %d objects left, want 0", left)
	}
}

// victimEnv makes the test binary a process that starts a server and is killed.
const victimEnv = "POSTGRESTEST_VICTIM"

func victim() {
	s, err := start(nil)
	if err != nil {
		println("error", err.Error())
		return
	}
	os.Stdout.WriteString(strconv.Itoa(s.port) + " " + s.dir + "\n")
	select {}
}

func TestServerDiesWithAKilledTestProcess(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"=1", "TMPDIR="+reachableDir(t))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 512)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatalf("read the victim's port: %v", err)
	}
	fields := strings.Fields(string(buf[:n]))
	port, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := dial(port); err != nil {
		t.Fatalf("server does not answer: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as intended

	awaitSilence(t, port)
}

// reachableDir is removed by the test, because a killed process cannot.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postgrestest-victim-") //nolint:usetesting // the server's user may not enter TempDir
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func awaitSilence(t *testing.T, port int) {
	t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	for dial(port) == nil {
		select {
		case <-deadline.C:
			t.Fatalf("server on port %d outlived its test process", port)
		case <-tick.C:
		}
	}
}

func dial(port int) error {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

func TestACrashLosesNothingThatWasCommitted(t *testing.T) {
	s := Start(t, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	s.Exec(t, "postgres", "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)")
	port := s.Port()
	s.Crash(t)
	if dial(port) == nil {
		t.Error("it answers after a crash")
	}
	s.Restart(t)
	var n int
	if err := s.Superuser(t).QueryRow("SELECT count(*) FROM kept").Scan(&n); err != nil || n != 1 || s.Port() != port {
		t.Errorf("after a restart on port %d: got %d rows, %v", s.Port(), n, err)
	}
}
