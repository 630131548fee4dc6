package postgrestest

import (
	"syscall"
	"testing"
	"time"
)

// Crash ends the server as `pg_ctl stop -m immediate` does: nothing is written
// any more, connections are cut. It returns when the server is gone.
func (s *Server) Crash(tb testing.TB) {
	tb.Helper()
	if err := s.proc.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		tb.Fatalf("crash postgres: %v", err)
	}
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case <-s.proc.done:
	case <-limit.C:
		tb.Fatal("postgres did not end within 10 s of SIGQUIT")
	}
}

// Restart starts a server that crashed, on the same port and data, and returns
// when it has recovered.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.again(s.port); err != nil {
		tb.Fatalf("start postgres again: %v", err)
	}
}
