package alertmanager

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
)

const (
	anID   = "5b2c1f6e-2f0d-4c53-9a51-0c7d2b1f7a11"
	anyURL = "" // of answering: the body of every path that has none of its own
	inList = `{"id":"` + anID + `","matchers":[{"name":"app","value":"checkout","isRegex":false}],"createdBy":"li","status":{"state":"active"}}`
)

// answering is the adapter on a server that gives each path its answer: "404 text"
// and "503 text", or a body that is sent with 200.
func answering(t *testing.T, bodies map[string]string) *stage {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[strings.TrimPrefix(r.URL.Path, "/api/v2")]
		if !ok {
			body = bodies[anyURL]
		}
		switch status, text, _ := strings.Cut(body, " "); status {
		case "404":
			http.Error(w, text, http.StatusNotFound)
		case "503":
			http.Error(w, text, http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(server.Close)
	return newStage(t, server.URL)
}

// aboutOne and aboutAll are the errors of everything that reads one silence, or
// the lists. An answer beside an error is a statement all the same.
func (s *stage) aboutOne(id string) map[string]error {
	s.Helper()
	plan, planErr := s.action(expireName).Plan(s.Context(), integrations.Args{"silence": id})
	seen, probeErr := s.action(expireName).Probe(s.Context(), integrations.Plan{Args: map[string]any{"silence": id}}, s.kept)
	if planErr != nil && plan.Title != "" || probeErr != nil && seen != (integrations.Evidence{}) {
		s.Errorf("got %+v, %+v beside the errors", plan, seen)
	}
	return map[string]error{"plan to end": planErr, "probe of an end": probeErr}
}

func (s *stage) aboutAll() map[string]error {
	s.Helper()
	record := map[string]string{keyMatchers: `[{"name":"app","value":"checkout"}]`, keyFor: "1h"}
	table, lookErr := s.action(silencesName).Look(s.Context(), nil)
	_, planErr := s.action(silenceName).Plan(s.Context(), integrations.Args{"service": "checkout"})
	seen, probeErr := s.action(silenceName).Probe(s.Context(), integrations.Plan{Title: "Silence", Note: note}, s.kept)
	_, undoErr := s.action(silenceName).Undo(s.Context(), integrations.Receipt{Values: record})
	if lookErr != nil && table.Summary != "" || probeErr != nil && seen != (integrations.Evidence{}) {
		s.Errorf("got %+v, %+v beside the errors", table, seen)
	}
	return map[string]error{"look": lookErr, "plan to silence": planErr, "probe of a silence": probeErr, "undo": undoErr}
}

func refusals(t *testing.T, errs map[string]error, code, words string) {
	t.Helper()
	for what, err := range errs {
		t.Run(what, func(t *testing.T) { refusal(t, err, code, words) })
	}
}

// TestNotFoundFromSomebodyInFront: an ingress without a backend knows nothing of
// silences, so nothing is said of them.
func TestNotFoundFromSomebodyInFront(t *testing.T) {
	st := answering(t, map[string]string{anyURL: "404 default backend - 404"})
	for what, err := range st.aboutAll() {
		refusal(t, err, "E24", "said no (404)")
		if r, ok := integrations.AsRejected(err); !ok || !strings.HasPrefix(r.Fix, "Check alertmanager.url") {
			t.Errorf("%s: got %v, want that the url is to be checked", what, err)
		}
	}
	refusals(t, st.aboutOne(anID), "E24", "said no (404)")
}

// TestNotFoundIsHeldAgainstTheList: who is not found must not be listed either.
func TestNotFoundIsHeldAgainstTheList(t *testing.T) {
	const gone = "404 default backend - 404"
	listed := answering(t, map[string]string{anyURL: gone, "/silences": "[" + inList + "]"})
	refusals(t, listed.aboutOne(anID), "E24", "said no (404)")
	unread := answering(t, map[string]string{anyURL: gone, "/silences": "503 busy"})
	refusals(t, unread.aboutOne(anID), "E5", "it answers: 503")
	strange := answering(t, map[string]string{anyURL: gone, "/silences": "[{}]"})
	refusals(t, strange.aboutOne(anID), "E5", errStrange.Error())
}

// TestSilenceThatIsReallyGone asks a real Alertmanager.
func TestSilenceThatIsReallyGone(t *testing.T) {
	st := newStage(t, "")
	st.server.Silence(t, "li", time.Hour, map[string]string{"app": "checkout"})
	_, err := st.action(expireName).Plan(t.Context(), integrations.Args{"silence": anID})
	stale(t, err, "E18", "does not know this silence")
	p := integrations.Plan{Action: expireName, Args: map[string]any{"silence": anID}}
	_, err = st.apply(p)
	stale(t, err, "E18", "does not know this silence")
	if e := st.probe(p); e.Applied != integrations.Yes || !e.Settled || !strings.Contains(e.Text, "does not know this silence") {
		t.Errorf("got %+v, want that it is gone", e)
	}
}

// TestStrangeAnswers: a 200 that is not what Alertmanager answers says nothing.
func TestStrangeAnswers(t *testing.T) {
	for what, body := range map[string]string{
		"object": `{}`, "null": `null`, "list of nothing": `[{}]`, "list of null": `[null]`, "a page": `<html>Sign in</html>`, "empty": ``,
	} {
		t.Run("everywhere "+what, func(t *testing.T) {
			st := answering(t, map[string]string{anyURL: body, "/alerts": "[]"})
			refusals(t, st.aboutAll(), "E5", errStrange.Error())
			refusals(t, st.aboutOne(anID), "E5", errStrange.Error())
		})
	}
	for what, body := range map[string]string{
		"nothing":     `{}`,
		"no id":       strings.Replace(inList, anID, "", 1),
		"another id":  strings.Replace(inList, anID, "6"+anID[1:], 1),
		"no matchers": `{"id":"` + anID + `","matchers":[],"status":{"state":"active"}}`,
		"no state":    strings.Replace(inList, `"status"`, `"other"`, 1),
	} {
		t.Run("of one silence "+what, func(t *testing.T) {
			st := answering(t, map[string]string{anyURL: "[]", "/silence/" + anID: body})
			refusals(t, st.aboutOne(anID), "E5", errStrange.Error())
		})
	}
	good := answering(t, map[string]string{anyURL: "[]", "/silence/" + anID: inList})
	for what, err := range good.aboutOne(anID) {
		if err != nil {
			t.Errorf("%s: got %v, want that a whole answer is taken", what, err)
		}
	}
	for _, body := range []string{`{}`, `null`} {
		alerts := answering(t, map[string]string{anyURL: "[]", "/alerts": body})
		refusal(t, alerts.aboutAll()["plan to silence"], "E5", errStrange.Error())
	}
}
