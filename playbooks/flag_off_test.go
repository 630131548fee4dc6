package playbooks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

// shownFlag is what launchdarkly.show answers.
func shownFlag(on bool, changedAt string) incident.Result {
	return done(func(r *incident.Result) {
		r.Table = &incident.Table{Fields: map[string]any{"on": on, "serves": "true to 50%", "changed_at": changedAt}}
	})
}

func flagOff(t *testing.T) *Playbook {
	t.Helper()
	book, problems := Load(fakeCatalogue(), BuiltIn()...)
	p, ok := book.Get("flag-off")
	if !ok {
		t.Fatal(problems)
	}
	return p
}

func TestFlagOffStarsWhatIsLikely(t *testing.T) {
	p := flagOff(t)
	if diff := cmp.Diff([]string{"flag"}, names(fields(p.Ask))); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	inputs := map[string]any{"flag": "new-cart"}
	failed := map[string]incident.Result{"0": {Outcome: incident.OutFailed}}
	if m := next(t, p, inputs, failed); m.Kind != Choose || m.Options[0].Likely != nil {
		t.Errorf("nothing was seen: got %s, want the question without a star", m.Kind)
	}
	for name, c := range map[string]struct {
		on   bool
		at   string
		want string
	}{
		"changed just before": {true, "2026-03-01T13:40:00Z", "Previous value"},
		"changed since":       {false, "2026-03-01T14:09:00Z", "Previous value"},
		"changed long ago":    {true, "2026-03-01T09:00:00Z", "Off"},
		"nobody knows when":   {true, "", "Off"},
		"off for long":        {false, "2026-02-01T09:00:00Z", ""},
	} {
		m := next(t, p, inputs, map[string]incident.Result{"0": shownFlag(c.on, c.at)})
		likely := ""
		for _, o := range m.Options {
			if o.Likely != nil && *o.Likely {
				likely += o.Label
			}
		}
		if m.Kind != Choose || m.Tell != "What shall new-cart be?" || likely != c.want {
			t.Errorf("%s: got %s %q, starred %q, want %q", name, m.Kind, m.Tell, likely, c.want)
		}
	}
}

func TestFlagOffActs(t *testing.T) {
	p := flagOff(t)
	inputs := map[string]any{"flag": "new-cart"}
	results := map[string]incident.Result{"0": shownFlag(true, ""), "1": done(chose("A percentage"))}
	m := next(t, p, inputs, results)
	if m.Kind != Inputs || len(m.Fields) != 1 || m.Fields[0].Kind != integrations.Int {
		t.Fatalf("got %+v, want the percentage asked for", m)
	}
	given, open, err := p.OptionInputs("1", "A percentage", map[string]string{"percent": "10"}, nil)
	if err != nil || len(open) > 0 {
		t.Fatal(open, err)
	}
	results["1"] = done(chose("A percentage"), func(r *incident.Result) { r.Extra = Extra{Inputs: given}.JSON() })
	want := Move{Kind: Act, Path: "1.o2.0", Index: 2, Of: 3, Action: integrations.Action{Name: "launchdarkly.percent"}, Args: integrations.Args{"flag": "new-cart", "percent": int64(10)}}
	if diff := cmp.Diff(want, next(t, p, inputs, throughJSON(t, results)), moveOptions); diff != "" {
		t.Errorf("percentage (-want +got):\n%s", diff)
	}
	for label, action := range map[string]string{"Previous value": "launchdarkly.previous", "Off": "launchdarkly.off"} {
		results["1"] = done(chose(label))
		if m := next(t, p, inputs, results); m.Kind != Act || m.Action.Name != action {
			t.Errorf("%s: got %s %s, want %s", label, m.Kind, m.Action.Name, action)
		}
	}
}
