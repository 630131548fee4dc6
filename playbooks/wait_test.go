package playbooks

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

var watching = yml("watching", `name: watching
say: Waits for what it did
ask: [service]
verify:
  - errors < 1% for 3m within 10m
  - page.status < 500 && falling(page.error_rate)
then: [{tell: Tell the team}]
steps:
  - web.check: shop
    id: page
    until: page.closed == false within 2m
  - k8s.rollback: $service
`)

func TestWaitsFollowTheirSteps(t *testing.T) {
	p := load(t, watching)
	if diff := cmp.Diff([]string{"errors"}, p.Signals()); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	inputs := map[string]any{"service": "checkout"}
	results := map[string]incident.Result{}
	m := next(t, p, inputs, results)
	if m.Kind != Look || len(m.Waits) != 1 || m.Waits[0] != (Wait{Src: "page.closed == false within 2m", Within: 2 * time.Minute}) {
		t.Fatalf("first: got %+v, want a look with one condition", m)
	}
	page := &incident.Table{Fields: map[string]any{"status": int64(200), "closed": true, "error_rate": 0.5}}
	results["0"] = incident.Result{Asked: "watch", Table: page}
	m = next(t, p, inputs, results)
	if m.Kind != Watch || m.Path != "0" || len(m.Looks) != 1 || m.Looks[0].Action.Name != "web.check" || m.Looks[0].Args.Text("on") != "shop" {
		t.Fatalf("after the look: got %+v, want to watch it", m)
	}
	if got := judge(t, p, "0", someFacts, inputs, results); got[0].Met || !got[0].Known {
		t.Errorf("closed page: got %+v, want known and not met", got[0])
	}
	results["0"] = done(func(r *incident.Result) { r.Table = page })
	if m = next(t, p, inputs, results); m.Kind != Act {
		t.Fatalf("then: got %s, want the act", m.Kind)
	}
	results["1"] = incident.Result{Outcome: incident.OutSkipped}
	if m = next(t, p, inputs, results); m.Kind != Done {
		t.Errorf("nothing was done: got %s, want no check of it", m.Kind)
	}
	results["1"] = incident.Result{Outcome: incident.OutFailed, Step: "s1"}
	if m = next(t, p, inputs, results); m.Kind != Done {
		t.Errorf("the act was refused: got %s, want no check of it", m.Kind)
	}
	results["1"] = incident.Result{Outcome: incident.OutFailed, Step: "s1", Acted: true}
	if m = next(t, p, inputs, results); m.Kind != Watch || m.Path != "verify" {
		t.Errorf("the act went wrong after it changed something: got %s, want it checked", m.Kind)
	}
	results["1"] = done(func(r *incident.Result) { r.Step = "s1" })
	m = next(t, p, inputs, results)
	want := []Wait{{"errors < 1% for 3m within 10m", 3 * time.Minute, 10 * time.Minute}, {"page.status < 500 && falling(page.error_rate)", 0, 5 * time.Minute}}
	if m.Kind != Watch || m.Path != "verify" || cmp.Diff(want, m.Waits) != "" || len(m.Looks) != 1 || m.Looks[0].Path != "0" {
		t.Fatalf("verify: got %+v", m)
	}
	results["verify"] = incident.Result{Outcome: incident.OutNotMet}
	if m = next(t, p, inputs, results); m.Kind != Done {
		t.Errorf("not met: got %s, want `then` left out", m.Kind)
	}
	results["verify"] = incident.Result{Outcome: incident.OutDone}
	if m = next(t, p, inputs, results); m.Kind != Tell || m.Path != "then.0" || p.find(m.Path) == nil {
		t.Errorf("met: got %s at %s, want the tell of `then`", m.Kind, m.Path)
	}
	results["then.0"] = done()
	if m = next(t, p, inputs, results); m.Kind != Done {
		t.Errorf("at the end: got %s, want done", m.Kind)
	}
}

