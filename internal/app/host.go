package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

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

// Host is how the command line reaches the server on the same machine: at a
// listener that makes sign-in links and does nothing else.
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

// tellHost listens for the command line on the same machine, writes the file
// that says where, and takes both away at the end. The listener is one of its
// own, on loopback: the war room's may have another address, names, a proxy or a
// certificate in the way. A server on a full disk starts without it.
func (a *App) tellHost(ctx context.Context) error {
	if !a.set.postgres.IsZero() {
		return nil
	}
	path := filepath.Join(a.set.data, hostName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err) // one that is left over may have other rights
	}
	listener, err := onLoopback(ctx)
	if err != nil {
		a.log.Error("links from this machine need a token until the next start", "err", err)
		return nil
	}
	a.serveHost(listener)
	raw, err := json.Marshal(Host{URL: "http://" + listener.Addr().String(), Key: a.hostKey})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		a.log.Error("links from this machine need a token until the next start", "err", err)
		_ = os.Remove(path) // half of it is of no use
		return nil
	}
	a.stops.push("host key", func() error { return os.Remove(path) })
	return nil
}

// onLoopback listens where this machine alone can call, on a free port.
func onLoopback(ctx context.Context) (net.Listener, error) {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", "127.0.0.1:0")
	if err == nil {
		return listener, nil
	}
	six, errSix := l.Listen(ctx, "tcp", "[::1]:0")
	if errSix != nil {
		return nil, fmt.Errorf("listen on loopback: %w", errors.Join(err, errSix))
	}
	return six, nil
}

// hostPatience is how long a call of the command line may take.
const hostPatience = 10 * time.Second

func (a *App) serveHost(l net.Listener) {
	server := &http.Server{Handler: a.tel.Redactor().Answers(a.web.HostHandler(a.browserURL())), ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: hostPatience, ReadTimeout: hostPatience, WriteTimeout: hostPatience, IdleTimeout: hostPatience, MaxHeaderBytes: 8 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	a.stops.push("host", func() error {
		err := server.Close()
		if cause := <-served; !errors.Is(cause, http.ErrServerClosed) {
			err = errors.Join(err, cause)
		}
		return err
	})
}

// browserURL is where a browser finds the war room when no web.url says so: on
// this machine, where it listens on all addresses.
func (a *App) browserURL() string {
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if at, errAt := netip.ParseAddr(host); err != nil || errAt != nil || !at.IsUnspecified() {
		return a.URL()
	}
	scheme, _, _ := strings.Cut(a.URL(), "//")
	return scheme + "//localhost:" + port
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
// Who asks in the war room gets none, wherever they came from: chat proves who
// they are, a browser that was left open does not.
func (a *App) signIn(by incident.Person) string {
	home, id, _ := strings.Cut(by.ID, ":")
	if a.set.url == "" || by.Service || by.Outside || home == web.Platform.Name || by.Via == web.Platform.Name {
		return ""
	}
	path := a.web.Link(chat.User{ID: id, Home: home, Name: by.Name, Role: string(by.Role)})
	if path == "" {
		return ""
	}
	return a.set.url + path
}

// links is where sign-in links lie that every process may redeem; nil where there
// is one process only.
func (a *App) links() web.Links {
	if a.set.postgres.IsZero() {
		return nil
	}
	return discreetStore{Store: a.store, redactor: a.tel.Redactor()}
}

// verb is what a button does; an error when nobody knows it.
func (a *App) verb(ctx context.Context, id string) (string, error) {
	b, err := a.store.Button(ctx, id)
	return b.Verb, err
}
