package backups

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	infoTimeout = 8 * time.Second // a preview has ten
	maxInfo     = 8 << 20
)

// environment is all that pgBackRest gets: a PATH, because it calls ssh for a
// repository that is elsewhere, and none of Mayday's secrets.
var environment = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}

// rest reads what `pgbackrest info --output=json` says, from the program or from
// a file that a timer writes.
type rest struct{ program, file, stanza string }

func (r rest) words() string {
	if r.stanza == "" {
		return "pgBackRest"
	}
	return "pgBackRest, stanza " + r.stanza
}

func (r rest) last(ctx context.Context, _ time.Time) (time.Time, error) {
	raw, err := r.info(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return newest(raw, r.stanza)
}

func (r rest) info(ctx context.Context) ([]byte, error) {
	if r.file != "" {
		return readFile(r.file)
	}
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	args := []string{"info", "--output=json"}
	if r.stanza != "" {
		args = append(args, "--stanza="+r.stanza)
	}
	out := &capped{}
	cmd := exec.CommandContext(ctx, r.program, args...)
	cmd.Env, cmd.Dir, cmd.Stdout = environment, "/", out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, errors.New("pgBackRest did not answer in time")
	case out.over:
		return nil, errors.New("pgBackRest said more than 8 MiB")
	case err != nil:
		return nil, errors.New("pgBackRest could not be run, or ended with an error")
	}
	return out.Bytes(), nil
}

func readFile(path string) ([]byte, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, errNoFile
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, maxInfo))
	if err != nil {
		return nil, fmt.Errorf("read what pgBackRest said: %w", err)
	}
	return raw, nil
}

// capped takes output up to a size.
type capped struct {
	bytes.Buffer
	over bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxInfo {
		c.over = true
		return 0, errors.New("too much output")
	}
	return c.Buffer.Write(p)
}

// stanza is one of them, as far as it matters.
type stanza struct {
	Name   string `json:"name"`
	Status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
	Backups []struct {
		Error bool `json:"error"` // pages with a wrong checksum were found in it
		Time  struct {
			Stop int64 `json:"stop"`
		} `json:"timestamp"`
	} `json:"backup"`
}

// newest is the end of the newest backup without an error. Which stanza it is
// must be clear.
func newest(raw []byte, name string) (time.Time, error) {
	var all []stanza
	if err := json.Unmarshal(raw, &all); err != nil {
		return time.Time{}, errors.New("what pgBackRest said cannot be read")
	}
	var found *stanza
	for n := range all {
		if all[n].Name == name || name == "" && len(all) == 1 {
			found = &all[n]
		}
	}
	switch {
	case found == nil && name == "":
		return time.Time{}, fmt.Errorf("pgBackRest knows %d stanzas: `stanza` must say which", len(all))
	case found == nil:
		return time.Time{}, errors.New("pgBackRest does not know the stanza " + name)
	}
	var stop int64
	for _, b := range found.Backups {
		if !b.Error {
			stop = max(stop, b.Time.Stop)
		}
	}
	if stop == 0 {
		return time.Time{}, errors.New("pgBackRest has no good backup of the stanza " + found.Name)
	}
	return time.Unix(stop, 0), nil
}
