package backups

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mayday/internal/config"
)

// settings is connect.backups.NAME.
type settings struct {
	PgBackRest *restSettings `yaml:"pgbackrest"`
	File       string        `yaml:"file"`  // a path; stars stand for anything, and the newest file counts
	Least      int64         `yaml:"least"` // bytes; a smaller file is no backup
}

// restSettings is where the output of `pgbackrest info --output=json` comes from.
type restSettings struct {
	Program string `yaml:"program"`
	File    string `yaml:"file"`
	Stanza  string `yaml:"stanza"`
}

var (
	goodName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	goodStanza = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	// runners run whatever their arguments say; ours are fixed, and no such
	// program takes them for what they mean.
	runners = []string{"sh", "bash", "dash", "zsh", "ksh", "fish", "env", "sudo", "su", "doas", "ssh", "python", "perl", "busybox"}
)

func decode(section config.Section) ([]string, map[string]source, error) {
	if !section.Exists() {
		return nil, nil, nil
	}
	all := map[string]settings{}
	if err := section.Decode(&all); err != nil {
		return nil, nil, err
	}
	sources := map[string]source{}
	var errs []error
	for _, name := range section.Keys() {
		from, err := all[name].source(section, name)
		errs, sources[name] = append(errs, err), from
	}
	return section.Keys(), sources, config.Join(errs...)
}

func (s settings) source(section config.Section, name string) (source, error) {
	at := section.Sub(name)
	switch {
	case !goodName.MatchString(name):
		return nil, section.Fault(name, "a connection's name has letters, digits, dots, dashes and underscores, at most 40.")
	case (s.PgBackRest == nil) == (s.File == ""):
		return nil, at.Fault("", "`%s` has one of pgbackrest: {program: /usr/bin/pgbackrest, stanza: main} and file: /backups/*.dump.", at.Path())
	case s.PgBackRest != nil:
		return s.PgBackRest.source(at)
	case s.Least < 0:
		return nil, at.Fault("least", "`least` is how many bytes a backup has at least.")
	}
	if _, err := filepath.Match(s.File, ""); err != nil || !path.IsAbs(s.File) {
		return nil, at.Fault("file", "`file` is a whole path like /backups/payments.dump, or /backups/*.dump.")
	}
	return files{pattern: s.File, least: max(1, s.Least)}, nil
}

func (r restSettings) source(at config.Section) (source, error) {
	own := at.Sub("pgbackrest")
	where := r.Program + r.File
	switch {
	case (r.Program == "") == (r.File == ""):
		return nil, own.Fault("", "`%s` has one of program: /usr/bin/pgbackrest and file: PATH.", own.Path())
	case !path.IsAbs(where) || path.Clean(where) != where:
		return nil, own.Fault("", "`%s` takes whole paths, like /usr/bin/pgbackrest.", own.Path())
	case slices.Contains(runners, strings.TrimRight(path.Base(r.Program), "0123456789.")):
		return nil, own.Fault("program", "%s runs whatever its arguments say; name pgbackrest itself, or let a timer write its output to a file.", path.Base(r.Program))
	case r.Stanza != "" && !goodStanza.MatchString(r.Stanza):
		return nil, own.Fault("stanza", "`stanza` is the name of a stanza, like main.")
	}
	return rest{program: r.Program, file: r.File, stanza: r.Stanza}, nil
}
