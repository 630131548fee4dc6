package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"mayday/internal/app"
)

type serveCmd struct {
	Config string `short:"c" placeholder:"FILE" help:"The configuration (default ./mayday.yaml, /etc/mayday/mayday.yaml)."`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	a, err := app.New(r.ctx, app.Options{File: file, Env: r.env, Version: version(), Log: r.words, Reload: again})
	if err != nil {
		return err
	}
	if err := a.Start(r.ctx); err != nil {
		return err
	}
	fmt.Fprintln(r.out, "ready", a.URL())
	return a.Wait(r.ctx)
}

type validateCmd struct {
	Config string `short:"c" placeholder:"FILE" help:"The configuration."`
	Schema bool   `help:"Print a JSON Schema for editors instead."`
	Of     string `arg:"" optional:"" enum:"playbooks,config," default:"" help:"With --schema: playbooks (or nothing) or config."`
}

// Run checks configuration and playbooks.
func (c *validateCmd) Run(r *run) error {
	if c.Of != "" && !c.Schema {
		return &exit{exitUsage, errors.New("validate takes no words, but: mayday validate --schema " + c.Of)}
	}
	if c.Of == "config" {
		schema, err := app.ConfigSchema()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(r.out, string(schema))
		return err
	}
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	if c.Schema {
		schema, err := app.Schema(file, r.env)
		if err != nil {
			return &exit{exitConfig, err}
		}
		_, err = fmt.Fprintln(r.out, string(schema))
		return err
	}
	problems, err := app.Validate(file, r.env)
	if err != nil {
		return &exit{exitConfig, err}
	}
	bad := 0
	for _, p := range problems {
		if !p.Warning {
			bad++
		}
		fmt.Fprintln(r.words, p.String())
	}
	if bad > 0 {
		return &exit{exitConfig, fmt.Errorf("%d of the playbooks' lines must be mended", bad)}
	}
	fmt.Fprintln(r.words, "valid:", file.Name())
	return nil
}

type doctorCmd struct {
	Config string `short:"c" placeholder:"FILE" help:"The configuration."`
}

// Run asks every part what is missing.
func (c *doctorCmd) Run(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	rows, err := app.Doctor(r.ctx, file, r.env)
	if err != nil {
		return &exit{exitConfig, err}
	}
	bad := 0
	for _, row := range rows {
		if !row.OK && !row.Warn {
			bad++
		}
	}
	if r.style.JSON {
		if err := json.NewEncoder(r.out).Encode(map[string]any{"findings": rows, "problems": bad}); err != nil {
			return err
		}
	} else {
		printDoctor(r, rows, bad)
	}
	if bad > 0 {
		return &exit{exitDoctor, errors.New("doctor found problems")}
	}
	return nil
}

func printDoctor(r *run, rows []app.Finding, bad int) {
	last := ""
	for _, row := range rows {
		mark := "✗"
		switch {
		case row.OK:
			mark = "✓"
		case row.Warn:
			mark = "!"
		}
		part := row.Part
		if part == last {
			part = ""
		}
		last = row.Part
		fmt.Fprintf(r.out, "%-12s%s %s\n", part, mark, row.Text)
		if row.Fix != "" {
			fmt.Fprintf(r.out, "%-12s  fix: %s\n", "", strings.ReplaceAll(row.Fix, "\n", "\n                   "))
		}
	}
	fmt.Fprintf(r.out, "\n%d problems.\n", bad)
}

type demoCmd struct {
	Listen    string  `default:"127.0.0.1:7373" help:"Where to listen; :0 picks a free port."`
	Data      string  `placeholder:"DIR" help:"Keep the data here (default: forgotten at the end)."`
	Speed     float64 `default:"1" help:"Divides the durations of updates: 60 makes half an hour half a minute."`
	NoBrowser bool    `help:"Do not open the browser."`
	Postgres  string  `placeholder:"DSN" help:"A real, disposable database to end queries on."`
}

// Run shows Mayday with a pretend company.
func (c *demoCmd) Run(r *run) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return &exit{exitUsage, errors.New("the demo listens on loopback only, as in --listen 127.0.0.1:7373")}
	}
	if c.Speed < 1 || c.Speed > 3600 {
		return &exit{exitUsage, errors.New("--speed is 1 to 3600")}
	}
	d, err := app.NewDemo(r.ctx, app.DemoOptions{Listen: c.Listen, Data: c.Data, Speed: c.Speed, Postgres: c.Postgres, Version: version(), Log: r.words})
	if err != nil {
		return err
	}
	if err := d.Start(r.ctx); err != nil {
		return err
	}
	page := d.App.URL() + "/?k=" + d.Key
	if r.style.JSON {
		err = json.NewEncoder(r.out).Encode(map[string]any{"ready": true, "url": page, "api": d.App.URL(), "token": d.Token, "pagerduty_secret": d.Secret})
	} else {
		_, err = fmt.Fprintln(r.out, "ready", d.App.URL())
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(r.words, "War room   "+page)
	if c.Postgres == "" {
		fmt.Fprintln(r.words, "Company    5 services, all pretend. Nothing real can be touched.")
	} else {
		fmt.Fprintln(r.words, "Company    5 services, all pretend. REAL: payments-db is the database you named.")
	}
	fmt.Fprintln(r.words, "Next       press “Send PagerDuty webhook”, or run the curl that it shows.")
	if c.Data == "" {
		fmt.Fprintln(r.words, "Ctrl+C stops and forgets everything.")
	} else {
		fmt.Fprintln(r.words, "Ctrl+C stops; what happened stays in "+c.Data+".")
	}
	if !c.NoBrowser && !r.style.JSON {
		openBrowser(page)
	}
	return d.Wait(r.ctx)
}

// openBrowser tries; a machine without one goes on.
func openBrowser(url string) {
	name := map[string]string{"darwin": "open", "linux": "xdg-open"}[runtime.GOOS]
	if path, err := exec.LookPath(name); err == nil && name != "" {
		cmd := exec.Command(path, url) //nolint:noctx // the browser outlives us
		if cmd.Start() == nil {
			go func() { _ = cmd.Wait() }() // it ends when the desktop takes over
		}
	}
}
