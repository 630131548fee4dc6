package postgrestest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// errNotInstalled tells what to do; a missing server never skips a test.
var errNotInstalled = errors.New("the Postgres server is not installed: `make test` installs it (Debian: apt-get install postgresql)")

// binaries finds the directory that holds initdb and postgres. Distributions
// keep them out of PATH, so pg_config and Debian's place are asked as well.
func binaries() (string, error) {
	candidates := debianDirs()
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		candidates = append([]string{strings.TrimSpace(string(out))}, candidates...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, dir := range candidates {
		if isFile(filepath.Join(dir, "initdb")) && isFile(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errNotInstalled
}

// debianDirs lists the newest major version first.
func debianDirs() []string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(dirs, func(a, b string) int { return major(b) - major(a) })
	return dirs
}

func major(bindir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bindir))) // 0 for what is no version: last
	return n
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
