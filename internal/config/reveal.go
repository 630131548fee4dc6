package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// maxSecretBytes is far above any token and key, and far below a mistake like
	// file:/dev/zero.
	maxSecretBytes = 64 << 10
	// unsettled is how old a file must be before its times can be trusted: two
	// writes within one tick of the file system's clock look alike.
	unsettled = 2 * time.Second
)

// source is where a secret comes from. Copies of a Secret share it.
type source struct {
	ref  string
	read func() (string, error)
	tell func(value string)

	mu   sync.Mutex
	last string
}

// Reveal reads the value: the environment variable as it is now, or the file, read
// again when it has changed. Keep the result as short as you can.
func (s Secret) Reveal() (string, error) {
	if s.src == nil {
		return "", errors.New("read secret: it is not set")
	}
	value, err := s.src.read()
	if err != nil {
		return "", fmt.Errorf("read secret %s: %w", s.src.ref, err)
	}
	s.src.announce(value)
	return value, nil
}

func (s *source) announce(value string) {
	if s.tell == nil {
		return
	}
	s.mu.Lock()
	fresh := s.last != value
	s.last = value
	s.mu.Unlock()
	if fresh {
		s.tell(value)
	}
}

func readEnv(name string) (string, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", errors.New("the environment variable is not set")
	}
	if value = trimNewline(value); value == "" {
		return "", errors.New("the environment variable is empty")
	}
	return value, nil
}

// fileSource re-reads a file when its identity, size or time has changed.
type fileSource struct {
	path string

	mu    sync.Mutex
	seen  os.FileInfo // nil until a read can be trusted to stay
	where string
	value string
}

func (f *fileSource) read() (string, error) {
	path, err := expand(f.path)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(path)
	if err != nil {
		return "", plainCause(err)
	}
	if f.seen != nil && f.where == path && unchanged(f.seen, now) {
		return f.value, nil
	}
	return f.reload(path, now)
}

func (f *fileSource) reload(path string, info os.FileInfo) (string, error) {
	f.seen = nil
	value, err := readSecretFile(path, info)
	if err != nil {
		return "", err
	}
	if time.Since(info.ModTime()) > unsettled {
		f.seen = info
	}
	f.where, f.value = path, value
	return value, nil
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func readSecretFile(path string, info os.FileInfo) (string, error) {
	if info.IsDir() {
		return "", errors.New("it is a directory")
	}
	in, err := os.Open(path)
	if err != nil {
		return "", plainCause(err)
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, maxSecretBytes+1))
	if err != nil {
		return "", plainCause(err)
	}
	if len(raw) > maxSecretBytes {
		return "", errors.New("the file is larger than 64 KiB")
	}
	value := trimNewline(string(raw))
	if value == "" {
		return "", errors.New("the file is empty")
	}
	return value, nil
}

// expand fills in ${NAME}, which systemd and others use for the folder of the
// credentials.
func expand(path string) (string, error) {
	missing := ""
	out := os.Expand(path, func(name string) string {
		value, ok := os.LookupEnv(name)
		if !ok || value == "" {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("the environment variable %s in the path is not set", missing)
	}
	if !filepath.IsAbs(out) {
		return "", errors.New("the path is not absolute")
	}
	return out, nil
}

func trimNewline(s string) string { return strings.TrimRight(s, "\r\n") }
