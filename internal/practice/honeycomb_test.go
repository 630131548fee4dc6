package practice

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHoneycombIngest holds the practice Honeycomb against what the vendor says
// about each request.
func TestHoneycombIngest(t *testing.T) {
	many := `{"data":{"f":1}}`
	tests := map[string]struct {
		method, path, key, media, body string
		status                         int
		answer                         string
	}{
		"a batch":            {"POST", "/1/batch/mayday", "k", "application/json", `[{"time":"2026-01-02T15:04:05.99Z","samplerate":1,"data":{"a":1}},{"data":{}}]`, 200, `[{"status":202},{"status":400,"error":"Request body should not be empty."}]`},
		"without a time":     {"POST", "/1/batch/mayday", "k", "application/json", "[" + many + "]", 200, `[{"status":202}]`},
		"an event":           {"POST", "/1/events/mayday", "k", "application/json", `{"a":1}`, 200, ""},
		"a wrong key":        {"POST", "/1/batch/mayday", "x", "application/json", `[]`, 401, "unknown API key"},
		"no key":             {"POST", "/1/batch/mayday", "", "application/json", `[]`, 401, "unknown API key"},
		"nothing":            {"POST", "/1/batch/mayday", "k", "application/json", "", 400, "should not be empty"},
		"no JSON":            {"POST", "/1/batch/mayday", "k", "application/json", "[", 400, "malformed"},
		"another form":       {"POST", "/1/batch/mayday", "k", "application/json", `[{"datum":{}}]`, 400, "malformed"},
		"another media type": {"POST", "/1/batch/mayday", "k", "application/msgpack", `[]`, 400, "malformed"},
		"no dataset":         {"POST", "/1/batch/", "k", "application/json", `[]`, 404, "cannot be found"},
		"an unknown door":    {"POST", "/1/kinesis/mayday", "k", "application/json", `[]`, 404, "cannot be found"},
		"GET":                {"GET", "/1/batch/mayday", "k", "application/json", ``, 405, "not allowed"},
		"too large":          {"POST", "/1/events/mayday", "k", "application/json", `{"a":"` + strings.Repeat("x", hcEventBytes) + `"}`, 400, "too large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(NewHoneycomb("k"))
			defer server.Close()
			req, err := http.NewRequest(tt.method, server.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tt.media)
			req.Header.Set("X-Honeycomb-Team", tt.key)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != tt.status || !strings.Contains(string(body), tt.answer) {
				t.Errorf("got %d %s %v, want %d %s", res.StatusCode, body, err, tt.status, tt.answer)
			}
		})
	}
}
