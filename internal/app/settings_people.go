package app

import (
	"slices"
	"strings"
	"time"

	"mayday/bot"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// beside are more places that people may have accounts at than those of
// platforms and outside. Tests of the port, which bring platforms of their own,
// put them here.
var beside []string

// homes are where people may have accounts: platforms, and outside the sources,
// which have a section of their own.
func homes() []string {
	var out []string
	for _, p := range platforms {
		out = append(out, p.Name)
	}
	for _, i := range outside {
		if len(i.At) > 0 {
			out = append(out, i.Name)
		}
	}
	return append(out, beside...)
}

func (s *settings) readPeople() error {
	section := s.file.Section("people")
	s.people.Roles = map[incident.Role][]string{}
	if !section.Exists() {
		return nil
	}
	var p struct {
		Responder config.Strings      `yaml:"responder"`
		Commander config.Strings      `yaml:"commander"`
		Approver  config.Strings      `yaml:"approver"`
		Admin     config.Strings      `yaml:"admin"`
		Same      []map[string]string `yaml:"same"`
	}
	if err := section.Decode(&p); err != nil {
		return err
	}
	s.people.Roles[incident.Responder], s.people.Roles[incident.Commander] = accounts(p.Responder), accounts(p.Commander)
	s.people.Roles[incident.Approver], s.people.Roles[incident.Admin] = accounts(p.Approver), accounts(p.Admin)
	errs := []error{
		checkAccounts(section.Sub("responder"), p.Responder), checkAccounts(section.Sub("commander"), p.Commander),
		checkAccounts(section.Sub("approver"), p.Approver), checkAccounts(section.Sub("admin"), p.Admin),
	}
	for n, item := range section.Sub("same").Items() {
		errs = append(errs, s.readSame(item, p.Same[n]))
	}
	return config.Join(errs...)
}

// readSame reads the accounts of one person.
func (s *settings) readSame(item config.Section, one map[string]string) error {
	own := []string{"name", "zone", "email", "oidc"}
	if err := item.CheckKeys(slices.Concat(own, homes())...); err != nil {
		return err
	}
	l := bot.Linked{Name: one["name"], Zone: one["zone"], Email: one["email"], Subject: one["oidc"], IDs: map[string]string{}}
	if l.Name == "" {
		return item.Fault("name", "everybody in `same` needs a name")
	}
	if _, err := time.LoadLocation(l.Zone); err != nil {
		return item.Fault("zone", "%s: there is no time zone %q; write one like Europe/Berlin", l.Name, l.Zone)
	}
	for where, id := range one {
		if !slices.Contains(own, where) {
			l.IDs[where] = id
		}
	}
	if l.IDs["web"] == "" {
		l.IDs["web"] = s.webID(l.Name)
	}
	s.people.Same = append(s.people.Same, l)
	return nil
}

// checkAccounts refuses accounts of a role that nobody can have: somebody would
// believe that they have it.
func checkAccounts(section config.Section, written []string) error {
	items := section.Items()
	var errs []error
	for n, account := range written {
		at := section // one that stands alone
		if n < len(items) {
			at = items[n]
		}
		where, id, found := strings.Cut(account, ":")
		switch {
		case !found || where == "" || id == "":
			errs = append(errs, at.Fault("", "%s is no account: one is written with its platform, as in web:ana", config.Quoted(account)))
		case !slices.Contains(homes(), where):
			errs = append(errs, at.Fault("", "%s: there is no platform %s.%s", config.Quoted(account), config.Quoted(where), meant(where)))
		}
	}
	return config.Join(errs...)
}

// meant is the place that was probably meant, or all that there are.
func meant(where string) string {
	if s := fault.DidYouMean(where, homes()); s != "" {
		return s
	}
	return " Known: " + strings.Join(homes(), ", ") + "."
}

// accounts brings accounts into the form that their platforms know.
func accounts(written []string) []string {
	out := make([]string, len(written))
	for n, a := range written {
		out[n] = a
		for _, p := range platforms {
			if id, ok := strings.CutPrefix(a, p.Name+":"); ok && p.Account != nil {
				out[n] = p.Name + ":" + p.Account(id)
			}
		}
	}
	return out
}

// webID is the account in the war room of somebody named in the configuration:
// the token of that name, whatever its case.
func (s *settings) webID(name string) string {
	for _, t := range s.tokens {
		if strings.EqualFold(t.Name, name) {
			return t.Name
		}
	}
	return strings.ToLower(name)
}
