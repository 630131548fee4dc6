package telemetry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"mayday/internal/telemetry"
)

// TestAnswersForPrograms: a password that is an ordinary word takes nothing out of
// what programs read; one that is none stands in no answer but a backup, where it
// was taken out before it was stored.
func TestAnswersForPrograms(t *testing.T) {
	var r telemetry.Redactor
	r.Add("postgres://postgres:postgres@db.example/shop")
	r.Add("s3cret-pass-word")
	const said, masked = `{"service":"postgres","title":"s3cret-pass-word"}`, `{"service":"postgres","title":"[redacted]"}`
	tests := map[string]struct{ kind, in, want string }{
		"JSON":         {"application/json", said, masked},
		"a stream":     {"text/event-stream", "event: postgres\ndata: " + said + "\n\n", "event: postgres\ndata: " + masked + "\n\n"},
		"metrics":      {"text/plain; version=0.0.4; charset=utf-8", `x{platform="postgres"} 1`, `x{platform="postgres"} 1`},
		"a program":    {"text/javascript; charset=utf-8", `ask("postgres")`, `ask("postgres")`},
		"a page":       {"text/html; charset=utf-8", "<p>postgres s3cret-pass-word", "<p>[redacted] [redacted]"},
		"an error":     {"text/plain; charset=utf-8", "no postgres", "no [redacted]"},
		"a postmortem": {"text/markdown; charset=utf-8", "# postgres", "# [redacted]"},
		"unknown":      {"", "no postgres", "no [redacted]"},
		"a backup":     {"application/vnd.sqlite3", "SQLite format 3\x00 postgres", "SQLite format 3\x00 postgres"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(r.Answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.kind != "" {
					w.Header().Set("Content-Type", tt.kind)
				}
				_, _ = io.WriteString(w, tt.in)
			})))
			defer server.Close()
			if _, got := fetch(t, server.URL); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestABackupKeepsItsLength: whoever reads it counts the bytes.
func TestABackupKeepsItsLength(t *testing.T) {
	var r telemetry.Redactor
	r.Add("postgres")
	whole := make([]byte, 100<<10)
	for n := range whole {
		whole[n] = "postgres\x00\xff"[n%10]
	}
	server := httptest.NewServer(r.Answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.sqlite3")
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		for at := 0; at < len(whole); at += 3000 {
			_, _ = w.Write(whole[at:min(len(whole), at+3000)])
			w.(http.Flusher).Flush()
		}
	})))
	defer server.Close()
	answer, got := fetch(t, server.URL)
	if answer.ContentLength != int64(len(whole)) || got != string(whole) {
		t.Errorf("got %d bytes of %d, announced as %d, or other ones", len(got), len(whole), answer.ContentLength)
	}
}

func fetch(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}
