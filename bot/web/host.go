package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// allowedHosts are the names that pages and the JSON API answer to. A page that
// points its own name at our address (DNS rebinding) has another one.
func allowedHosts(link string, more []string) (map[string]bool, error) {
	hosts := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	if link != "" {
		u, err := url.Parse(link)
		if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("read web.url: %q is no http or https address", link)
		}
		name := HostName(u.Host)
		if name == "" {
			return nil, fmt.Errorf("read web.url: %q is no host name (international ones are written xn--…)", u.Hostname())
		}
		hosts[name] = true
	}
	for _, h := range more {
		name := HostName(h)
		if name == "" {
			return nil, fmt.Errorf("read web.hosts: %q is no host name (international ones are written xn--…)", h)
		}
		hosts[name] = true
	}
	return hosts, nil
}

// HostName is the name in a Host header or in web.hosts: without port, brackets
// and the dot at its end; "" for what
// RFC 3986 does not let stand in a Host header: a port that is no number of at
// most 16 bits, brackets around anything but an IPv6 address.
func HostName(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
	}
	if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil {
		return ""
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || err != nil || !addr.Is6() {
			return ""
		}
		return addr.String()
	}
	name = strings.TrimSuffix(name, ".")
	if strings.ContainsFunc(name, notInName) || strings.HasSuffix(name, ".") {
		return ""
	}
	return strings.ToLower(name)
}

// notInName: browsers send ASCII, international names as xn--.
func notInName(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`[]:@/\`, r)
}

func (s *Server) knowsHost(r *http.Request) bool { return s.hosts[HostName(r.Host)] }

// inside are endings of names that only a private network gives out.
var inside = []string{".svc", ".cluster.local", ".internal"}

// watchable lets monitors in that call by address or by a name of their own
// network: probes and scrapers of a cluster do. No stranger's page can have such
// a name.
func (s *Server) watchable(r *http.Request) bool {
	host := HostName(r.Host)
	if _, err := netip.ParseAddr(host); err == nil || s.knowsHost(r) {
		return true
	}
	if host == "" { // old probes send none; a malformed one is nobody's
		return r.Host == ""
	}
	return !strings.Contains(host, ".") || slices.ContainsFunc(inside, func(end string) bool { return strings.HasSuffix(host, end) })
}

// secure reports whether the browser reached us over TLS, ours or a proxy's.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil || s.proxied(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return true
	}
	u, err := url.Parse(s.o.URL)
	return err == nil && u.Scheme == "https" && HostName(u.Host) == HostName(r.Host)
}
