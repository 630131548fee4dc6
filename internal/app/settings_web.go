package app

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// webDoor is how the war room is reached from outside this machine.
type webDoor struct {
	cert       *certificate
	proxies    []netip.Prefix
	userHeader string
	oidc       *web.OIDC
	hosts      []string // more names that it is called by
}

// webSection is `web` as the file has it.
type webSection struct {
	Listen     string         `yaml:"listen"`
	URL        string         `yaml:"url"`
	Read       string         `yaml:"read"`
	TrustProxy config.Strings `yaml:"trust_proxy"`
	UserHeader string         `yaml:"user_header"`
	Hosts      config.Strings `yaml:"hosts"`
	TLS        struct {
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	OIDC struct {
		Title  string        `yaml:"title"`
		Issuer string        `yaml:"issuer"`
		ID     string        `yaml:"client_id"`
		Secret config.Secret `yaml:"client_secret"`
	} `yaml:"oidc"`
	Tokens []tokenSection `yaml:"tokens"`
}

type tokenSection struct {
	Name  string        `yaml:"name"`
	Role  string        `yaml:"role"`
	Kind  string        `yaml:"kind"`
	Token config.Secret `yaml:"token"`
}

func (s *settings) readWeb(env config.Env) error {
	var w webSection
	section := s.file.Section("web")
	if section.Exists() {
		if err := section.Decode(&w); err != nil {
			return err
		}
	}
	s.listen, s.url, s.openRead = "127.0.0.1:7373", strings.TrimSuffix(w.URL, "/"), w.Read == "anyone"
	if w.Read != "" && w.Read != "anyone" {
		return section.Fault("read", "`read` is anyone, or left out, not %q", w.Read)
	}
	errs := []error{checkURL(section, w.URL), s.readListen(section, w.Listen, env.Listen)}
	for n, item := range section.Sub("tokens").Items() {
		errs = append(errs, s.readToken(item, w.Tokens[n]))
	}
	errs = append(errs, s.readTLS(section, w), s.readProxy(section, w), s.readHosts(section, w), s.readOIDC(section, w))
	if err := config.Join(errs...); err != nil {
		return err
	}
	return s.exposed(section)
}

// checkURL refuses an address that no link can begin with.
func checkURL(section config.Section, written string) error {
	if written == "" {
		return nil
	}
	u, err := url.Parse(written)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return section.Fault("url", "`url` is an http or https address, like https://mayday.example.com, not %s", config.Quoted(written))
	}
	if web.HostName(u.Host) == "" {
		return section.Fault("url", "`url` has no host name in it that a browser may send: %s; international ones are written xn--…", config.Quoted(u.Host))
	}
	return nil
}

// readListen reads where to listen: the environment's word counts more than the
// file's, and a mistake in either is refused.
func (s *settings) readListen(section config.Section, written, fromEnv string) error {
	if problem := unlistenable(written); problem != "" {
		return section.Fault("listen", "`listen` %s", problem)
	}
	if problem := unlistenable(fromEnv); problem != "" {
		return fault.New(fault.Invalid, "E24", "The address to listen on "+problem+".", "Look at MAYDAY_LISTEN and --listen.")
	}
	for _, listen := range []string{written, fromEnv} {
		if listen != "" {
			s.listen = listen
		}
	}
	return nil
}

// unlistenable says why nobody can listen on an address; "" when they may.
func unlistenable(address string) string {
	if address == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return "is an address and a port, like 127.0.0.1:7373, not " + config.Quoted(address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "has a port from 0 to 65535, like 127.0.0.1:7373, not " + config.Quoted(address)
	}
	return ""
}

func (s *settings) readToken(item config.Section, t tokenSection) error {
	role, err := incident.ParseRole(t.Role)
	switch {
	case t.Name == "":
		return item.Fault("name", "a token needs a name")
	case err != nil:
		return item.Fault("role", "token %s: %v", t.Name, err)
	case t.Kind != "" && t.Kind != "service" && t.Kind != "person":
		return item.Fault("kind", "token %s: `kind` is person or service", t.Name)
	case t.Token.IsZero():
		return item.Fault("token", "token %s: `token` is missing, as in token: env:ANA_TOKEN", t.Name)
	}
	s.tokens = append(s.tokens, web.Token{Name: t.Name, Role: string(role), Kind: t.Kind, Token: t.Token})
	return nil
}

