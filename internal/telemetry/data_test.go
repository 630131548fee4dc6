package telemetry_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mayday/internal/telemetry"
)

func TestDataStaysJSON(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	r.Add("incident") // the password of somebody who did not think
	tests := map[string]struct{ in, want string }{
		"nothing":       {`{"a": 1}`, `{"a": 1}`},
		"value":         {`{"a": "x s3cret-pass-word y"}`, `{"a": "x [redacted] y"}`},
		"key":           {`{"s3cret-pass-word": [1, 2]}`, `{"[redacted]": [1, 2]}`},
		"list":          {`["a","s3cret-pass-word" , "b"]`, `["a","[redacted]" , "b"]`},
		"long number":   {`{"n":12345678901234567890,"a":"s3cret-pass-word"}`, `{"n":12345678901234567890,"a":"[redacted]"}`},
		"order":         {`{"b":"s3cret-pass-word","a":null,"b":true}`, `{"b":"[redacted]","a":null,"b":true}`},
		"escaped":       {`{"a":"\u0022s3cret-pass-word\n"}`, `{"a":"\"[redacted]\n"}`},
		"not JSON":      {`password s3cret-pass-word {`, `password [redacted] {`},
		"ordinary word": {`{"event_type":"incident.triggered"}`, `{"event_type":"incident.triggered"}`},
		"its base64":    {`{"a":"aW5jaWRlbnQ="}`, `{"a":"[redacted]"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := string(r.Data([]byte(tt.in))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if got, want := r.Mask("incident"), "[redacted]"; got != want {
		t.Errorf("in words for people: got %q, want %q", got, want)
	}
}

func TestMaskLinesOfAKey(t *testing.T) {
	var r telemetry.Redactor
	r.Add("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nAAAABBBBCCCCDDDDEEEE\n-----END KEY-----")
	if got, want := r.Mask("-----BEGIN KEY----- MIIEvQIBADANBgkqhkiG"), "-----BEGIN KEY----- [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAnswersMask writes an answer in pieces of every size, so that the secret is
// divided at each of its letters.
func TestAnswersMask(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	whole := strings.Repeat("filler ", 4000) + "s3cret-pass-word" + strings.Repeat(" more", 4000)
	for _, size := range []int{1, 3, 7, 1024, len(whole)} {
		server := httptest.NewServer(r.Answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			w.WriteHeader(http.StatusTeapot)
			for at := 0; at < len(whole); at += size {
				_, _ = io.WriteString(w, whole[at:min(len(whole), at+size)])
			}
		})))
		got, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		server.Close()
		want := strings.Replace(whole, "s3cret-pass-word", "[redacted]", 1)
		if err != nil || string(body) != want || got.StatusCode != http.StatusTeapot {
			t.Errorf("pieces of %d: got %d bytes, want %d (%v, %d)", size, len(body), len(want), err, got.StatusCode)
		}
	}
}

// TestAnswersFlush: a stream is not held back.
func TestAnswersFlush(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	more := make(chan struct{})
	server := httptest.NewServer(r.Answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "data: s3cret-pass-word\n\n")
		w.(http.Flusher).Flush()
		<-more
	})))
	defer server.Close()
	defer close(more)
	got, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	buf := make([]byte, len("data: [redacted]\n\n"))
	if _, err := io.ReadFull(got.Body, buf); err != nil || string(buf) != "data: [redacted]\n\n" {
		t.Errorf("got %q, %v", buf, err)
	}
}

func TestClean(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	type message struct {
		Text string            `json:"text"`
		By   map[string]string `json:"by"`
	}
	got, err := telemetry.Clean(&r, message{Text: "it is s3cret-pass-word", By: map[string]string{"a": "b"}})
	if err != nil || got.Text != "it is [redacted]" || got.By["a"] != "b" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// manySecrets is more than any configuration has.
func manySecrets() *telemetry.Redactor {
	var r telemetry.Redactor
	for n := range 40 {
		r.Add(fmt.Sprintf("cAnary-%d-%032x", n, n*7919))
	}
	return &r
}

func BenchmarkMask(b *testing.B) {
	r := manySecrets()
	raw, _ := json.Marshal(strings.Repeat("errors: 12% (usual 0.3%) of https://shop.example/checkout?x=1 ", 64))
	text := string(raw)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if r.Mask(text) != text {
			b.Fatal("masked")
		}
	}
}

func BenchmarkData(b *testing.B) {
	r := manySecrets()
	raw := []byte(`{"event":{"data":{"title":"` + strings.Repeat("errors: 12% (usual 0.3%) ", 80) + `"}}}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Data(raw)
	}
}
