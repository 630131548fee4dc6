package backups

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// settled is how long a file must have been left alone: one that is younger may
// still be written, and half a backup is none.
const settled = time.Minute

// Why nobody can tell.
var (
	errFuture  = errors.New("the newest backup says that it was made in the future")
	errNoFile  = errors.New("there is no such file, or it is not to be seen")
	errSmall   = errors.New("every such file is too small to be a backup")
	errWriting = errors.New("the only such file was changed within the last minute and may still be written")
)

// files are backups as files: the newest counts, by the time of its last change.
type files struct {
	pattern string
	least   int64
}

func (f files) words() string { return f.pattern }

func (f files) last(_ context.Context, now time.Time) (time.Time, error) {
	paths, err := filepath.Glob(f.pattern)
	if err != nil {
		return time.Time{}, fmt.Errorf("list backups: %w", err)
	}
	why := errNoFile
	var newest time.Time
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil || !info.Mode().IsRegular():
		case info.Size() < f.least:
			why = errSmall
		case info.ModTime().After(now.Add(-settled)) && !info.ModTime().After(now.Add(tooFarAhead)):
			why = errWriting
		case info.ModTime().After(newest):
			newest = info.ModTime()
		}
	}
	if newest.IsZero() {
		return time.Time{}, why
	}
	return newest, nil
}