func (s *settings) readTLS(section config.Section, w webSection) error {
	if w.TLS.Cert == "" && w.TLS.Key == "" {
		return nil
	}
	if w.TLS.Cert == "" || w.TLS.Key == "" {
		return section.Fault("tls", "`tls` takes both cert and key, paths of PEM files")
	}
	c := &certificate{cert: s.beside(w.TLS.Cert), key: s.beside(w.TLS.Key)}
	if err := c.load(); err != nil {
		return section.Fault("tls", "`tls` cannot be used: %v", err)
	}
	s.door.cert = c
	return nil
}

// beside is a path as the file means it: relative to the file.
func (s *settings) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.file.Name()), path)
}

func (s *settings) readProxy(section config.Section, w webSection) error {
	for _, written := range w.TrustProxy {
		p, err := prefix(written)
		if err != nil {
			return section.Fault("trust_proxy", "`trust_proxy` is a list of addresses or networks, like 10.0.0.0/8, not %q", written)
		}
		if p.Bits() == 0 {
			return section.Fault("trust_proxy", "`trust_proxy` may not be everybody (%s): anybody could say who they are", written)
		}
		s.door.proxies = append(s.door.proxies, p)
	}
	if w.UserHeader != "" && len(s.door.proxies) == 0 {
		return section.Fault("user_header", "`user_header` needs trust_proxy: from everybody else the header is not believed")
	}
	s.door.userHeader = w.UserHeader
	return nil
}

func (s *settings) readHosts(section config.Section, w webSection) error {
	for _, written := range w.Hosts {
		if web.HostName(written) == "" {
			return section.Fault("hosts", "`hosts` is a list of host names, like mayday.ops.svc, not %q; international ones are written xn--…", written)
		}
	}
	s.door.hosts = w.Hosts
	return nil
}

// prefix reads a network, or one address.
func prefix(written string) (netip.Prefix, error) {
	if at, err := netip.ParseAddr(written); err == nil {
		return netip.PrefixFrom(at.Unmap(), at.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(written)
	return p.Masked(), err
}

func (s *settings) readOIDC(section config.Section, w webSection) error {
	o := w.OIDC
	if o.Issuer == "" && o.ID == "" && o.Secret.IsZero() {
		return nil
	}
	if o.Issuer == "" || o.ID == "" || o.Secret.IsZero() {
		return section.Fault("oidc", "`oidc` takes issuer, client_id and client_secret")
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(net.JoinHostPort(u.Hostname(), "0"))) {
		return section.Fault("oidc", "`issuer` is an https address, not %q", o.Issuer)
	}
	if s.url == "" {
		return section.Fault("oidc", "`oidc` needs web.url: the provider sends people back there")
	}
	title := o.Title
	if title == "" {
		title = u.Hostname()
	}
	s.door.oidc = &web.OIDC{Title: title, Issuer: o.Issuer, ClientID: o.ID, Secret: o.Secret}
	return nil
}

// exposed refuses an address that others can reach when nobody must sign in
// there, or when what they say goes over the network as it is (P20).
func (s *settings) exposed(section config.Section) error {
	if loopback(s.listen) {
		return nil
	}
	if len(s.tokens) == 0 && s.door.oidc == nil && s.door.userHeader == "" {
		return section.Fault("listen", "web.listen is %s, which others can reach: add web.tokens or web.oidc, or listen on 127.0.0.1", s.listen)
	}
	if s.door.cert == nil && len(s.door.proxies) == 0 {
		return section.Fault("listen", "web.listen is %s, and tokens would go over the network in plain text: add web.tls: {cert, key}, "+
			"or web.trust_proxy with the addresses of the proxy that speaks TLS, or listen on 127.0.0.1", s.listen)
	}
	return nil
}

// loopback reports whether only this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// recognise finds a person of the configuration by what a proxy or a provider
// says of them: a verified address, a subject, or the name that a proxy uses.
func (s *settings) recognise(i web.Identity) (chat.User, bool) {
	for _, p := range s.people.Same {
		mail := i.Email != "" && strings.EqualFold(p.Email, i.Email)
		subject := i.Subject != "" && p.Subject == i.Subject
		name := i.Subject == "" && i.Name != "" && p.IDs[web.Platform.Name] == i.Name
		if mail || subject || name {
			id := p.IDs[web.Platform.Name]
			return chat.User{ID: id, Name: p.Name, Role: s.tokenRole(id)}, true
		}
	}
	return chat.User{}, false
}
