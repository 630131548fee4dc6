package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"mayday/internal/app"
	"mayday/internal/fault"
)

type backupCmd struct {
	File string `arg:"" optional:"" help:"Where to write it; it must not exist yet (default: mayday-DATE.db here)."`
	remote
}

// Run fetches a whole, consistent copy of the database while work goes on.
func (c *backupCmd) Run(r *run) error {
	name := c.File
	if name == "" {
		name = "mayday-" + time.Now().UTC().Format("20060102-150405") + ".db"
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	size, err := c.fetch(r, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if r.style.JSON {
		return r.json(map[string]any{"file": name, "bytes": size})
	}
	fmt.Fprintln(r.out, name)
	r.say("%.1f MB. The key of the seals is not in it: keep audit.key of the data directory somewhere else.", float64(size)/1e6)
	r.next("mayday restore %s, on the host and with Mayday stopped, brings it back", filepath.Base(name))
	return nil
}

func (c *backupCmd) fetch(r *run, into *os.File) (int64, error) {
	resp, err := c.send(r, http.MethodPost, "/api/v1/backup", nil, 0)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(into, resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.ContentLength >= 0 && size != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, &exit{exitUnreachable, fmt.Errorf("read the backup: %w", err)}
	}
	if err := into.Sync(); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	return size, nil
}

type restoreCmd struct {
	File   string `arg:"" help:"A backup."`
	Config string `short:"c" placeholder:"FILE" help:"The configuration of the server."`
	Yes    bool   `help:"Do it; without, it only says what it would do."`
}

// Run puts a backup in the place of the database. Mayday must be stopped; what
// was there is kept beside it.
func (c *restoreCmd) Run(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	if _, _, err := app.Effective(file, r.env); err != nil {
		return &exit{exitConfig, err}
	}
	done, err := app.Restore(r.ctx, file, r.env, c.File, c.Yes)
	if fault.HasCode(err, "E24") {
		return &exit{exitUsage, err}
	}
	if err != nil {
		return err
	}
	if r.style.JSON {
		return r.json(done)
	}
	if !c.Yes {
		fmt.Fprintf(r.out, "Would put %s (%d incidents) in the place of %s.\n", c.File, done.Incidents, done.Dir)
		r.next("the same with --yes does it. Nothing was done")
		return nil
	}
	fmt.Fprintf(r.out, "Restored %d incidents into %s.\n", done.Incidents, done.Dir)
	if done.Kept != "" {
		r.say("What was there is kept in %s.", done.Kept)
	}
	r.next("mayday serve")
	return nil
}