func judge(t *testing.T, p *Playbook, path string, f Facts, inputs map[string]any, results map[string]incident.Result) []Verdict {
	t.Helper()
	got, err := p.Judge(path, f, inputs, results)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestNoDataIsNeverZero: what nobody can compute is not met, and says why.
func TestNoDataIsNeverZero(t *testing.T) {
	p := load(t, watching)
	inputs := map[string]any{"service": "checkout"}
	results := map[string]incident.Result{"1": done(func(r *incident.Result) { r.Step = "s1" }),
		"0": done(func(r *incident.Result) {
			r.Table = &incident.Table{Fields: map[string]any{"status": int64(200), "closed": false, "error_rate": 0.5}}
		})}
	f := someFacts
	got := judge(t, p, "verify", f, inputs, results)
	if got[0].Known || got[0].Met || !strings.Contains(got[0].Why, "there is no data for `errors`") {
		t.Errorf("without data: got %+v", got[0])
	}
	if got[1].Known {
		t.Errorf("a trend before there are two values: got %+v, want not known", got[1])
	}
	f.Signals = map[string]float64{"errors": 0.004}
	f.Trends = map[string]bool{"falling:page.error_rate": true}
	got = judge(t, p, "verify", f, inputs, results)
	if !got[0].Met || !got[1].Met || got[0].Saw["errors"] != 0.004 || got[1].Rates["page.error_rate"] != 0.5 {
		t.Errorf("with data: got %+v", got)
	}
	f.Signals["errors"] = 0.02
	if got = judge(t, p, "verify", f, inputs, results); got[0].Met || !got[0].Known {
		t.Errorf("2%% is not under 1%%: got %+v", got[0])
	}
}

func TestNestedFilesVerifyThemselves(t *testing.T) {
	outer := yml("outer", "name: outer\nsay: s\nsteps:\n  - run: watching\n    with: {service: checkout}\n  - tell: x\n")
	p := load(t, outer, watching)
	results := map[string]incident.Result{"0": done(), "0.r.0": done(func(r *incident.Result) {
		r.Table = &incident.Table{Fields: map[string]any{"status": int64(200), "closed": false, "error_rate": 0.1}}
	}), "0.r.1": done(func(r *incident.Result) { r.Step = "s1" })}
	m := next(t, p, nil, results)
	if m.Kind != Watch || m.Path != "0.r.verify" {
		t.Fatalf("got %s at %s, want the nested verify", m.Kind, m.Path)
	}
	results["0.r.verify"] = done()
	if m = next(t, p, nil, results); m.Path != "0.r.then.0" || p.find(m.Path) == nil {
		t.Errorf("got %s at %s, want the nested then", m.Kind, m.Path)
	}
	results["0.r.then.0"] = done()
	if m = next(t, p, nil, results); m.Path != "1" {
		t.Errorf("got %s at %s, want the next step of the outer file", m.Kind, m.Path)
	}
}

func TestWaitsAreLinted(t *testing.T) {
	cat := fakeCatalogue()
	cat.Signals = []string{"queue_depth"}
	for name, c := range map[string]struct{ add, want string }{
		"unknown signal":    {"verify: queue_dept < 5 for 1m", "3:9: unknown name `queue_dept`. Did you mean `queue_depth`?"},
		"not a condition":   {"verify: errors", "3:9: an expression here is true or false, and this one is a number. Compare it with something, like `x > 0`."},
		"too long":          {"verify: errors < 1 for 3h", "3:9: `for` of `verify` is at most 2h."},
		"never":             {"verify: errors < 1 for 5m within 1m", "3:9: `verify` can never be met: it must hold for 5m and is asked for 1m. Give `within` more time than `for`."},
		"no duration":       {"verify: errors < 1 for ever", `3:9: ` + "`for` of `verify` is a duration like 3m, not \"ever\"."},
		"trend of a text":   {"verify: rising(page.outcome)", "3:9: `rising` takes a number, and `page.outcome` is none."},
		"trend of nothing":  {"verify: rising(page.statis)", "3:9: `page` has no `statis`. Did you mean `status`?"},
		"then alone":        {"then: [{tell: x}]", "3:1: `then` comes after `verify` held, and there is no `verify`. Add one, or put the steps at the end of `steps`."},
		"empty":             {"verify: []", "3:9: `verify` is empty."},
		"id hides a signal": {"when: true\nthen: []", ""},
		"a map":             {"verify: {a: b}", "3:9: `verify` is text, and here it is a map."},
		"rising two values": {"verify: rising(1 + 2)", "3:18: this expression is wrong: rising takes one value, like rising(errors)."},
	} {
		file := head + c.add + "\nsteps:\n  - web.check: shop\n    id: page\n"
		if name == "id hides a signal" {
			file = head + "steps:\n  - web.check: shop\n    id: queue_depth\n"
			c.want = "5:9: the id `queue_depth` hides the signal of that name. Give the step another id."
		}
		_, problems := Load(cat, Source{Name: "x.yaml", Text: []byte(file)})
		if all := strings.Join(said(problems, "x.yaml"), "\n"); !strings.Contains(all, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, all, c.want)
		}
	}
}

// TestExpressionsSeeAlertAndSuspects: what stands in the opener may decide what
// is likely.
func TestExpressionsSeeAlertAndSuspects(t *testing.T) {
	p := load(t, yml("guess", `name: guess
say: s
steps:
  - choose: What?
    options:
      - {label: Deploy, likely: "suspects.exists(s, s.kind == 'deploy' && s.minutes_before < 60)"}
      - {label: Storm, likely: alert.count > 3}
`))
	f := someFacts
	f.Alerts = 5
	f.Suspects = []integrations.Suspect{{Kind: incident.SuspectDeploy, At: f.OpenedAt.Add(-9 * time.Minute)}}
	m, err := p.Next(f, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range m.Options {
		if o.Likely == nil || !*o.Likely {
			t.Errorf("option %d (%s): got %v, want likely", n, o.Label, o.Likely)
		}
	}
}
