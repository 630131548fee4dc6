package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzHost: only our own names pass, however they are written.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"", "localhost", "LOCALHOST.:80", "127.0.0.1:7373", "[::1]", "[::1]:80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:80:80", "[localhost]", "127.0.0.1:evil", "[::1]evil", "[::1]:evil", "::1", "localhost:", "localhost:99999", "[::ffff:127.0.0.1]", "a..", "localhost\x00", "a@localhost", "0x7f.1", "localhost."} {
		f.Add(s)
	}
	hosts, err := allowedHosts("https://mayday.acme.dev", nil)
	if err != nil {
		f.Fatal(err)
	}
	s := &Server{hosts: hosts}
	f.Fuzz(func(t *testing.T, host string) {
		name := HostName(host)
		if again := HostName(name); again != name {
			t.Errorf("%q is %q, and that is %q", host, name, again)
		}
		if s.knowsHost(&http.Request{Host: host}) != hosts[name] {
			t.Errorf("%q is %q, and that is judged otherwise", host, name)
		}
		if hosts[name] && strings.Contains(strings.ToLower(host), "evil") {
			t.Errorf("%q passes as %q", host, name)
		}
	})
}

// FuzzQuery: numbers in addresses are taken or refused with E24, and never less
// than nothing.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "state=open&limit=5&cursor=3", "since=7", "since=-1", "limit=0", "cursor=%00", "limit=99999999999999999999", "state=%ff", "limit=1&limit=2", ";", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: "/", RawQuery: query}
		if n, err := number(r.URL.Query().Get("since"), "since"); err == nil && n < 0 {
			t.Errorf("%q is since %d", query, n)
		}
		if filter, err := readFilter(r); err == nil && (filter.Before < 0 || filter.Limit < 0 || filter.Limit > pageMost) {
			t.Errorf("%q is %+v", query, filter)
		}
	})
}
