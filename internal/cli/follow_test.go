package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/internal/config"
)

// TestHowARunEnds: every end has its exit code, and what is not known is never
// called failed.
func TestHowARunEnds(t *testing.T) {
	at := time.Date(2026, 3, 10, 14, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		run, step, code string
		outcome         string
		want            int
		says            string
	}{
		"done":                            {run: "done", step: "SUCCEEDED", want: exitOK},
		"done, but it did not help":       {run: "done", step: "SUCCEEDED", outcome: "not_helped", want: exitUnmet, says: "did not help"},
		"done, check not met":             {run: "done", step: "SUCCEEDED", outcome: "not_met", want: exitUnmet},
		"an optional step failed":         {run: "done", step: "FAILED_PROVEN", want: exitOK},
		"a step failed":                   {run: "paused", step: "FAILED_PROVEN", code: "E14", want: exitStep, says: "a step failed"},
		"nobody knows":                    {run: "paused", step: "UNKNOWN", code: "E13", want: exitUnknown, says: "nobody knows"},
		"nobody knows, and it went on":    {run: "done", step: "UNKNOWN", want: exitUnknown},
		"declined":                        {run: "stopped", step: "DENIED", want: exitRefused},
		"nobody approved in time":         {run: "paused", step: "EXPIRED", want: exitRefused},
		"the target moved":                {run: "paused", step: "REFUSED_STALE", code: "E10", want: exitRefused},
		"a check says no":                 {run: "paused", step: "FAILED_PROVEN", code: "E8", want: exitRefused},
		"a right is missing":              {run: "paused", step: "FAILED_PROVEN", code: "E6", want: exitRefused},
		"the target cannot be reached":    {run: "paused", step: "FAILED_PROVEN", code: "E5", want: exitUnreachable, says: "cannot be reached"},
		"stopped before there was a step": {run: "stopped", want: exitFailed, says: "it was stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			inc := map[string]any{"id": "INC-1", "steps": []any{}, "in_force": []any{}}
			results := []any{}
			if c.step != "" {
				inc["steps"] = []any{map[string]any{"id": "s1", "run": "r1", "state": c.step, "code": "4f2k9a1b", "reason_code": c.code, "started_at": at, "ended_at": at.Add(2 * time.Second),
					"plan": map[string]any{"title": "Turn off new-cart\x1b[31m", "undo": "yes"}}}
				results = append(results, map[string]any{"path": "1", "outcome": c.outcome, "step": "s1", "at": at})
			}
			inc["runs"] = []any{map[string]any{"id": "r1", "playbook": "flag-off", "state": c.run, "by": "Ana", "results": results}}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(inc) }))
			defer srv.Close()
			var out, words bytes.Buffer
			r := &run{ctx: t.Context(), out: &out, words: &words, env: config.Env{URL: srv.URL, Token: "t"}, lookup: func(string) (string, bool) { return "", false }}
			err := (&follow{remote: &remote{}, incident: "INC-1", run: "r1"}).to(r)
			if got := r.finish(err); got != c.want || !strings.Contains(words.String(), c.says) {
				t.Errorf("got %d, want %d and %q in:\n%s%s", got, c.want, c.says, out.String(), words.String())
			}
			if strings.Contains(out.String()+words.String(), "\x1b") {
				t.Error("what came from elsewhere reaches the terminal as it is")
			}
		})
	}
}

// TestRefusalsHaveTheirExitCodes: as the server answers, so the program ends.
func TestRefusalsHaveTheirExitCodes(t *testing.T) {
	for status, want := range map[int]int{400: exitUsage, 401: exitRefused, 403: exitRefused, 404: exitFailed, 409: exitFailed, 410: exitFailed, 413: exitUsage,
		429: exitUnreachable, 500: exitFailed, 503: exitUnreachable, 302: exitFailed} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/stolen" {
				t.Error("the token was sent on")
			}
			w.Header().Set("Location", "/stolen")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":{"code":"E9","message":"No.","hint":"Ask."}}`)
		}))
		var out, words bytes.Buffer
		r := &run{ctx: t.Context(), out: &out, words: &words, env: config.Env{URL: srv.URL, Token: "t"}, lookup: func(string) (string, bool) { return "", false }}
		if got := r.finish((&incidentsCmd{State: "open", Limit: 5}).Run(r)); got != want || !strings.Contains(words.String(), "No.\nAsk. (E9)") {
			t.Errorf("%d: got %d, want %d, and it says %q", status, got, want, words.String())
		}
		srv.Close()
	}
	for code, want := range map[string]int{"E16": exitRefused, "E10": exitRefused, "E13": exitUnknown, "E24": exitUsage, "E26": exitUnreachable, "E15": exitFailed, "not_found": exitFailed} {
		var e *exit
		if err := refusal(http.StatusConflict, []byte(`{"error":{"code":"`+code+`","message":"No."}}`)); !errors.As(err, &e) || e.code != want {
			t.Errorf("409 with %s: got %v, want exit code %d", code, err, want)
		}
	}
	var words bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := &run{ctx: ctx, out: &words, words: &words, env: config.Env{URL: "http://127.0.0.1:1", Token: "t"}, lookup: func(string) (string, bool) { return "", false }}
	if got := r.finish((&incidentsCmd{State: "open"}).Run(r)); got != exitStopped {
		t.Errorf("interrupted: got %d, want %d", got, exitStopped)
	}
}

// TestWordsOfTheGrammar: what is typed in a shell means the same to the server.
func TestWordsOfTheGrammar(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"kill-queries", "database=payments-db", "older_than=5m"}, "run kill-queries database=payments-db older_than=5m"},
		{[]string{"x", "title=two words"}, `run x title="two words"`},
		{[]string{"x", `title=a "b" c`}, `run x title=“a "b" c”`},
		{[]string{"two words"}, `run "two words"`},
		{[]string{"a=b=c"}, "run a=b=c"},
		{[]string{"Not=named"}, "run Not=named"},
		{[]string{"empty="}, `run empty=""`},
	} {
		got := typing("run").words(c.words...)
		if text := strings.Join(got.parts, " "); got.err != nil || text != c.want {
			t.Errorf("%q: got %s (%v), want %s", c.words, text, got.err, c.want)
		}
	}
	var e *exit
	if got := typing("run").words(`a"b“c'd e`); !errors.As(got.err, &e) || e.code != exitUsage {
		t.Errorf("every quote at once: got %v", got.err)
	}
}
