package store

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"mayday/internal/postgrestest"
)

func TestMain(m *testing.M) {
	for variable, run := range map[string]func(string) int{childDir: child, claimantEnv: claimant, writerEnv: lateWriter} {
		if value := os.Getenv(variable); value != "" {
			os.Exit(run(value))
		}
	}
	os.Exit(postgrestest.Run(m, func() int { return leakFree(m.Run()) }))
}

// leakFree looks for goroutines that nobody waited for. The server of the tests
// still runs, with the two that belong to it.
func leakFree(code int) int {
	if code != 0 {
		return code
	}
	err := goleak.Find(goleak.IgnoreAnyFunction("mayday/internal/postgrestest.launch.func1"), goleak.IgnoreTopFunction("os/exec.(*Cmd).watchCtx.func1"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
