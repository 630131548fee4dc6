package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/practice"
)

func TestEachActRunsAndIsTakenBack(t *testing.T) {
	tests := []struct {
		name     string
		action   string
		args     integrations.Args
		first    []practice.LDChange // by Li, before
		from, to string
		after    practice.LDState
		patch    string
	}{
		{"off", offName, flagArg("checkout-v2"), nil, "on, serves true", "off, everybody gets false",
			practice.LDState{Serve: true, Off: false}, `[{"kind":"turnFlagOff"}]`},
		{"on", onName, flagArg("checkout-v2"), []practice.LDChange{{On: off}}, "off, everybody gets false", "on, serves true",
			practice.LDState{On: true, Serve: true, Off: false}, `[{"kind":"turnFlagOn"}]`},
		{"percent", percentName, integrations.Args{"flag": "checkout-v2", "percent": int64(30), "variation": "true"}, nil, "on, serves true", "on, 30% true",
			practice.LDState{On: true, Off: false, ContextKind: "user", Weights: map[string]int{"checkout-v2-variation-0": 30000, "checkout-v2-variation-1": 70000}},
			`[{"kind":"updateFallthroughVariationOrRollout","rolloutWeights":{"checkout-v2-variation-0":30000,"checkout-v2-variation-1":70000}}]`},
		{"percent of false", percentName, integrations.Args{"flag": "checkout-v2", "percent": int64(100), "variation": "false"}, nil, "on, serves true", "on, serves false",
			practice.LDState{On: true, Serve: false, Off: false}, `[{"kind":"updateFallthroughVariationOrRollout","variationId":"checkout-v2-variation-1"}]`},
		{"previous, a percentage", previousName, flagArg("checkout-v2"),
			[]practice.LDChange{{Weights: map[string]int{"true": 1, "false": 99999}, BucketBy: "email", ContextKind: "shop"}, {Serve: "true"}}, "on, serves true", "on, 0.001% true",
			practice.LDState{On: true, Off: false, BucketBy: "email", ContextKind: "shop", Weights: map[string]int{"checkout-v2-variation-0": 1, "checkout-v2-variation-1": 99999}},
			`[{"kind":"updateFallthroughVariationOrRollout","rolloutWeights":{"checkout-v2-variation-0":1,"checkout-v2-variation-1":99999},"rolloutBucketBy":"email","rolloutContextKind":"shop"}]`},
		{"previous, both", previousName, flagArg("theme"), []practice.LDChange{{On: off, Serve: "light"}}, `off, everybody gets "light"`, `on, serves "dark"`,
			practice.LDState{On: true, Serve: "dark", Off: "light"}, `[{"kind":"updateFallthroughVariationOrRollout","variationId":"theme-variation-1"},{"kind":"turnFlagOn"}]`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			st := newStage(t)
			for _, c := range tc.first {
				st.set("Li", tc.args.Text("flag"), c)
			}
			before := st.state(tc.args.Text("flag"))
			p := st.plan(tc.action, tc.args)
			if p.From != tc.from || p.To != tc.to {
				t.Errorf("got %q to %q, want %q to %q", p.From, p.To, tc.from, tc.to)
			}
			if p.Grade != integrations.GradeChange || p.Env != "prod" || p.Undo == "" || len(p.Failing()) > 0 || p.Gone != "" {
				t.Errorf("got %+v", p)
			}
			r, err := st.apply(p)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tc.after, st.state(tc.args.Text("flag")))
			st.oncePatched()
			want := `{"environmentKey":"production","comment":"mayday: ` + note + `","instructions":` + tc.patch + `}`
			if got := st.patches()[0].Body; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			back, err := st.action(tc.action).Undo(t.Context(), kept(throughJSON(t, p), r))
			if err != nil {
				t.Fatal(err)
			}
			if back.Action != restoreName {
				t.Errorf("undo is carried out by %s", back.Action)
			}
			// The desk plans again from the stored arguments, and compares.
			again := st.plan(restoreName, integrations.Args(throughJSON(t, back).Args))
			same(t, back.Pre, again.Pre)
			if _, err := st.apply(throughJSON(t, again)); err != nil {
				t.Fatal(err)
			}
			same(t, before, st.state(tc.args.Text("flag")))
		})
	}
}

