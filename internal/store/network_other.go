//go:build !linux

package store

// networkFilesystem cannot tell elsewhere; deploy/README names the rule.
func networkFilesystem(string) (kind string, remote bool) { return "", false }
