package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mayday/internal/fault"
)

// Names in the data directory.
const (
	databaseName = "mayday.db"
	lockName     = "mayday.lock"
	keyName      = "audit.key"
)

// enterDir makes the data directory ours: private, on a local disk, and locked
// against a second process (PROMISES rule 15).
func (s *Store) enterDir() error {
	if s.dir == "" {
		return fault.New(fault.Invalid, "E24", "The data directory is not set.", "Set `data` in the configuration.")
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unavailable(fmt.Errorf("make data directory: %w", err))
	}
	info, err := os.Stat(s.dir)
	if err != nil {
		return unavailable(fmt.Errorf("look at data directory: %w", err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		// Not ours to change: it may be /srv or the root of a volume. The files
		// in it are private all the same.
		s.log.Warn("data directory can be read by others", "dir", s.dir, "mode", info.Mode().Perm().String())
	}
	if kind, remote := networkFilesystem(s.dir); remote {
		return fault.Newf(fault.Invalid, "E26", "%s is on a network filesystem (%s): locks do not hold there.", s.dir, kind).
			WithHint("Put `data` on a local disk, or use Postgres.")
	}
	if s.lock, err = takeLock(filepath.Join(s.dir, lockName)); err != nil {
		return err
	}
	s.key, err = keyFile(filepath.Join(s.dir, keyName))
	return err
}

// takeLock holds a lock that ends with the process, however it ends.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unavailable(fmt.Errorf("open lock: %w", err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := lockHolder(f)
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.Newf(fault.Unavailable, "E26", "Another Mayday uses %s%s.", filepath.Dir(path), holder).
				WithHint("Stop it first, or talk to it: the command line does.")
		}
		return nil, unavailable(fmt.Errorf("lock data directory: %w", err))
	}
	// Who holds it is for the words of the next one; a full disk does not matter.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

func lockHolder(f *os.File) string {
	buf := make([]byte, 20)
	n, _ := f.ReadAt(buf, 0)
	pid := strings.TrimSpace(string(buf[:n]))
	if pid == "" {
		return ""
	}
	return " (process " + pid + ")"
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// private makes sure that a file exists and nobody else can read it. SQLite
// gives its journals the mode of the database.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unavailable(fmt.Errorf("open database file: %w", err))
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}
