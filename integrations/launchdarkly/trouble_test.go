package launchdarkly

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/practice"
)

func TestTheWorldMovesBeforeThePress(t *testing.T) {
	drifts := []struct {
		name   string
		change practice.LDChange
		words  []string
	}{
		{"turned off", practice.LDChange{On: off}, []string{"was on, 50% true and is off", "Sam turned off the flag at "}},
		{"another rule", practice.LDChange{Weights: map[string]int{"true": 60000, "false": 40000}}, []string{"was on, 50% true and is on, 60% true", "Sam "}},
		{"told apart otherwise", practice.LDChange{Weights: map[string]int{"true": 50000, "false": 50000}, BucketBy: "email"}, []string{"Sam updated the default rule"}},
		{"off serves something else", practice.LDChange{OffServes: "true"}, []string{"serves true now when it is off", "Sam "}},
		{"a target", practice.LDChange{Target: "user-1"}, []string{"targets, rules or prerequisites (version 1, now 2)", "Sam "}},
	}
	for _, d := range drifts {
		t.Run(d.name, func(t *testing.T) {
			for range 20 {
				st := newStage(t)
				p := st.plan(percentName, integrations.Args{"flag": "new-cart", "percent": int64(5)})
				st.set("Sam", "new-cart", d.change)
				_, err := st.apply(p)
				wantStale(t, err, append(d.words, "E10", "new-cart")...)
				if len(st.patches()) != 0 {
					t.Fatal("something was sent")
				}
			}
		})
	}
	t.Run("a harmless change passes", func(t *testing.T) {
		for n := range 20 {
			st := newStage(t)
			p := st.plan(offName, flagArg("theme"))
			st.set("Sam", "theme", practice.LDChange{Description: "colours " + strconv.Itoa(n)})
			st.set("Sam", "theme", practice.LDChange{Environment: "test", On: off})
			st.set("Sam", "new-cart", practice.LDChange{On: off})
			if _, err := st.apply(p); err != nil {
				t.Fatal(err)
			}
			st.oncePatched()
		}
	})
}

func TestRefusalsOfTheVendor(t *testing.T) {
	tests := []struct {
		name    string
		trouble func(st *stage)
		stale   bool
		words   []string
		sent    int
	}{
		{"conflict", func(st *stage) { st.ld.Answer(http.StatusConflict) }, true, []string{"E10", "at the same moment (409)"}, 1},
		{"may not flip", func(st *stage) { st.ld.Deny("updateOn") }, false, []string{"E17", "403", "updateOn"}, 1},
		{"pending change", func(st *stage) { _ = st.ld.Pending("theme", true) }, false, []string{"E17", "400", "pending scheduled change or approval", "/projects/web/flags/theme/targeting"}, 1},
		{"approval", func(st *stage) { st.ld.RequireApproval("production", true) }, false,
			[]string{"E17", "405: approval required for theme in production", "I asked for one there", `theme is still on, serves "dark"`, "/projects/web/flags/theme/approvals/AP"}, 2},
		{"approval that may not be asked for", func(st *stage) { st.ld.RequireApproval("production", true); st.ld.Deny("createApprovalRequest") }, false,
			[]string{"E17", "405", "asking for one was refused (403", "createApprovalRequest", "/projects/web/flags/theme/targeting"}, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			st := newStage(t)
			p := st.plan(offName, flagArg("theme"))
			tc.trouble(st)
			before := st.state("theme")
			_, err := st.apply(p)
			if tc.stale {
				wantStale(t, err, tc.words...)
			} else {
				wantRejected(t, err, tc.words...)
			}
			same(t, before, st.state("theme"))
			if len(st.patches()) != tc.sent || st.ld.Applied() != 0 {
				t.Errorf("sent %+v", st.patches())
			}
		})
	}
}

func TestAnApprovalIsAskedForWithTheSameInstructions(t *testing.T) {
	st := newStage(t)
	st.ld.RequireApproval("production", true)
	_, err := st.apply(st.plan(offName, flagArg("theme")))
	wantRejected(t, err, "405")
	asked := st.patches()[1]
	if asked.Method != http.MethodPost || asked.Comment != "mayday: "+note || asked.ContentType != "application/json" {
		t.Errorf("got %+v", asked)
	}
	contains(t, asked.Body, `"instructions":[{"kind":"turnFlagOff"}]`, `"description":"Turn off theme (production)"`)
}

func TestTheNoteGoesIntoTheAuditLog(t *testing.T) {
	st := newStage(t)
	st.do(offName, flagArg("theme"))
	p := st.plan(onName, flagArg("theme"))
	p.Note = ""
	if _, err := st.apply(p); err != nil {
		t.Fatal(err)
	}
	same(t, []string{"mayday: " + note, "mayday: Turn on theme (production)"}, []string{st.patches()[0].Comment, st.patches()[1].Comment})
}

