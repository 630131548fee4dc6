// Package cli is the command line of Mayday: data on stdout, words on stderr,
// exit codes as INTERACTION section 5 lists them.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
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
)

// run is what every command gets.
type run struct {
	ctx    context.Context //nolint:containedctx // kong calls Run with one value; this is it
	out    io.Writer
	words  io.Writer
	env    config.Env
	lookup func(string) (string, bool)
}

// line is the whole command line.
type line struct {
	Demo     demoCmd     `cmd:"" help:"Try it: a pretend company, the war room, no accounts."`
	Serve    serveCmd    `cmd:"" help:"Run the bot."`
	Validate validateCmd `cmd:"" help:"Check the configuration and the playbooks (exit 0 or 3)."`
	Setup    setupCmd    `cmd:"" help:"Print the steps at a vendor (${setups}), with your own addresses filled in."`
	Doctor   doctorCmd   `cmd:"" help:"Say what is missing and how to fix it (exit 0 or 4)."`
	Web      webCmd      `cmd:"" help:"Talk to a running server about its war room."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// exit is an error with an exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// Main runs one command line and answers its exit code.
func Main(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	r := &run{ctx: ctx, out: stdout, words: stderr, env: config.FromEnv(os.LookupEnv), lookup: os.LookupEnv}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var l line
	code := -1
	parser, err := kong.New(&l, kong.Name("mayday"), kong.Description("Incident threads, the word in #status every 30 minutes, and playbook steps that can be taken back."),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }), kong.Bind(r), kong.Vars{"setups": strings.Join(app.SetupNames(), ", ")}, kong.UsageOnError())
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
	return r.finish(parsed.Run(r))
}

// finish turns the outcome into an exit code and says what went wrong.
func (r *run) finish(err error) int {
	if err == nil {
		return exitOK
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

// load reads the configuration file: -c, MAYDAY_CONFIG, or one of the usual
// places.
func (r *run) load(path string) (*config.File, error) {
	if path == "" {
		path = r.env.Config
	}
	for _, usual := range []string{"mayday.yaml", "/etc/mayday/mayday.yaml"} {
		if path != "" {
			break
		}
		if _, err := os.Stat(usual); err == nil {
			path = usual
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

type versionCmd struct {
	JSON bool `help:"As JSON."`
}

// Run prints the version.
func (c *versionCmd) Run(r *run) error {
	if c.JSON {
		return json.NewEncoder(r.out).Encode(map[string]string{"version": version(), "go": goVersion()})
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
