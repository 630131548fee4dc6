package launchdarkly

import (
	"net/url"
	"regexp"
	"strings"

	"mayday/internal/config"
)

const defaultAPI = "https://app.launchdarkly.com"

// settings is connect.launchdarkly.
type settings struct {
	APIURL      string        `yaml:"api_url"`
	StreamURL   string        `yaml:"stream_url"` // of the SDK; derived from api_url at LaunchDarkly's own addresses
	SDKKey      config.Secret `yaml:"sdk_key"`
	Token       config.Secret `yaml:"token"`
	Project     string        `yaml:"project"`
	Environment string        `yaml:"environment"`
	Env         string        `yaml:"env"` // of the connection; unset means prod
}

var goodKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// streams are the streaming addresses of LaunchDarkly's own instances.
var streams = map[string]string{
	defaultAPI:                        "https://stream.launchdarkly.com",
	"https://app.eu.launchdarkly.com": "https://stream.eu.launchdarkly.com",
	"https://app.launchdarkly.us":     "https://stream.launchdarkly.us",
}

func decode(section config.Section) (settings, error) {
	s := settings{APIURL: defaultAPI}
	if !section.Exists() {
		return s, nil
	}
	if err := section.Decode(&s); err != nil {
		return s, err
	}
	s.APIURL, s.StreamURL = strings.TrimRight(s.APIURL, "/"), strings.TrimRight(s.StreamURL, "/")
	if s.StreamURL == "" {
		s.StreamURL = streams[s.APIURL]
	}
	// What is not said to be something else is production.
	if s.Env == "" || s.Env == "production" {
		s.Env = "prod"
	}
	return s, s.check(section)
}

func (s settings) check(section config.Section) error {
	if s.Token.IsZero() {
		return section.Fault("token", "`token` is missing in `%s`: write token: env:LD_TOKEN.", section.Path())
	}
	for key, value := range map[string]string{"project": s.Project, "environment": s.Environment} {
		if !goodKey.MatchString(value) {
			return section.Fault(key, "`%s` of `%s` is the key of a LaunchDarkly %s, like %s.", key, section.Path(), key, map[string]string{"project": "web", "environment": "production"}[key])
		}
	}
	if !address(s.APIURL) {
		return section.Fault("api_url", "`api_url` of `%s` is an address like %s, with nothing after the path.", section.Path(), defaultAPI)
	}
	if s.SDKKey.IsZero() {
		return nil
	}
	if !address(s.StreamURL) {
		return section.Fault("stream_url", "`stream_url` of `%s` is the address that SDKs stream from, like https://stream.launchdarkly.com.", section.Path())
	}
	return nil
}

func address(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}
