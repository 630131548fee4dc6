package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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
		hosts[strings.ToLower(u.Hostname())] = true
	}
	for _, h := range more {
		hosts[bareHost(h)] = true
	}
	return hosts, nil
}

// bareHost is the name without port, brackets and the dot at its end.
func bareHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func (s *Server) knowsHost(r *http.Request) bool { return s.hosts[bareHost(r.Host)] }

// inside are endings of names that only a private network gives out.
var inside = []string{".svc", ".cluster.local", ".internal"}

// watchable lets monitors in that call by address or by a name of their own
// network: probes and scrapers of a cluster do. No stranger's page can have such
// a name.
func (s *Server) watchable(r *http.Request) bool {
	host := bareHost(r.Host)
	if _, err := netip.ParseAddr(host); err == nil || s.knowsHost(r) {
		return true
	}
	return !strings.Contains(host, ".") || slices.ContainsFunc(inside, func(end string) bool { return strings.HasSuffix(host, end) })
}

// secure reports whether the browser reached us over TLS, ours or a proxy's.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil || s.proxied(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return true
	}
	u, err := url.Parse(s.o.URL)
	return err == nil && u.Scheme == "https" && bareHost(u.Host) == bareHost(r.Host)
}
