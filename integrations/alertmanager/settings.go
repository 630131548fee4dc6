package alertmanager

import (
	"net/url"
	"strings"

	"mayday/internal/config"
)

const exampleURL = "http://alertmanager:9093"

// settings is the section "alertmanager".
type settings struct {
	Token    config.Secrets `yaml:"token"` // of the door; several while one is rotated
	URL      string         `yaml:"url"`   // ends before /api/v2
	User     string         `yaml:"user"`
	Password config.Secret  `yaml:"password"`
	APIToken config.Secret  `yaml:"api_token"` // sent as a bearer token, where a proxy asks for one
	Env      string         `yaml:"env"`
}

func decode(section config.Section) (settings, error) {
	var s settings
	if !section.Exists() {
		return s, nil
	}
	if err := section.Decode(&s); err != nil {
		return s, err
	}
	// What is not said to be something else is production.
	if s.Env == "" || s.Env == "production" {
		s.Env = "prod"
	}
	s.URL = strings.TrimSuffix(strings.TrimRight(s.URL, "/"), "/api/v2")
	return s, s.check(section)
}

func (s settings) check(section config.Section) error {
	switch {
	case len(s.Token) == 0 && s.URL == "":
		return section.Fault("", "`alertmanager` needs token: env:NAME to take alerts in, url: %s for silences, or both.", exampleURL)
	case s.URL == "" && (s.User != "" || !s.Password.IsZero() || !s.APIToken.IsZero()):
		return section.Fault("", "`alertmanager.url` is missing: who signs in there?")
	case s.URL == "":
		return nil
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "":
		return section.Fault("url", "`alertmanager.url` is an address like %s, with nothing after the path.", exampleURL)
	case u.User != nil:
		return section.Fault("url", "`alertmanager.url` holds a user: write user: NAME and password: env:NAME instead.")
	case (s.User == "") != s.Password.IsZero():
		return section.Fault("user", "`alertmanager` takes `user` and `password` together.")
	case s.User != "" && !s.APIToken.IsZero():
		return section.Fault("api_token", "`alertmanager` takes an api_token, or a user with a password, not both.")
	}
	return nil
}
