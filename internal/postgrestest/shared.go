package postgrestest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the one server of a test process. It starts with the first test
// that asks, so that a run which needs none pays nothing.
var shared struct {
	sync.Mutex
	running bool // Run is on the stack and will stop the server
	server  *Server
	err     error
}

// Run is the body of a TestMain: it runs the tests (with run, else with m.Run)
// and then stops the server that Shared started. A server that cannot be
// stopped makes the result a failure.
func Run(m *testing.M, run func() int) int {
	if run == nil {
		run = m.Run
	}
	shared.Lock()
	shared.running = true
	shared.Unlock()

	code := run()

	shared.Lock()
	defer shared.Unlock()
	shared.running = false
	if shared.server == nil {
		return code
	}
	if err := shared.server.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stop postgres: %v\n", err)
		code = max(code, 1)
	}
	shared.server = nil
	return code
}

// Shared is the server of this test process. Roles are common to all its
// databases, so tests that run in parallel give them different names.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("postgrestest.Shared needs TestMain to call postgrestest.Run, which stops the server")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start(nil)
	}
	if shared.err != nil {
		tb.Fatalf("start postgres: %v", shared.err)
	}
	return shared.server
}
