package slack

import (
	"net/url"
	"slices"
	"strings"

	"mayday/internal/config"
)

// Modes. Slack delivers over one of them only.
const (
	modeSocket = "socket"
	modeHTTP   = "http"
)

const defaultAPI = "https://slack.com/api/"

// settings are `chat.slack`.
type settings struct {
	Mode          string              `yaml:"mode"`
	APIURL        string              `yaml:"api_url"`
	BotToken      config.Secret       `yaml:"bot_token"`
	AppToken      config.Secret       `yaml:"app_token"`
	SigningSecret config.Secret       `yaml:"signing_secret"`
	Team          config.List[string] `yaml:"team"`
	History       bool                `yaml:"history"`

	base *url.URL // ends with a slash
}

func readSettings(s config.Section) (settings, error) {
	own := settings{Mode: modeSocket, APIURL: defaultAPI}
	if err := s.Decode(&own); err != nil {
		return own, err
	}
	switch {
	case own.Mode != modeSocket && own.Mode != modeHTTP:
		return own, s.Fault("mode", "`%s.mode` is socket or http, not %q.", s.Path(), own.Mode)
	case own.BotToken.IsZero():
		return own, s.Fault("bot_token", "`%s.bot_token` is missing: the Bot User OAuth Token (xoxb-…), as env:NAME or file:/path.", s.Path())
	case own.Mode == modeSocket && own.AppToken.IsZero():
		return own, s.Fault("app_token", "`%s.app_token` is missing: mode socket needs an App-Level Token (xapp-…) with connections:write, as env:NAME or file:/path.", s.Path())
	case own.Mode == modeHTTP && own.SigningSecret.IsZero():
		return own, s.Fault("signing_secret", "`%s.signing_secret` is missing: mode http needs the Signing Secret of the app, to know who calls.", s.Path())
	}
	for _, id := range own.Team {
		if !isTeam(id) {
			return own, s.Fault("team", "`%s.team` is the id of a workspace, such as T0123ABCD, not %q.", s.Path(), id)
		}
	}
	return own, own.readURL(s)
}

func (own *settings) readURL(s config.Section) error {
	u, err := url.Parse(own.APIURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return s.Fault("api_url", "`%s.api_url` is no address: https://slack.com/api/, or what stands in for it.", s.Path())
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/"
	own.base = u
	return nil
}

// allowed reports whether somebody of a workspace may act. Without a list it is
// the bot's own, and nobody while that is not known.
func (own *settings) allowed(team, home string) bool {
	if len(own.Team) > 0 {
		return slices.Contains(own.Team, team)
	}
	return team != "" && team == home
}
