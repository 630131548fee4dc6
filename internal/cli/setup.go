package cli

import (
	"errors"
	"fmt"
	"time"

	"mayday/internal/app"
	"mayday/internal/config"
	"mayday/internal/fault"
)

type setupCmd struct {
	What     string `arg:"" help:"One of: ${setups}."`
	Config   string `short:"c" placeholder:"FILE" help:"The configuration, where there is one already."`
	Manifest bool   `help:"Print only the app manifest, to be pasted."`
	RBAC     bool   `name:"print-rbac" help:"Print only the account and the Roles for Kubernetes, to be applied with kubectl."`
	Cluster  string `placeholder:"NAME" help:"The cluster whose Roles are printed, where there are several."`
	Test     bool   `help:"Wait for a test event at a running server and say whether its signature is good."`
	remote
}

// Run prints the steps.
func (c *setupCmd) Run(r *run) error {
	if c.Test {
		return c.await(r)
	}
	file, err := r.load(c.Config)
	if err != nil {
		var e *exit
		if c.Config != "" || !errors.As(err, &e) || e.code != exitUsage {
			return err
		}
		if file, err = config.Parse("mayday.yaml", []byte("shutdown: 10s\n")); err != nil { // a newcomer has none yet
			return err
		}
	}
	if c.RBAC {
		err = app.Rights(r.out, file, r.env, c.What, c.Cluster)
	} else {
		err = app.Setup(r.out, file, r.env, c.What, c.Manifest)
	}
	if fault.HasCode(err, "E24") {
		return &exit{exitUsage, err}
	}
	return err
}

// testPatience is how long a test event is waited for.
const testPatience = 5 * time.Minute

// door is how a door fares, as the server tells.
type door struct {
	Source   string     `json:"source"`
	Title    string     `json:"title"`
	TestedAt *time.Time `json:"tested_at"`
	Refused  int        `json:"refused"`
}

// await waits for the next test event at a running server.
func (c *setupCmd) await(r *run) error {
	before, err := c.door(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.words, "Waiting for a test event of %s, up to %s. Send one there now.\n", before.Title, testPatience)
	tick, end := time.NewTicker(time.Second), time.NewTimer(testPatience)
	defer tick.Stop()
	defer end.Stop()
	for {
		now, err := c.door(r)
		switch {
		case err != nil:
			return err
		case now.TestedAt != nil && (before.TestedAt == nil || now.TestedAt.After(*before.TestedAt)):
			fmt.Fprintf(r.out, "✓ %s: test event received, signature good\n", now.Title)
			return nil
		case now.Refused > before.Refused:
			fmt.Fprintf(r.out, "✗ %s: a delivery came, and its signature does not match\n", now.Title)
			fmt.Fprintf(r.words, "fix: put the secret of this webhook into %s.webhook_secret and start Mayday again\n", now.Source)
			return &exit{exitDoctor, errors.New("the signature does not match")}
		}
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-end.C:
			return &exit{exitUnreachable, fmt.Errorf("no test event of %s came: is the address of the webhook right, and reachable from outside?", before.Title)}
		case <-tick.C:
		}
	}
}

func (c *setupCmd) door(r *run) (door, error) {
	var answer struct {
		Doors []door `json:"doors"`
	}
	if err := c.get(r, "/api/v1/doors", &answer); err != nil {
		return door{}, err
	}
	for _, d := range answer.Doors {
		if d.Source == c.What {
			return d, nil
		}
	}
	return door{}, &exit{exitUsage, fmt.Errorf("the running server has no door for %s: is it in its configuration?", c.What)}
}
