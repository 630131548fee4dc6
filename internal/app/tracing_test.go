package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/internal/incident"
	"mayday/internal/postgrestest"
	"mayday/internal/practice"
)

const (
	honeyKey     = "hcaik_01cAnary0ingest0key0of0the0team00000000000000000000000000"
	hookSecret   = "cAnary-of-the-webhook-9f3a"
	honeySection = `}}, honeycomb: {key: "file:%[1]s/honey", api_url: "%[2]s"}, exec: {noop: {path: /bin/true`
)

// TestTraces follows a delivery to the messages about its incident, and a press
// to its act, at a Honeycomb which takes only what the vendor takes.
func TestTraces(t *testing.T) {
	comb := practice.NewHoneycomb(honeyKey)
	server := httptest.NewServer(comb)
	defer server.Close()
	dir := t.TempDir()
	s := newActStage(t, postgrestest.Start(t), actOptions{loop: true, on: fmt.Sprintf(honeySection, dir, server.URL), more: "pagerduty: {webhook_secret: 'file:" + dir + "/hook'}\n",
		files: map[string]string{dir + "/honey": honeyKey, dir + "/hook": hookSecret}})
	knock(t, s.app.URL(), "01EVENT", "P77", "search is slow, says "+hookSecret)
	s.eventually("the second incident stands", func() bool {
		number, err := s.app.store.BySource(t.Context(), "pagerduty", "P77")
		waiting, _, errDepth := s.app.store.Depth(t.Context())
		return err == nil && errDepth == nil && number == 2 && waiting == 0
	})
	c := s.sleeper("app", "report")
	s.cancelPreview(c)
	s.press("ana", "start")
	step := s.step()
	s.eventually("the act is done", func() bool { return s.inc().Step(step.ID).State == incident.Succeeded })
	s.stop() // which sends what waits

	spans := map[string][]practice.HoneycombEvent{}
	for _, e := range comb.Events() {
		spans[e.Text("name")] = append(spans[e.Text("name")], e)
		for field, value := range e.Data {
			if strings.Contains(fmt.Sprint(value), "cAnary") {
				t.Errorf("the span %s has a secret in %s: %v", e.Text("name"), field, value)
			}
		}
		if e.Dataset != "mayday" || e.Time.IsZero() {
			t.Errorf("got dataset %q at %s", e.Dataset, e.Time)
		}
	}
	for _, why := range comb.Refused() {
		t.Errorf("refused: %s", why)
	}
	chain := []practice.HoneycombEvent{
		one(t, spans["webhook"], "source", "pagerduty"),
		one(t, spans["event"], "incident", "INC-2"),
		one(t, spans["message"], "message", "INC-2:card"),
	}
	follows(t, chain)
	act := []practice.HoneycombEvent{one(t, spans["press"], "step", step.ID), one(t, spans["act"], "step", step.ID)}
	follows(t, act)
	if got := act[1].Text("incident"); got != "INC-1" {
		t.Errorf("the act names %q, want INC-1", got)
	}
}

// one is the first span with a field like that.
func one(t *testing.T, spans []practice.HoneycombEvent, field, value string) practice.HoneycombEvent {
	t.Helper()
	for _, e := range spans {
		if e.Text(field) == value {
			return e
		}
	}
	t.Fatalf("no span has %s = %s among %d", field, value, len(spans))
	return practice.HoneycombEvent{}
}

// follows checks that the spans are one trace, each the child of the one before.
func follows(t *testing.T, chain []practice.HoneycombEvent) {
	t.Helper()
	for n, e := range chain[1:] {
		before := chain[n]
		if e.Text("trace.trace_id") == "" || e.Text("trace.trace_id") != before.Text("trace.trace_id") {
			t.Errorf("%s is in trace %q, %s in %q", before.Text("name"), before.Text("trace.trace_id"), e.Text("name"), e.Text("trace.trace_id"))
		}
		if e.Text("trace.parent_id") != before.Text("trace.span_id") {
			t.Errorf("%s follows from span %q, want %q of %s", e.Text("name"), e.Text("trace.parent_id"), before.Text("trace.span_id"), before.Text("name"))
		}
	}
}

// knock delivers a signed PagerDuty event of an incident that triggered.
func knock(t *testing.T, url, id, key, title string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"event": map[string]any{"id": id, "event_type": "incident.triggered", "resource_type": "incident", "occurred_at": time.Now().Format(time.RFC3339Nano),
		"data": map[string]any{"id": key, "type": "incident", "title": title, "status": "triggered", "urgency": "high", "service": map[string]any{"id": "PSEARCH", "summary": "search"}}}})
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(body)
	req, err := http.NewRequest(http.MethodPost, url+"/hooks/pagerduty", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-PagerDuty-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusAccepted {
		t.Fatalf("the door answered %s, %v", res.Status, err)
	}
}
