package postgres

import (
	"regexp"

	"mayday/internal/config"
)

// settings is connect.postgres.NAME.
type settings struct {
	DSN    config.Secret   `yaml:"dsn"`
	Kill   string          `yaml:"kill"`   // function that ends a session, "ops.kill"; "" is pg_terminate_backend
	Cancel string          `yaml:"cancel"` // function that cancels a query, "ops.cancel"; "" is pg_cancel_backend
	Env    string          `yaml:"env"`
	Backup *backupSettings `yaml:"backup"` // for the guard backup_fresh
}

var (
	// A connection's name is typed by people as the phrase of a dangerous act
	// and is part of the target's name, so it has no spaces and no slashes.
	goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	goodFunc = regexp.MustCompile(`^([a-z_][a-z0-9_]{0,62})\.([a-z_][a-z0-9_]{0,62})$`)
)

func decode(section config.Section) ([]string, map[string]settings, error) {
	all := map[string]settings{}
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
		found = append(found, check(section, name, one), checkBackup(section.Sub(name), one.Backup, names))
		all[name] = withDefaults(one)
	}
	return names, all, config.Join(found...)
}

func check(section config.Section, name string, s settings) error {
	at := section.Sub(name)
	if !goodName.MatchString(name) {
		return section.Fault(name, "a connection's name has letters, digits, dots, dashes and underscores, at most 40.")
	}
	if s.DSN.IsZero() {
		return at.Fault("", "`dsn` is missing in `%s`: write dsn: env:NAME.", at.Path())
	}
	for key, function := range map[string]string{"kill": s.Kill, "cancel": s.Cancel} {
		if function != "" && !goodFunc.MatchString(function) {
			return at.Fault(key, "`%s` names a function with its schema in lower case, like ops.%s.", key, key)
		}
	}
	return nil
}

// withDefaults takes the careful reading: what is not said to be something else
// is production, in either spelling.
func withDefaults(s settings) settings {
	if s.Env == "" || s.Env == "production" {
		s.Env = "prod"
	}
	return s
}
