package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/incident"
)

func TestTheDocumentDescribesEveryRoute(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	s, err := New(newWorld().options())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.apiRoutes() {
		served = append(served, r.method+" "+apiRoot+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("routes (-served +described):\n%s", diff)
	}
	_, srv := newServer(t, newWorld().options())
	if status, _, _ := call(t, "GET", srv.URL+"/api/v1/openapi.json", "", ""); status != http.StatusOK {
		t.Errorf("the document is answered %d without a token", status)
	}
}

func TestAnswersMatchTheDocument(t *testing.T) {
	w := newWorld()
	i := checkout(42)
	i.Steps = []incident.Step{{ID: "s1", State: incident.Succeeded, Grade: incident.GradeLook, Plan: incident.Plan{Undo: "yes"}}}
	w.add(i)
	w.tell(42, start, "Ana", "Ana took it.", &incident.Owned{})
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Lines: []chat.Line{chat.L("card")}}, start)
	w.bodies = []incident.Received{{ID: 1, State: incident.InboxQuarantined, Body: []byte("{\xff"), Reason: "not JSON"}}
	_, srv := newServer(t, w.options())
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	fill := regexp.MustCompile(`\{[a-z]+\}`)
	for path, item := range doc.Paths.Map() {
		if item.Get == nil || strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "postmortem") {
			continue
		}
		url := fill.ReplaceAllString(path, map[bool]string{true: "s1", false: "42"}[strings.Contains(path, "steps")])
		url = strings.Replace(url, "rooms/42", "rooms/operations", 1)
		status, body, _ := call(t, "GET", srv.URL+url, "vi-token", "")
		var got any
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
			t.Errorf("GET %s: %d %s", url, status, body)
			continue
		}
		schema := item.Get.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value
		if err := schema.VisitJSON(got); err != nil {
			t.Errorf("GET %s: %v", url, err)
		}
	}
}

func TestAnswersToPostsMatchTheDocument(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	o := w.options()
	o.Rehearse = func(_ context.Context, by incident.Person, n int64, r bot.Rehearsal) (bot.Rehearsed, error) {
		if by.Name != "ana" || n != 42 || r.Playbook != "flag-off" || len(r.With) != 1 {
			t.Errorf("asked by %s for %d: %+v", by.Name, n, r)
		}
		return bot.Rehearsed{Playbook: r.Playbook, Steps: []bot.RehearsedStep{{Path: "0", Kind: "act", Text: "Turn it off", Plan: &incident.Plan{Title: "Turn it off"}}}}, nil
	}
	o.Backup = func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader("SQLite format 3")), 15, nil
	}
	o.Tokens = append(o.Tokens, Token{Name: "boss", Role: "admin", Token: config.NewSecret("boss-token")})
	_, srv := newServer(t, o)
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{
		"/api/v1/links":                      `{"for":"ana"}`,
		"/api/v1/commands":                   `{"text":"own"}`,
		"/api/v1/playbooks/{name}/rehearsal": `{"incident":"INC-42","with":["theme"]}`,
	} {
		status, got, _ := call(t, "POST", srv.URL+strings.ReplaceAll(path, "{name}", "flag-off"), "ana-token", body)
		var value any
		if err := json.Unmarshal([]byte(got), &value); err != nil || status != http.StatusOK {
			t.Errorf("POST %s: %d %s", path, status, got)
			continue
		}
		operation := doc.Paths.Value(path).Post
		if err := operation.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value.VisitJSON(value); err != nil {
			t.Errorf("POST %s: %v", path, err)
		}
		var sent any
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatal(err)
		}
		if err := operation.RequestBody.Value.Content["application/json"].Schema.Value.VisitJSON(sent); err != nil {
			t.Errorf("POST %s takes %s: %v", path, body, err)
		}
	}
	status, got, h := call(t, "POST", srv.URL+"/api/v1/backup", "boss-token", "")
	if status != http.StatusOK || got != "SQLite format 3" || h.Get("Content-Type") != "application/vnd.sqlite3" || h.Get("Content-Length") != "15" {
		t.Errorf("backup: %d %q %v", status, got, h)
	}
}

func TestThePostmortemHoldsFactsOnly(t *testing.T) {
	w := newWorld()
	i := checkout(42)
	i.Title = "checkout [click](http://evil.example) <b>"
	w.add(i)
	w.tell(42, start, "Ana", "Ana took it.", &incident.Owned{})
	w.mu.Lock()
	w.entries[42] = append(w.entries[42], incident.Entry{Seq: 2, At: start, Text: "housekeeping", Quiet: true, Body: &incident.Life{}})
	w.mu.Unlock()
	_, srv := newServer(t, w.options())
	_, body, h := call(t, "GET", srv.URL+"/api/v1/incidents/42/postmortem", "vi-token", "")
	if !strings.HasPrefix(h.Get("Content-Type"), "text/markdown") {
		t.Errorf("content type is %q", h.Get("Content-Type"))
	}
	for _, want := range []string{"# INC-42", "2026-03-10 14:08:00 Ana took it.", "Nothing was posted in #status.", "Nothing was run.", "What made this possible?"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in:\n%s", want, body)
		}
	}
	for _, never := range []string{"housekeeping", "[click](", "<b>"} {
		if strings.Contains(body, never) {
			t.Errorf("%q is in:\n%s", never, body)
		}
	}
}
