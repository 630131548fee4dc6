// Package cli is the command line of Mayday: data on stdout, words on stderr,
// exit codes as INTERACTION section 5 lists them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"mayday/internal/app"
	"mayday/internal/config"
	"mayday/internal/fault"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConfig      = 3
	exitDoctor      = 4
	exitRefused     = 5
	exitUnreachable = 6
	exitStep        = 7
	exitUnmet       = 8
	exitUnknown     = 9
	exitStopped     = 130
)

// run is what every command gets.
type run struct {
	ctx    context.Context //nolint:containedctx // kong calls Run with one value; this is it
	in     io.Reader
	out    io.Writer
	words  io.Writer
	env    config.Env
	lookup func(string) (string, bool)
	style  style
}

// line is the whole command line.
type line struct {
	style

	Demo demoCmd `cmd:"" group:"Try it" help:"A pretend company, the war room, no accounts."`

	Serve serveCmd `cmd:"" group:"Run it" help:"The bot."`

	Setup    setupCmd    `cmd:"" group:"Set it up" help:"Print the steps at a vendor (${setups}), with your own addresses filled in."`
	Doctor   doctorCmd   `cmd:"" group:"Set it up" help:"Say what is missing and how to fix it (exit 0 or 4)."`
	Validate validateCmd `cmd:"" group:"Set it up" help:"Check the configuration and the playbooks (exit 0 or 3)."`

	Incidents incidentsCmd `cmd:"" group:"Use it" help:"What is open; one of them with its thread."`
	Open      openCmd      `cmd:"" group:"Use it" help:"Start an incident by hand."`
	Own       ownCmd       `cmd:"" group:"Use it" help:"Take it, or hand it over."`
	Update    updateCmd    `cmd:"" group:"Use it" help:"Tell #status what users feel."`
	Note      noteCmd      `cmd:"" group:"Use it" help:"Put a fact on the timeline."`
	Suspects  suspectsCmd  `cmd:"" group:"Use it" help:"What changed recently."`
	Run       runCmd       `cmd:"" group:"Use it" help:"Start a playbook: preview, confirm, follow."`
	Undo      undoCmd      `cmd:"" group:"Use it" help:"Take an act back."`
	Approve   approveCmd   `cmd:"" group:"Use it" help:"Be the second person of a danger step."`
	Decline   declineCmd   `cmd:"" group:"Use it" help:"Say no to it."`
	Press     pressCmd     `cmd:"" group:"Use it" help:"Press any button that stands in the thread."`
	Snooze    snoozeCmd    `cmd:"" group:"Use it" help:"Hold the next reminder."`
	Freeze    freezeCmd    `cmd:"" group:"Use it" help:"Stop all steps; updates and reminders go on."`
	Resolve   resolveCmd   `cmd:"" group:"Use it" help:"End it, with a last word for readers."`

	Export    exportCmd    `cmd:"" group:"Look back" help:"timeline, postmortem, audit (md, json, csv)."`
	Playbooks playbooksCmd `cmd:"" group:"Look back" help:"list, show, test (dry run)."`

	Web        webCmd        `cmd:"" group:"Machinery" help:"One-time sign-in link."`
	Backup     backupCmd     `cmd:"" group:"Machinery" help:"A copy of the database of a running server."`
	Restore    restoreCmd    `cmd:"" group:"Machinery" help:"Put a backup back, with Mayday stopped."`
	ConfigTree configCmd     `cmd:"" name:"config" group:"Machinery" help:"Print the effective configuration."`
	Completion completionCmd `cmd:"" group:"Machinery" help:"For bash, zsh or fish."`
	Version    versionCmd    `cmd:"" group:"Machinery" help:"Print the version."`
}

// exit is an error with an exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// Main runs one command line and answers its exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r := &run{ctx: ctx, in: stdin, out: stdout, words: stderr, env: config.FromEnv(os.LookupEnv), lookup: os.LookupEnv}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var l line
	code := -1
	parser, err := kong.New(&l, kong.Name("mayday"), kong.Description("Incident threads, the word in #status every 30 minutes, and playbook steps that can be taken back."),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }), kong.Bind(r), kong.Vars{"setups": strings.Join(app.SetupNames(), ", ")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true, WrapUpperBound: 120}))
	if err != nil {
		fmt.Fprintln(stderr, "mayday:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintln(stderr, "mayday:", err)
		fmt.Fprintln(stderr, "try: mayday --help")
		return exitUsage
	}
	r.style = l.style
	return r.finish(parsed.Run(r))
}

// finish turns the outcome into an exit code and says what went wrong.
func (r *run) finish(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, context.Canceled) && r.ctx.Err() != nil {
		fmt.Fprintln(r.words, "mayday: interrupted")
		return exitStopped
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		fmt.Fprintln(r.words, f.Text())
	} else {
		fmt.Fprintln(r.words, "mayday:", err)
	}
	var e *exit
	switch {
	case errors.As(err, &e):
		return e.code
	case f != nil && f.Kind == fault.Unavailable:
		return exitUnreachable
	case f != nil && f.Kind == fault.Refused:
		return exitRefused
	case f != nil && f.Kind == fault.Invalid:
		return exitConfig
	}
	return exitFailed
}

// usual are the places where a configuration is looked for.
var usual = []string{"mayday.yaml", "/etc/mayday/mayday.yaml"}

// hasUsual reports whether there is one.
func (r *run) hasUsual() bool {
	return slices.ContainsFunc(usual, func(path string) bool { _, err := os.Stat(path); return err == nil })
}

// load reads the configuration file: -c, MAYDAY_CONFIG, or one of the usual
// places.
func (r *run) load(path string) (*config.File, error) {
	if path == "" {
		path = r.env.Config
	}
	for _, at := range usual {
		if path != "" {
			break
		}
		if _, err := os.Stat(at); err == nil {
			path = at
		}
	}
	if path == "" {
		return nil, &exit{exitUsage, errors.New("no configuration: give -c FILE, or put one at ./mayday.yaml or /etc/mayday/mayday.yaml")}
	}
	f, err := config.Load(path)
	if err != nil {
		return nil, &exit{exitConfig, err}
	}
	return f, nil
}

type versionCmd struct{}

// Run prints the version.
func (c *versionCmd) Run(r *run) error {
	if r.style.JSON {
		return r.json(map[string]string{"version": version(), "go": goVersion()})
	}
	_, err := fmt.Fprintln(r.out, "mayday", version())
	return err
}

// version is the module version or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	if info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "unknown"
}
