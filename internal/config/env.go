package config

import (
	"fmt"
	"io"
	"strings"
)

// Env is what the environment sets beside the file. Secrets are not here: they
// keep the names that the file gives them.
type Env struct {
	Config    string // MAYDAY_CONFIG: the file
	Listen    string // MAYDAY_LISTEN: address of the web listener
	Data      string // MAYDAY_DATA: folder of the store
	LogFormat string // MAYDAY_LOG: text or json
	LogLevel  string // MAYDAY_LOG_LEVEL: debug, info, warn, error
	URL       string // MAYDAY_URL: the server that the client commands call
	Token     string `json:"-"` // MAYDAY_TOKEN: the client's bearer token
	ReadOnly  bool   // MAYDAY_READ_ONLY: no step can act
}

// FromEnv reads the environment; lookup is os.LookupEnv outside of tests.
func FromEnv(lookup func(string) (string, bool)) Env {
	get := func(name string) string {
		value, _ := lookup(name)
		return strings.TrimSpace(value)
	}
	return Env{
		Config: get("MAYDAY_CONFIG"), Listen: get("MAYDAY_LISTEN"), Data: get("MAYDAY_DATA"),
		LogFormat: get("MAYDAY_LOG"), LogLevel: get("MAYDAY_LOG_LEVEL"),
		URL: get("MAYDAY_URL"), Token: get("MAYDAY_TOKEN"),
		ReadOnly: switchedOn(get("MAYDAY_READ_ONLY")),
	}
}

// switchedOn takes every value that does not clearly say no for a yes: who sets a
// safety switch with a typo must not get a bot that acts.
func switchedOn(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// Format hides the token from every verb.
func (e Env) Format(f fmt.State, _ rune) {
	token := ""
	if e.Token != "" {
		token = redacted
	}
	_, _ = io.WriteString(f, fmt.Sprintf("{Config:%s Listen:%s Data:%s LogFormat:%s LogLevel:%s URL:%s Token:%s ReadOnly:%t}",
		e.Config, e.Listen, e.Data, e.LogFormat, e.LogLevel, e.URL, token, e.ReadOnly))
}
