package exec

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/config"
)

// program is connect.exec.NAME.
type program struct {
	Path      string        `yaml:"path"`
	SHA256    string        `yaml:"sha256"`  // of the file, hex; without it every run is danger
	Grade     string        `yaml:"grade"`   // change or danger
	Timeout   time.Duration `yaml:"timeout"` // at most; 0 is that of the step
	Show      bool          `yaml:"show"`    // it may be run for previews with the playbook's `show`
	Unchanged []int         `yaml:"exit_codes_unchanged"`
	Env       string        `yaml:"env"`

	name string
}

var (
	// A name is typed by people as the phrase of a dangerous act and is part of
	// the target's name, so it has no spaces and no slashes.
	goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	goodSum  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	version  = regexp.MustCompile(`[0-9.]+$`)
)

// interpreters run whatever their arguments say, so that listing one of them
// would list everything.
var interpreters = []string{
	"sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "csh", "tcsh", "pwsh", "busybox", "toybox", "env", "xargs", "find", "awk", "gawk", "mawk",
	"python", "perl", "ruby", "node", "deno", "bun", "php", "lua", "tclsh", "sudo", "su", "doas", "ssh", "nsenter", "chroot", "unshare", "setsid", "nohup", "timeout",
}

func decode(section config.Section) ([]string, map[string]program, error) {
	all := map[string]program{}
	if !section.Exists() {
		return nil, all, nil
	}
	if err := section.Decode(&all); err != nil {
		return nil, nil, err
	}
	var found []error
	names := section.Keys()
	for _, name := range names {
		one := all[name]
		found = append(found, one.valid(section, name))
		one.name = name
		all[name] = one.withDefaults()
	}
	return names, all, config.Join(found...)
}

func (p program) valid(section config.Section, name string) error {
	at := section.Sub(name)
	switch {
	case !goodName.MatchString(name):
		return section.Fault(name, "a program's name has letters, digits, dots, dashes and underscores, at most 40.")
	case p.Path == "":
		return at.Fault("", "`path` is missing in `%s`: write path: /usr/local/bin/%s.", at.Path(), name)
	case !path.IsAbs(p.Path) || path.Clean(p.Path) != p.Path:
		return at.Fault("path", "`path` is the whole path of the program, like /usr/local/bin/%s.", name)
	case slices.Contains(interpreters, version.ReplaceAllString(path.Base(p.Path), "")):
		return at.Fault("path", "%s runs whatever its arguments say, and playbooks never run a shell; name the script itself.", path.Base(p.Path))
	case p.SHA256 != "" && !goodSum.MatchString(strings.ToLower(p.SHA256)):
		return at.Fault("sha256", "`sha256` has 64 characters, 0-9 and a-f, as sha256sum writes them.")
	case p.Grade != "" && p.Grade != "change" && p.Grade != "danger":
		return at.Fault("grade", "`grade` is change or danger, not %q.", p.Grade)
	case p.Grade == "change" && p.SHA256 == "":
		return at.Fault("grade", "`grade: change` needs the `sha256` of the file; without it every run is danger.")
	case p.Timeout > 30*time.Minute:
		return at.Fault("timeout", "`timeout` is at most 30m.")
	}
	for _, code := range p.Unchanged {
		if code < 1 || code > 125 {
			return at.Fault("exit_codes_unchanged", "an exit code that proves that nothing was done is 1 to 125, not %d.", code)
		}
	}
	return nil
}

// withDefaults takes the careful reading: what is not said to be something else
// is production, in either spelling, and what is not listed by its hash is danger.
func (p program) withDefaults() program {
	if p.Env == "" || p.Env == "production" {
		p.Env = "prod"
	}
	p.SHA256 = strings.ToLower(p.SHA256)
	return p
}

func (p program) grade() integrations.Grade {
	if p.SHA256 == "" || p.Grade == "danger" {
		return integrations.GradeDanger
	}
	return integrations.GradeChange
}