// between stands before the practice LaunchDarkly and answers changes itself.
func between(t *testing.T, st *stage, change http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			st.ld.ServeHTTP(w, r)
			return
		}
		change(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAnswersAreSorted(t *testing.T) {
	reset := http.Header{"X-Ratelimit-Reset": {strconv.FormatInt(time.Now().Add(7*time.Second).UnixMilli(), 10)}}
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		words  []string // of the refusal; nil when nobody knows
	}{
		{"bad token", 401, nil, `{"code":"unauthorized","message":"Invalid access token"}`, []string{"E17", "401", "service token"}},
		{"no right", 403, nil, ``, []string{"E17", "403", "updateOn"}},
		{"gone", 404, nil, `{"message":"Invalid resource identifier"}`, []string{"E17", "404", "Invalid resource identifier"}},
		{"bad", 400, nil, `<html>`, []string{"E17", "400", "scheduled change"}},
		{"limit", 429, reset, ``, []string{"E17", "no more requests for ", " s (429)"}},
		{"limit of the address", 429, http.Header{"Retry-After": {"12"}}, ``, []string{"for 12 s (429)"}},
		{"limit for ever", 429, http.Header{"Retry-After": {"999999999999"}}, ``, []string{"(429)"}},
		{"redirect", 307, http.Header{"Location": {"/elsewhere"}}, ``, []string{"E17", "307", "redirect"}},
		{"odd", 422, nil, ``, []string{"E17", "422"}},
		{"slow", 408, nil, ``, nil},
		{"broken", 500, nil, `{"message":"x"}`, nil},
		{"gateway", 502, nil, `<html>`, nil},
		{"away", 503, nil, ``, nil},
		{"later", 504, nil, ``, nil},
		{"accepted, perhaps", 202, nil, `{}`, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			st := newStage(t)
			asked := 0
			st.parts = st.connect(between(t, st, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				for name, values := range tc.header {
					w.Header()[name] = values
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			_, err := st.apply(st.plan(offName, flagArg("theme")))
			if tc.words == nil {
				wantUnknown(t, err)
			} else {
				wantRejected(t, err, tc.words...)
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

func TestWhatIsProvenNotToHaveLeft(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("theme"))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tests := map[string]string{
		"nobody listens":     gone.URL,
		"no such host":       "http://launchdarkly.invalid",
		"TLS meets no TLS":   strings.Replace(st.address, "http:", "https:", 1),
		"not even an answer": "http://127.0.0.1:1",
	}
	for name, address := range tests {
		t.Run(name, func(t *testing.T) {
			parts := st.connect(address)
			a := parts.Actions[1]
			_, err := a.Apply(t.Context(), p, func(string, string) error { return nil })
			wantRejected(t, err, "E5", "can't reach LaunchDarkly")
			u, _ := url.Parse(address)
			if strings.Contains(err.Error(), u.Host) {
				t.Errorf("the address is in %v", err)
			}
		})
	}
	t.Run("the reads worked and the change did not", func(t *testing.T) {
		tt := newTarget(t, st)
		tt.api.acts.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(gone.URL) }
		_, err := tt.apply(t.Context(), p, func(string, string) error { return nil })
		wantRejected(t, err, "E5")
	})
	if len(st.patches()) != 0 {
		t.Error("something arrived")
	}
}

// newTarget is the integration from the inside.
func newTarget(t *testing.T, st *stage) *target {
	t.Helper()
	return st.connect(st.address).Checker.(*target)
}

func TestTheTransportCannotRepeat(t *testing.T) {
	st := newStage(t)
	tt := newTarget(t, st)
	req, err := tt.api.request(t.Context(), http.MethodPatch, "/x", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if req.GetBody != nil || !tt.api.acts.Transport.(*http.Transport).DisableKeepAlives {
		t.Error("the transport has what it needs to send a change twice")
	}
}

func TestAnAcceptedActCountsWithoutItsBody(t *testing.T) {
	st := newStage(t)
	bodies := map[string]struct {
		body    string
		unknown bool
	}{
		"no JSON":               {"<html>", false},
		"cut off":               {`{"key":"theme","environ`, false},
		"too long":              {strings.Repeat(" ", maxAnswer+2), false},
		"another environment":   {`{"key":"theme","environments":{"test":{"on":false}}}`, false},
		"accepted but not done": {`{"key":"theme","variations":[{"_id":"theme-variation-1","value":1}],"environments":{"production":{"on":true,"version":2,"fallthrough":{"variation":0}}}}`, true},
	}
	for name, tc := range bodies {
		t.Run(name, func(t *testing.T) {
			st.parts = st.connect(between(t, st, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tc.body)) }))
			r, err := st.apply(st.plan(offName, flagArg("theme")))
			if tc.unknown {
				wantUnknown(t, err)
				return
			}
			if err != nil || !strings.Contains(r.Text, "accepted") || r.Values[keyVersion] != "" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

func TestReadsThatFailAreRefusals(t *testing.T) {
	for status, words := range map[int][]string{
		401: {"E17", "401"}, 403: {"E17", "403", "read flags"}, 404: {"E17", "no flag theme"}, 429: {"E17", "429"},
		500: {"E5", "answers 500"}, 200: {"E5", "not what LaunchDarkly answers"}, 302: {"E17", "redirect"},
	} {
		st := newStage(t)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		st.parts = st.connect(s.URL)
		_, err := st.action(offName).Plan(t.Context(), flagArg("theme"))
		wantRejected(t, err, words...)
	}
	st := newStage(t)
	st.ld.Limit(0, time.Minute)
	_, err := st.action(showName).Look(t.Context(), flagArg("theme"))
	wantRejected(t, err, "429", "no more requests for ")
}

func TestAnotherInTheSameMomentIsSaid(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("theme"))
	held := st.ld.Hold(practice.LDBeforeApply)
	done := make(chan integrations.Receipt, 1)
	go func() {
		r, err := st.action(offName).Apply(t.Context(), p, func(string, string) error { return nil })
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	<-held.Reached()
	st.set("Li", "theme", practice.LDChange{Target: "user-1"})
	st.set("Li", "theme", practice.LDChange{Target: "user-2"})
	held.Release()
	contains(t, (<-done).Text, `theme is off, everybody gets "light"`, "in the same moment")
}
