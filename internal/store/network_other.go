//go:build !linux

package store

import "syscall"

// networkFilesystem cannot tell elsewhere; deploy/README names the rule.
func networkFilesystem(string) (kind string, remote bool) { return "", false }

// noticeSilence is left to keep-alives elsewhere.
func noticeSilence(_, _ string, _ syscall.RawConn) error { return nil }
