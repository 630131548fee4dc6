package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
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
