package practice

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func press(t *testing.T, base, path string, form url.Values) string {
	t.Helper()
	resp, err := http.PostForm(base+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestThePageWorksWithoutScripts(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	in := &inbox{}
	p := newRange(t, in, nil)
	base, err := p.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := press(t, base, "/practice/trigger", url.Values{"title": {"<script>x</script>"}, "service": {"search"}})
	for _, want := range []string{"<title>PRETEND PagerDuty</title>", "&lt;script&gt;x", "triggered", "search"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script")
	}
	id := p.incidents[0].id
	if page = press(t, base, "/practice/acknowledge", url.Values{"id": {id}, "by": {"Li"}}); !strings.Contains(page, `tag acknowledged`) {
		t.Errorf("not acknowledged:\n%s", page)
	}
	if page = press(t, base, "/practice/resolve", url.Values{"id": {id}, "by": {"Li"}}); !strings.Contains(page, `tag resolved`) {
		t.Errorf("not resolved:\n%s", page)
	}
	if page = press(t, base, "/practice/resolve", url.Values{"id": {id}, "by": {"Li"}}); !strings.Contains(page, "is resolved.") {
		t.Errorf("a second press is not explained:\n%s", page)
	}
	settled(t, p)
	if got := strings.Join(in.types(t), " "); got != "incident.triggered incident.acknowledged incident.resolved" {
		t.Errorf("webhooks: %s", got)
	}
}

func TestThePageIsForThisMachineOnly(t *testing.T) {
	p := newRange(t, nil, nil)
	tests := []struct {
		name, host, origin string
		status             int
	}{
		{"from the page", "127.0.0.1:9", "http://127.0.0.1:9", http.StatusSeeOther},
		{"from another site", "127.0.0.1:9", "https://evil.example", http.StatusForbidden},
		{"under another name", "evil.example", "http://evil.example", http.StatusForbidden},
	}
	for _, tc := range tests {
		r := httptest.NewRequest(http.MethodPost, "/practice/trigger", strings.NewReader("title=x"))
		r.Host = tc.host
		r.Header.Set("Origin", tc.origin)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("%s: got %d, want %d", tc.name, w.Code, tc.status)
		}
	}
}
