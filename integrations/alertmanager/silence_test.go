package alertmanager

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/prometheustest"
)

func TestSilenceIsMadeAndTakenBack(t *testing.T) {
	st := newStage(t, "")
	p := st.plan(silenceName, integrations.Args{"service": "checkout", "for": 90 * time.Minute})
	if p.Title != "Silence app=checkout for 1 h 30 min" || p.From != "1 alert of these labels fires now" || p.Grade != integrations.GradeChange || p.Env != "prod" || p.Undo == "" || len(p.Open()) != 0 {
		t.Errorf("got %+v", p)
	}
	same(t, `amtool silence add 'app="checkout"' --duration=1h30m --comment=incident`, p.Command)
	same(t, 1, len(p.Details))

	r, err := st.apply(p)
	if err != nil {
		t.Fatal(err)
	}
	made := st.server.Silences(t)
	same(t, 1, len(made))
	same(t, any("mayday: "+note), made[0]["comment"])
	same(t, made[0]["id"], any(r.Values[keySilence]))
	from, _ := time.Parse(time.RFC3339, made[0]["startsAt"].(string))
	to, _ := time.Parse(time.RFC3339, made[0]["endsAt"].(string))
	same(t, 90*time.Minute, to.Sub(from).Round(time.Second)) // the server takes its own clock for the start
	same(t, map[string]string{"mayday": "active"}, st.states())
	if e := st.probe(p); e.Applied != integrations.Yes || !e.Settled {
		t.Errorf("got %+v, want that it is in force", e)
	}

	// The same again is nothing to do, and a longer one says that it is silent.
	if again := st.plan(silenceName, integrations.Args{"service": "checkout", "for": time.Hour}); again.Gone == "" {
		t.Errorf("got %+v, want that it is silent already", again)
	}
	if longer := st.plan(silenceName, integrations.Args{"service": "checkout", "for": 3 * time.Hour}); longer.Gone != "" || len(longer.Open()) != 1 {
		t.Errorf("got %+v, want a question", longer)
	}

	table, err := st.action(silencesName).Look(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, int64(1), table.Fields["count"].(int64))
	same(t, r.Values[keySilence], table.Rows[0].ID)

	back, err := st.action(silenceName).Undo(t.Context(), values(p, r))
	if err != nil {
		t.Fatal(err)
	}
	if back.Action != expireName || back.Title != "End the silence of app=checkout" || back.Gone != "" {
		t.Errorf("got %+v", back)
	}
	again := st.plan(expireName, integrations.Args(back.Args)) // the desk plans again, and compares
	same(t, back.Pre, again.Pre)
	if _, err := st.apply(again); err != nil {
		t.Fatal(err)
	}
	same(t, map[string]string{"mayday": "expired"}, st.states())
	if e := st.probe(again); e.Applied != integrations.Yes || !e.Settled {
		t.Errorf("got %+v, want that it ended", e)
	}
	if e := st.probe(p); e.Applied != integrations.Yes {
		t.Errorf("got %+v, want that it was in force", e)
	}
	_, err = st.apply(again)
	stale(t, err, "E18", "ended at")
}

