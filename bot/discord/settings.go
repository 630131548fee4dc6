package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"mayday/internal/config"
)

// Modes. Discord delivers over one of them only.
const (
	modeGateway = "gateway"
	modeHTTP    = "http"
)

const defaultAPI = "https://discord.com"

// settings are `chat.discord`.
type settings struct {
	Mode          string        `yaml:"mode"`
	APIURL        string        `yaml:"api_url"`
	Token         config.Secret `yaml:"token"`
	ApplicationID value         `yaml:"application_id"`
	PublicKey     value         `yaml:"public_key"`
	Server        value         `yaml:"server"`

	base *url.URL
	key  ed25519.PublicKey
}

// value is an id or a key: text, a bare number, or a reference like a secret's.
type value struct{ text string }

// UnmarshalConfig takes all three.
func (v *value) UnmarshalConfig(s config.Section) error {
	var number uint64
	if s.Decode(&number) == nil {
		v.text = strconv.FormatUint(number, 10)
		return nil
	}
	var text string
	if err := s.Decode(&text); err != nil {
		return err
	}
	if !strings.HasPrefix(text, "env:") && !strings.HasPrefix(text, "file:") {
		v.text = strings.TrimSpace(text)
		return nil
	}
	var ref config.Secret
	if err := s.Decode(&ref); err != nil {
		return err
	}
	revealed, err := ref.Reveal()
	if err != nil {
		return s.Fault("", "%s", err.Error())
	}
	v.text = strings.TrimSpace(revealed)
	return nil
}

func readSettings(s config.Section) (settings, error) {
	own := settings{Mode: modeGateway, APIURL: defaultAPI}
	if err := s.Decode(&own); err != nil {
		return own, err
	}
	switch {
	case own.Mode != modeGateway && own.Mode != modeHTTP:
		return own, s.Fault("mode", "`%s.mode` is gateway or http, not %q.", s.Path(), own.Mode)
	case own.Token.IsZero():
		return own, s.Fault("token", "`%s.token` is missing: the token of the bot, as env:NAME or file:/path.", s.Path())
	case own.Server.text == "":
		return own, s.Fault("server", "`%s.server` is missing: the id of the server (right-click it, Copy Server ID).", s.Path())
	case !isID(own.Server.text):
		return own, s.Fault("server", "`%s.server` is the number of the server, not its name.", s.Path())
	case own.ApplicationID.text != "" && !isID(own.ApplicationID.text):
		return own, s.Fault("application_id", "`%s.application_id` is a number: the Application ID of the portal.", s.Path())
	}
	if err := own.readKey(s); err != nil {
		return own, err
	}
	return own, own.readURL(s)
}

func (own *settings) readKey(s config.Section) error {
	if own.PublicKey.text == "" {
		if own.Mode == modeHTTP {
			return s.Fault("public_key", "`%s.public_key` is missing: mode http needs the Public Key of the portal, to know who calls.", s.Path())
		}
		return nil
	}
	key, err := hex.DecodeString(own.PublicKey.text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return s.Fault("public_key", "`%s.public_key` is not a public key: it has 64 characters, 0-9 and a-f.", s.Path())
	}
	own.key = key
	return nil
}

func (own *settings) readURL(s config.Section) error {
	u, err := url.Parse(own.APIURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return s.Fault("api_url", "`%s.api_url` is no address: https://discord.com, or what stands in for it.", s.Path())
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return s.Fault("api_url", "`%s.api_url` is scheme and host only; /api/vN is added.", s.Path())
	}
	own.base = u
	return nil
}
