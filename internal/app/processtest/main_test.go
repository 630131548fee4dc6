package processtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mayday/internal/clustertest"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "processtest:", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "processtest-")
	if err != nil {
		return 0, fmt.Errorf("make directory for the binary: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "mayday")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "mayday").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("build mayday: %w\n%s", err, out)
	}
	return clustertest.Run(m, nil), nil
}
