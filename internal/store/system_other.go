//go:build !linux

package store

import (
	"errors"
	"os"
	"syscall"
)

// networkFilesystem cannot tell elsewhere; deploy/README names the rule.
func networkFilesystem(string) (kind string, remote bool) { return "", false }

// noticeSilence is left to keep-alives elsewhere.
func noticeSilence(_, _ string, _ syscall.RawConn) error { return nil }

// FreeBytes cannot tell elsewhere.
func FreeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }

// allocate writes what it takes elsewhere.
func allocate(f *os.File, size int64) error { return fill(f, size) }