func TestWorldThatMovedIsRefused(t *testing.T) {
	st := newStage(t, "")
	p := st.plan(silenceName, integrations.Args{"service": "checkout"})
	id := st.server.Silence(t, "li", time.Hour, map[string]string{"app": "checkout"})
	_, err := st.apply(p)
	stale(t, err, "E10", "somebody silenced app=checkout meanwhile")
	same(t, map[string]string{"li": "active"}, st.states())

	end := st.plan(expireName, integrations.Args{"silence": id})
	same(t, true, end.From == "silent until "+clock(time.Now().Add(time.Hour))+", by li" || end.From != "")
	st.server.Expire(t, id)
	_, err = st.apply(end)
	stale(t, err, "E18", "ended at")
	if gone := st.plan(expireName, integrations.Args{"silence": id}); gone.Gone == "" {
		t.Errorf("got %+v, want that there is nothing to end", gone)
	}
	_, err = st.action(expireName).Plan(t.Context(), integrations.Args{"silence": "00000000-0000-0000-0000-000000000000"})
	stale(t, err, "E18", "does not know this silence")
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	st := newStage(t, "")
	p := st.plan(silenceName, integrations.Args{"service": "checkout"})
	if e := st.probe(p); e.Applied != integrations.No {
		t.Errorf("got %+v, want that nothing was done", e)
	}
	if _, err := st.apply(p); err != nil {
		t.Fatal(err)
	}
	// Nothing but the record is known, as after a crash.
	back, err := st.action(silenceName).Undo(t.Context(), values(p, integrations.Receipt{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.apply(back); err != nil {
		t.Fatal(err)
	}
	same(t, map[string]string{"mayday": "expired"}, st.states())
	_, err = st.action(silenceName).Undo(t.Context(), values(p, integrations.Receipt{}))
	stale(t, err, "E18", "no silence of mine")
}

func TestWhatIsMeantMustBeClear(t *testing.T) {
	st := newStage(t, "")
	for _, tc := range []struct {
		args  integrations.Args
		words string
	}{
		{integrations.Args{}, "needs a service, or labels"},
		{integrations.Args{"service": "chekout"}, "There is no service chekout"},
		{integrations.Args{"match": map[string]any{"app": ""}}, "labels with a value"},
		{integrations.Args{"match": map[string]any{"a=b": "c"}}, "labels with a value"},
		{integrations.Args{"service": "checkout", "for": time.Second}, "from 1m to 24h"},
		{integrations.Args{"service": "checkout", "for": 25 * time.Hour}, "from 1m to 24h"},
	} {
		_, err := st.action(silenceName).Plan(t.Context(), tc.args)
		refusal(t, err, "E24", tc.words)
	}
	nothing := st.plan(silenceName, integrations.Args{"service": "search"})
	if nothing.Target != "alertmanager/service=search" || len(nothing.Open()) != 1 {
		t.Errorf("got %+v, want a question whether these are the labels", nothing)
	}
	odd := st.plan(silenceName, integrations.Args{"match": map[string]any{"team": `it's "us"`}})
	same(t, `amtool silence add 'team="it'\''s \"us\""' --duration=1h --comment=incident`, odd.Command)
	if _, err := st.apply(odd); err != nil {
		t.Error(err)
	}
}

func TestManyAlertsAreADanger(t *testing.T) {
	st := newStage(t, "")
	for n := range wide {
		st.server.Fire(t, prometheustest.Alert{StartsAt: time.Now(), Labels: map[string]string{"alertname": "Errors", "app": "checkout", "pod": fmt.Sprint(n)}})
	}
	p := st.plan(silenceName, integrations.Args{"service": "checkout"})
	if p.Grade != integrations.GradeDanger || len(p.Details) != 4 || p.From != "21 alerts of these labels fire now" {
		t.Errorf("got %s, %v, %q, want a danger", p.Grade, p.Details, p.From)
	}
}

// TestAnswersDecideWhatPeopleRead holds a server that answers wrong against the
// act: what proves nothing stays unknown.
func TestAnswersDecideWhatPeopleRead(t *testing.T) {
	for _, tc := range []struct {
		name    string
		status  int
		body    string
		code    string // "" is unknown
		because string
	}{
		{"refused", 400, `"bad matcher"`, "E24", "bad matcher"},
		{"refused by the API itself", 422, `{"code":602,"message":"comment in body is required"}`, "E24", "comment in body is required"},
		{"not allowed", 403, `no`, "E6", "(403)"},
		{"overloaded", 503, `busy`, "", "answers 503"},
		{"timeout of a proxy", 408, ``, "", "answers 408"},
		{"the connection broke", 0, ``, "", "after the request was sent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var posts atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = w.Write([]byte("[]"))
					return
				}
				posts.Add(1)
				if tc.status == 0 {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err == nil {
						_ = conn.Close()
					}
					return
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			st := newStage(t, server.URL)
			_, err := st.apply(st.plan(silenceName, integrations.Args{"service": "checkout"}))
			same(t, int64(1), posts.Load())
			if tc.code != "" {
				refusal(t, err, tc.code, tc.because)
				return
			}
			if _, isRefusal := integrations.AsRejected(err); err == nil || isRefusal {
				t.Errorf("got %v, want that nobody knows", err)
			}
		})
	}
}

func TestServerThatIsAwayDidNothing(t *testing.T) {
	st := newStage(t, "")
	p := st.plan(silenceName, integrations.Args{"service": "checkout"})
	st.server.Stop(t)
	_, err := st.apply(p)
	refusal(t, err, "E5", "I can't reach Alertmanager (the connection was refused")
	if len(st.kept) != 0 {
		t.Errorf("got %v kept, want nothing before it is sent", st.kept)
	}
	found := st.parts.Checker.Check(t.Context())
	if last := found[len(found)-1]; last.OK || last.Warn {
		t.Errorf("got %+v, want that doctor objects", last)
	}
}

func TestDoctorReads(t *testing.T) {
	st := newStage(t, "")
	found := st.parts.Checker.Check(t.Context())
	if len(found) != 2 || !found[0].Warn || !found[1].OK {
		t.Errorf("got %+v, want a warning about the missing token, and an answer", found)
	}
}