// throughJSON is a plan as the store gives it back.
func throughJSON(t *testing.T, p integrations.Plan) integrations.Plan {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var out integrations.Plan
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUndoRestoresEveryThousandth(t *testing.T) {
	st := newStage(t)
	weights := map[string]int{"true": 60000, "false": 40000}
	for n := range 20 {
		weights["true"], weights["false"] = 60000+n, 40000-n
		st.set("Li", "new-cart", practice.LDChange{Weights: weights, BucketBy: "country"})
		before := st.state("new-cart")
		p := st.plan(percentName, integrations.Args{"flag": "new-cart", "percent": int64(n)})
		r, err := st.apply(p)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 && st.state("new-cart").BucketBy != "country" {
			t.Error("a rollout that was there tells people apart in another way")
		}
		back, err := st.action(p.Action).Undo(t.Context(), kept(p, r))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.apply(back); err != nil {
			t.Fatal(err)
		}
		same(t, before, st.state("new-cart"))
	}
}

func TestUndoLeavesTheWorkOfOthersAlone(t *testing.T) {
	tests := []struct {
		name    string
		change  practice.LDChange
		refused bool
	}{
		{"they turned it on", practice.LDChange{On: on, Serve: "false"}, true},
		{"they changed the rule", practice.LDChange{Weights: map[string]int{"true": 10000, "false": 90000}}, true},
		{"a target", practice.LDChange{Target: "user-1"}, false},
		{"a description", practice.LDChange{Description: "the new cart"}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			st := newStage(t)
			r := st.do(offName, flagArg("checkout-v2"))
			st.set("Sam", "checkout-v2", tc.change)
			_, err := st.action(offName).Undo(t.Context(), r)
			if !tc.refused {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantStale(t, err, "E10", "checkout-v2 is ", "Sam ", " as this step left it")
		})
	}
	t.Run("they put it back themselves", func(t *testing.T) {
		st := newStage(t)
		r := st.do(offName, flagArg("checkout-v2"))
		st.set("Sam", "checkout-v2", practice.LDChange{On: on})
		p, err := st.action(offName).Undo(t.Context(), r)
		if err != nil || !strings.Contains(p.Gone, "already") {
			t.Errorf("got %+v, %v", p.Gone, err)
		}
	})
	t.Run("the answer of the act was lost", func(t *testing.T) {
		st := newStage(t)
		st.ld.Drop(practice.LDAfterApply)
		p := st.plan(offName, flagArg("checkout-v2"))
		_, err := st.apply(p)
		wantUnknown(t, err)
		back, err := st.action(offName).Undo(t.Context(), kept(p, integrations.Receipt{}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.apply(back); err != nil || !st.state("checkout-v2").On {
			t.Errorf("not undone: %v", err)
		}
	})
}

func TestNothingLeftToDo(t *testing.T) {
	st := newStage(t)
	st.set("Li", "new-cart", practice.LDChange{On: off})
	for name, args := range map[string]integrations.Args{
		offName:     flagArg("new-cart"),
		onName:      flagArg("checkout-v2"),
		percentName: {"flag": "new-cart", "percent": int64(50)},
		restoreName: {"flag": "theme", "on": true, "fallthrough": map[string]any{"variation_id": "theme-variation-1"}},
	} {
		if p := st.plan(name, args); !strings.Contains(p.Gone, "already") {
			t.Errorf("%s: got %q", name, p.Gone)
		}
	}
	contains(t, st.plan(offName, flagArg("new-cart")).Gone, "new-cart is off already")
}

func TestWhatOffServesIsSaidBefore(t *testing.T) {
	tests := []struct {
		flag, serves string
		answer       integrations.Check
	}{
		{"checkout-v2", "", integrations.Check{Text: "off serves false", Answer: integrations.Yes}},
		{"theme", "", integrations.Check{Text: `off serves "light"`, Answer: integrations.Yes}},
		{"off-is-true", "", integrations.Check{Text: "off serves true to everybody; launchdarkly.percent with 0 serves false", Answer: integrations.No}},
		{"checkout-v2", "nothing", integrations.Check{Text: "off serves no value from LaunchDarkly: each service falls back to a default in its code", Answer: integrations.Unknown}},
	}
	for _, tc := range tests {
		st := newStage(t)
		if tc.serves != "" {
			st.set("Li", tc.flag, practice.LDChange{OffServes: tc.serves})
		}
		same(t, tc.answer, st.plan(offName, flagArg(tc.flag)).Checks[0])
	}
}

func TestUndoGoesBackToAnOffThatServesTrue(t *testing.T) {
	st := newStage(t)
	st.set("Li", "off-is-true", practice.LDChange{On: off})
	back, err := st.action(onName).Undo(t.Context(), st.do(onName, flagArg("off-is-true")))
	if err != nil || len(back.Failing()) > 0 || len(back.Open()) != 1 || back.Open()[0].Text != "off serves true to everybody" {
		t.Fatalf("got %+v, %v", back.Checks, err)
	}
	if _, err := st.apply(back); err != nil || st.state("off-is-true").On {
		t.Errorf("not undone: %v", err)
	}
}

func TestDependantsMakeItDangerous(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("new-cart"))
	if p.Grade != integrations.GradeDanger {
		t.Errorf("grade %s", p.Grade)
	}
	contains(t, strings.Join(p.Details, "\n"), "Depends on it: checkout-v2 will serve false, its off value")
	p = st.plan(percentName, integrations.Args{"flag": "new-cart", "percent": int64(10)})
	contains(t, strings.Join(p.Details, "\n"), "checkout-v2 will serve false to those who do not get true")
	p = st.plan(percentName, integrations.Args{"flag": "new-cart", "percent": int64(100)})
	contains(t, strings.Join(p.Details, "\n"), "checkout-v2 will follow its own rules")
	st.ld.HideDependants(true)
	p = st.plan(offName, flagArg("new-cart"))
	if p.Grade != integrations.GradeChange || len(p.Open()) != 1 || !strings.Contains(p.Open()[0].Text, "not known") {
		t.Errorf("got %s, %+v", p.Grade, p.Checks)
	}
	contains(t, p.Pre[keyDependants], "not told")
}

func TestPreviousSaysWhatItDoesNotRestore(t *testing.T) {
	st := newStage(t)
	_, err := st.action(previousName).Plan(t.Context(), flagArg("theme"))
	wantRejected(t, err, "shows no change")
	st.set("Li", "theme", practice.LDChange{Serve: "autumn", Rule: true, Target: "user-1"})
	p := st.plan(previousName, flagArg("theme"))
	if len(p.Open()) != 1 {
		t.Fatalf("got %+v", p.Checks)
	}
	contains(t, p.Open()[0].Text, "rules, targets", "not restored")
	contains(t, strings.Join(p.Details, "\n"), "Takes back: Li", `serves "dark" → serves "autumn"`, "targets and rules decide first")
	st.set("Sam", "theme", practice.LDChange{Rule: true})
	_, err = st.action(previousName).Plan(t.Context(), flagArg("theme"))
	wantRejected(t, err, "E17", "Sam", "(rules)", "/projects/web/flags/theme")
	// A new description is no change of what is served.
	st.set("Sam", "theme", practice.LDChange{Serve: "light"})
	st.set("Ana", "theme", practice.LDChange{Description: "colours"})
	contains(t, st.plan(previousName, flagArg("theme")).To, `on, serves "autumn"`)
}

func TestShow(t *testing.T) {
	st := newStage(t)
	look := st.action(showName).Look
	table, err := look(t.Context(), flagArg("theme"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `theme: on, serves "dark"; off serves "light"`; table.Summary != want {
		t.Errorf("got %q, want %q", table.Summary, want)
	}
	st.set("Li", "new-cart", practice.LDChange{Serve: "false"})
	st.set("Li", "new-cart", practice.LDChange{Weights: map[string]int{"true": 50000, "false": 50000}})
	table, err = look(t.Context(), flagArg("new-cart"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, table.Summary, "new-cart: on, 50% true; off serves false; changed ", " by Li (serves false → 50% true)", "checkout-v2 depends on it")
	delete(table.Fields, "changed_at")
	same(t, map[string]any{"on": true, "serves": "50% true", "off_value": "false", "version": int64(3), "changed_by": "Li",
		"changed": "serves false → 50% true", "dependants": []any{"checkout-v2"}}, table.Fields)
	_, err = look(t.Context(), flagArg("new-crat"))
	wantRejected(t, err, "E17", "no flag new-crat", "Did you mean `new-cart`?")
	if len(st.patches()) != 0 {
		t.Error("a look changed something")
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	st := newStage(t)
	for _, tc := range []struct {
		name string
		args integrations.Args
		want string
	}{
		{percentName, integrations.Args{"flag": "new-cart", "percent": int64(101)}, "0 to 100"},
		{percentName, integrations.Args{"flag": "new-cart"}, "0 to 100"},
		{percentName, integrations.Args{"flag": "theme", "percent": int64(10), "variation": "dark"}, "3 values"},
		{percentName, integrations.Args{"flag": "new-cart", "percent": int64(10), "variation": "blue"}, "one of them blue"},
		{restoreName, integrations.Args{"flag": "new-cart", "on": true}, "cannot be read"},
		{restoreName, integrations.Args{"flag": "new-cart", "on": true, "fallthrough": map[string]any{"variation_id": "gone"}}, "no longer has"},
	} {
		_, err := st.action(tc.name).Plan(t.Context(), tc.args)
		wantRejected(t, err, tc.want)
	}
}

func TestWithoutAStartOnRecordNothingIsSent(t *testing.T) {
	st := newStage(t)
	p := st.plan(offName, flagArg("theme"))
	_, err := st.action(offName).Apply(t.Context(), p, func(string, string) error { return errors.New("disk full") })
	wantRejected(t, err, "E26")
	other := p
	other.Target = "launchdarkly/web/test/theme"
	_, err = st.apply(other)
	wantRejected(t, err, "another project or environment")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = st.action(offName).Apply(ctx, p, func(string, string) error { return nil })
	wantRejected(t, err, "E5", "given up")
	if len(st.patches()) != 0 {
		t.Error("something was sent")
	}
}
