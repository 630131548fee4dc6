package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	readyWithin = 60 * time.Second // a cold disk under a parallel test run is slow
	pollEvery   = 20 * time.Millisecond
	portTries   = 5 // another process may take the free port before we do
)

// defaults make the server fast and small. Data is thrown away with the test,
// so nothing has to survive a crash of the machine.
var defaults = []string{
	"listen_addresses=127.0.0.1",
	"unix_socket_directories=", // loopback only; socket paths have a length limit
	"max_connections=100",
	"shared_buffers=16MB",
	"fsync=off",
	"synchronous_commit=off",
	"full_page_writes=off",
	"autovacuum=off",
	"max_wal_senders=4",
	"dynamic_shared_memory_type=mmap", // keeps /dev/shm clean even after SIGKILL
	"logging_collector=off",
	"timezone=UTC",
	"log_timezone=UTC",
}

// errPortTaken is the one failure of a start that another try can cure.
var errPortTaken = errors.New("port is taken")

func start(settings []string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	as, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgrestest-")
	if err != nil {
		return nil, fmt.Errorf("make server directory: %w", err)
	}
	s := &Server{dir: dir, password: rand.Text()}
	if err := s.launch(bin, as, settings); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *Server) launch(bin string, as *account, settings []string) error {
	if err := as.own(s.dir); err != nil {
		return err
	}
	if err := s.initdb(bin, as); err != nil {
		return err
	}
	s.again = func(port int) error { return s.serve(bin, as, settings, port) }
	var err error
	for range portTries {
		port, portErr := freePort()
		if portErr != nil {
			return portErr
		}
		if err = s.again(port); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }
func (s *Server) log() string  { return filepath.Join(s.dir, "log") }

func (s *Server) initdb(bin string, as *account) error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.password), 0o600); err != nil {
		return fmt.Errorf("write password file: %w", err)
	}
	if err := as.own(secret); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "-D", s.data(), "-U", Superuser,
		"--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	as.apply(cmd, s.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initialise the database: %w\n%s", err, out)
	}
	return nil
}

// serve starts the server on a port and waits until it answers.
func (s *Server) serve(bin string, as *account, settings []string, port int) error {
	args := []string{"-D", s.data(), "-p", fmt.Sprint(port)}
	for _, setting := range append(defaults[:len(defaults):len(defaults)], settings...) {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	as.apply(cmd, s.dir)
	log, err := os.Create(s.log())
	if err != nil {
		return fmt.Errorf("make server log: %w", err)
	}
	defer log.Close() // the server has its own handle
	cmd.Stdout, cmd.Stderr = log, log
	s.port = port
	if s.proc, err = launch(cmd); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	return s.waitReady()
}

func (s *Server) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	db, err := sql.Open("pgx", s.SuperuserDSN("postgres"))
	if err != nil {
		return fmt.Errorf("open postgres: %w", err)
	}
	defer db.Close()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if db.PingContext(ctx) == nil {
			return nil
		}
		select {
		case <-s.proc.done:
			return s.explainExit()
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s\n%s", readyWithin, s.logText())
		case <-tick.C:
		}
	}
}

func (s *Server) explainExit() error {
	text := s.logText()
	if strings.Contains(text, "could not bind") || strings.Contains(text, "could not create any TCP/IP sockets") {
		return fmt.Errorf("%w\n%s", errPortTaken, text)
	}
	return fmt.Errorf("the server ended at once\n%s", text)
}

func (s *Server) logText() string {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop ends the server and removes its directory. It may be called twice.
func (s *Server) stop() error {
	s.stopOnce.Do(func() {
		var stopErr error
		if s.proc != nil {
			stopErr = s.proc.stop()
		}
		s.stopErr = errors.Join(stopErr, os.RemoveAll(s.dir))
	})
	return s.stopErr
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
