package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// A listener without TLS that others can reach stands behind a proxy
// (`web.trust_proxy`). Only that proxy may say over what people came and who
// they are, and pages and the API are only answered through it.

// peer is the address that the connection comes from.
func peer(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	at, err := netip.ParseAddr(host)
	return at.Unmap().WithZone(""), err == nil
}

// proxied reports whether a proxy that is trusted passed the request on.
func (s *Server) proxied(r *http.Request) bool {
	at, ok := peer(r)
	return ok && slices.ContainsFunc(s.o.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// around refuses who comes in around the proxy, in plain text over the network.
// The machine itself may.
func (s *Server) around(r *http.Request) error {
	if len(s.o.Proxies) == 0 || r.TLS != nil || s.proxied(r) {
		return nil
	}
	if at, ok := peer(r); ok && at.IsLoopback() {
		return nil
	}
	return fault.New(fault.Refused, "", "The war room is reached through its proxy.", "Open it by its own address; web.url in the configuration says which.")
}

// announced is who the proxy says this is; "" when it says nothing, or somebody
// else pretends to be the proxy.
func (s *Server) announced(r *http.Request) string {
	if s.o.UserHeader == "" || !s.proxied(r) {
		return ""
	}
	all := r.Header.Values(s.o.UserHeader)
	if len(all) != 1 { // two of them: one is not the proxy's
		return ""
	}
	return strings.TrimSpace(chat.Clean(all[0]))
}

// recognised is somebody whom the proxy or a provider has signed in. Who is not
// in the configuration may look.
func (s *Server) recognised(from, name string, found chat.User, known bool) chat.User {
	if known {
		return found
	}
	return chat.User{ID: from + ":" + name, Name: chat.Clamp(name, 60), Role: "viewer"}
}

// byProxy answers the visitor that the proxy announces.
func (s *Server) byProxy(r *http.Request, name string) visitor {
	var found chat.User
	known := false
	if s.o.Recognise != nil {
		found, known = s.o.Recognise(Identity{Name: name, Email: name})
	}
	v := visitor{user: s.recognised("proxy", name, found, known), proxy: true}
	if key := s.cookie(r); key != "" {
		if x, ok := s.sessions.find(key); ok && x.via == viaProxy && x.user.ID == v.user.ID {
			v.cookie = key
		}
	}
	return v
}

// withPlace gives a visitor of the proxy a place where answers can wait: the page
// that comes after a press.
func (s *Server) withPlace(w http.ResponseWriter, r *http.Request, v visitor) visitor {
	if v.proxy && v.cookie == "" {
		v.cookie = s.sessions.start(v.user, viaProxy, s.o.Now())
		s.setCookie(w, r, v.cookie)
	}
	return v
}
