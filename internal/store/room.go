package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mayday/internal/fault"
)

// Room on the disk of the data directory (PROMISES rule 15).
const (
	// ballastBytes lie in a file that is deleted when the disk is full, so that
	// deliveries are taken for a while longer. The operator may delete it, too.
	ballastBytes = 32 << 20
	ballastName  = "ballast"

	// ActsBytes is the least that has to be free for an act. What comes in is taken
	// down to the last byte.
	ActsBytes = 100 << 20

	// roomEvery is how often the ballast is looked after; a process that lives
	// shorter never makes it.
	roomEvery = 10 * time.Second
)

// room watches the disk. The zero room, of a store without a directory, has
// always enough.
type room struct {
	dir     string
	ballast int64
	acts    uint64
	every   time.Duration
	log     *slog.Logger
}

func newRoom(dir string, log *slog.Logger) room {
	return room{dir: dir, ballast: ballastBytes, acts: ActsBytes, every: roomEvery, log: log}
}

// forActs refuses acts while there is little room; nil when nobody can tell.
func (r *room) forActs() error {
	if r.dir == "" {
		return nil
	}
	free, err := FreeBytes(r.dir)
	if err != nil || free >= r.acts {
		return nil
	}
	return fault.Newf(fault.Unavailable, "E26", "The disk of Mayday has %d MiB left, and steps need %d.", free>>20, r.acts>>20).
		WithHint("Free some space; or act by hand, and note it.")
}

// run keeps the ballast until ctx ends.
func (r *room) run(ctx context.Context) {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.load(); err != nil {
				r.log.Warn("ballast cannot be made", "err", err)
			}
		}
	}
}

// load makes the ballast where there is plenty of room for it.
func (r *room) load() error {
	path := filepath.Join(r.dir, ballastName)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	free, err := FreeBytes(r.dir)
	if err != nil || free < r.acts+2*uint64(r.ballast) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make ballast: %w", err)
	}
	if err := errors.Join(allocate(f, r.ballast), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("make ballast: %w", err), os.Remove(path))
	}
	return nil
}

// drop gives the ballast back to a disk that is full.
func (r *room) drop() {
	if r.dir == "" {
		return
	}
	err := os.Remove(filepath.Join(r.dir, ballastName))
	switch {
	case err == nil:
		r.log.Error("the disk is full; the ballast was deleted, deliveries are taken for a little longer", "dir", r.dir)
	case !errors.Is(err, fs.ErrNotExist):
		r.log.Error("delete ballast", "err", err)
	}
}

// fill writes zeros, where the system cannot reserve room.
func fill(f *os.File, size int64) error {
	block := make([]byte, 1<<20)
	for written := int64(0); written < size; written += int64(len(block)) {
		if _, err := f.Write(block[:min(int64(len(block)), size-written)]); err != nil {
			return err
		}
	}
	return f.Sync()
}
