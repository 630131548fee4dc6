package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Whoever can read the data directory may make sign-in links while chat is down.
// The key lies in it for as long as the server runs, and is good for nothing
// else.

const hostName = "host.json"

// Host is how the command line reaches the server on the same machine.
type Host struct {
	URL string `json:"url"`
	Key string `json:"key"`
}

// OnHost reads how the running server is reached; a fault of kind unavailable
// when none runs, or it belongs to another account.
func OnHost(f *config.File, env config.Env) (Host, error) {
	set, err := read(f, env)
	if err != nil {
		return Host{}, err
	}
	if !set.postgres.IsZero() {
		return Host{}, fault.New(fault.Unavailable, "", "A store on Postgres has no directory in which a server says how it is reached.", "Use a token: MAYDAY_URL and MAYDAY_TOKEN.")
	}
	path := filepath.Join(set.data, hostName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Host{}, fault.Newf(fault.Unavailable, "", "No Mayday runs on %s.", set.data).WithHint("Start it, or use a token: MAYDAY_TOKEN.")
	}
	if err != nil {
		return Host{}, fault.Newf(fault.Refused, "", "%s cannot be read: it belongs to the account that Mayday runs as.", path).WithHint("Run this as that account, or use a token.").Because(err)
	}
	var h Host
	if err := json.Unmarshal(raw, &h); err != nil {
		return Host{}, fmt.Errorf("read %s: %w", path, err)
	}
	return h, nil
}

// tellHost writes the file once the address is known, and takes it away at the
// end. A server whose disk is full starts without it.
func (a *App) tellHost() error {
	if !a.set.postgres.IsZero() {
		return nil
	}
	path := filepath.Join(a.set.data, hostName)
	raw, err := json.Marshal(Host{URL: a.URL(), Key: a.hostKey})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err) // one that is left over may have other rights
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		a.log.Error("links from this machine need a token until the next start", "err", err)
		_ = os.Remove(path) // half of it is of no use
		return nil
	}
	a.stops.push("host key", func() error { return os.Remove(path) })
	return nil
}

// named finds somebody by the name in the configuration, with the role that a
// token of theirs gives.
func (s *settings) named(name string) (chat.User, error) {
	known := make([]string, 0, len(s.people.Same)+len(s.tokens))
	for _, p := range s.people.Same {
		known = append(known, p.Name)
		if strings.EqualFold(p.Name, name) {
			return chat.User{ID: p.IDs[web.Platform.Name], Name: p.Name, Role: s.tokenRole(p.IDs[web.Platform.Name])}, nil
		}
	}
	for _, t := range s.tokens {
		if t.Kind == "service" {
			continue
		}
		known = append(known, t.Name)
		if strings.EqualFold(t.Name, name) {
			return chat.User{ID: t.Name, Name: t.Name, Role: t.Role}, nil
		}
	}
	return chat.User{}, fault.Newf(fault.NotFound, "E23", "Nobody called %q is in the configuration.%s", chat.Clamp(chat.Clean(name), 40), fault.DidYouMean(name, known)).
		WithHint("Names stand in web.tokens and people.same.")
}

// tokenRole is the role that the token of an account in the war room gives.
func (s *settings) tokenRole(id string) string {
	for _, t := range s.tokens {
		if t.Name == id && t.Kind != "service" {
			return t.Role
		}
	}
	return ""
}

// signIn makes a link for somebody who asks in chat. They stay who they are there.
func (a *App) signIn(by incident.Person) string {
	home, id, _ := strings.Cut(by.ID, ":")
	if a.set.url == "" || by.Service || by.Outside || home == web.Platform.Name {
		return ""
	}
	return a.set.url + a.web.Link(chat.User{ID: id, Home: home, Name: by.Name, Role: string(by.Role)})
}

// verb is what a button does; an error when nobody knows it.
func (a *App) verb(ctx context.Context, id string) (string, error) {
	b, err := a.store.Button(ctx, id)
	return b.Verb, err
}
