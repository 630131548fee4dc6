package prometheus

import (
	"net/url"
	"strings"

	"mayday/internal/config"
)

const exampleURL = "http://prometheus:9090"

// settings is connect.prometheus.
type settings struct {
	URL      string        `yaml:"url"`   // with the path prefix of a proxy, without /api/v1
	Token    config.Secret `yaml:"token"` // sent as a bearer token
	User     string        `yaml:"user"`
	Password config.Secret `yaml:"password"`
	Env      string        `yaml:"env"` // of the connection; nothing is acted on, so it only stands in lists
}

func decode(section config.Section) (settings, error) {
	var s settings
	if !section.Exists() {
		return s, nil
	}
	if err := section.Decode(&s); err != nil {
		return s, err
	}
	s.URL = strings.TrimSuffix(strings.TrimRight(s.URL, "/"), "/api/v1")
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		return s, section.Fault("", "`url` is missing in `%s`: write url: %s.", section.Path(), exampleURL)
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "":
		return s, section.Fault("url", "`url` of `%s` is an address like %s, with nothing after the path.", section.Path(), exampleURL)
	case u.User != nil:
		return s, section.Fault("url", "`url` of `%s` holds a user: write user: NAME and password: env:NAME instead.", section.Path())
	case !s.Token.IsZero() && s.User != "":
		return s, section.Fault("token", "`%s` takes a token, or a user with a password, not both.", section.Path())
	case (s.User == "") != s.Password.IsZero():
		return s, section.Fault("user", "`%s` takes `user` and `password` together.", section.Path())
	}
	return s, nil
}
