package incident

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fullPlan has a value in every field, so that a change of each can be seen.
func fullPlan() Plan {
	return Plan{Action: "pg.terminate", Version: 3, Target: "shop/4412", Title: "End session 4412", Many: "End %d sessions", Subject: "shop", Env: "prod",
		Grade: GradeDanger, From: "active 18 min", To: "gone", Details: []string{"UPDATE orders", "app"}, Checks: []Check{{Text: "nobody else", Answer: Yes}, {Text: "backup", Answer: Unknown, Code: "E8", Override: true}},
		Command: "SELECT pg_terminate_backend(4412)", Undo: "no", NoUndo: "This cannot be undone.",
		Args: map[string]any{"pid": 4412, "on": "shop", "deep": map[string]any{"b": []any{1, 2}, "a": true}}, Credential: "postgres.shop",
		Pre: map[string]string{"backend_start": "2026-11-25T12:00:00Z", "usename": "app"}, Gone: "already",
		Record: map[string]string{"was": "2"}, Note: "INC-1 by Ana", Next: &Offer{Label: "End those on shop-eu", Playbook: "kill", Inputs: map[string]string{"database": "shop-eu"}}}
}

var bound = Binding{Step: "s1", PlaybookHash: "h1", Expires: noon}

// TestDigestCoversEveryField changes each field of a plan, found by reflection:
// a field added later is covered or this fails.
func TestDigestCoversEveryField(t *testing.T) {
	was := Digest(bound, fullPlan())
	typ := reflect.TypeFor[Plan]()
	for n := range typ.NumField() {
		p := fullPlan()
		f := reflect.ValueOf(&p).Elem().Field(n)
		if f.IsZero() {
			t.Fatalf("fullPlan leaves %s empty", typ.Field(n).Name)
		}
		change(t, f)
		if Digest(bound, p) == was {
			t.Errorf("a change of %s leaves the digest as it was", typ.Field(n).Name)
		}
		f.SetZero()
		if Digest(bound, p) == was {
			t.Errorf("without %s the digest is the same", typ.Field(n).Name)
		}
	}
}

func change(t *testing.T, f reflect.Value) {
	switch v := f.Addr().Interface().(type) {
	case *string:
		*v += "x"
	case *Grade:
		*v = GradeChange
	case *int:
		*v++
	case **Offer:
		*v = &Offer{Label: (*v).Label, Playbook: (*v).Playbook, Inputs: map[string]string{"database": "another"}}
	case *[]string:
		*v = []string{(*v)[1], (*v)[0]}
	case *[]Check:
		(*v)[1].Answer = No
	case *map[string]any:
		(*v)["deep"].(map[string]any)["b"] = []any{2, 1}
	case *map[string]string:
		for k := range *v {
			(*v)[k] += "x"
			break
		}
	default:
		t.Fatalf("no change is known for a field of type %s", f.Type())
	}
}

// TestDigestCoversEveryCheck does the same for the lines of checks.
func TestDigestCoversEveryCheck(t *testing.T) {
	was := Digest(bound, fullPlan())
	for n := range reflect.TypeFor[Check]().NumField() {
		p := fullPlan()
		reflect.ValueOf(&p.Checks[1]).Elem().Field(n).SetZero()
		if Digest(bound, p) == was {
			t.Errorf("a check without its %s has the same digest", reflect.TypeFor[Check]().Field(n).Name)
		}
	}
}

func TestDigestIsBoundToTheRest(t *testing.T) {
	a, b := fullPlan(), fullPlan()
	b.Target = "shop/4419"
	was := Digest(bound, a, b)
	for name, got := range map[string]string{
		"another step":      Digest(Binding{"s2", "h1", noon}, a, b),
		"another playbook":  Digest(Binding{"s1", "h2", noon}, a, b),
		"another expiry":    Digest(Binding{"s1", "h1", noon.Add(time.Microsecond)}, a, b),
		"another order":     Digest(bound, b, a),
		"one plan less":     Digest(bound, a),
		"one plan twice":    Digest(bound, a, a, b),
		"no plan":           Digest(bound),
		"the list as plans": Digest(bound, b, b),
	} {
		if got == was {
			t.Errorf("%s has the same digest", name)
		}
	}
	if got := Digest(Binding{"s1", "h1", noon.In(time.FixedZone("far", 7200))}, a, b); got != was {
		t.Error("the zone of the expiry changes the digest")
	}
	if len(Code(was)) != 8 || Code("abc") != "abc" {
		t.Errorf("codes are %q and %q", Code(was), Code("abc"))
	}
}

// TestOneDigestForEveryEncoding writes one plan in many ways.
func TestOneDigestForEveryEncoding(t *testing.T) {
	was := Digest(bound, fullPlan())
	for range 50 { // map iteration is random
		if Digest(bound, fullPlan()) != was {
			t.Fatal("the order of a map changes the digest")
		}
	}
	data, err := json.Marshal(fullPlan())
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if Digest(bound, back) != was {
		t.Error("a plan read from the store has another digest")
	}
	for name, args := range map[string]map[string]any{
		"floats":        {"pid": 4412.0, "on": "shop", "deep": map[string]any{"a": true, "b": []any{1.0, 2.0}}},
		"json numbers":  {"deep": map[string]any{"b": []any{json.Number("1.0"), json.Number("2e0")}, "a": true}, "pid": json.Number("4412.000"), "on": "shop"},
		"typed numbers": {"pid": int32(4412), "on": "shop", "deep": map[string]any{"a": true, "b": []int64{1, 2}}},
	} {
		p := fullPlan()
		p.Args = args
		if Digest(bound, p) != was {
			t.Errorf("%s have another digest", name)
		}
	}
	empty := fullPlan()
	empty.Args, empty.Pre = map[string]any{}, map[string]string{}
	none := fullPlan()
	none.Args, none.Pre = nil, nil
	if Digest(bound, empty) != Digest(bound, none) {
		t.Error("an empty map and no map have two digests")
	}
}

// TestDigestTellsValuesApart: values that look alike are not the same.
func TestDigestTellsValuesApart(t *testing.T) {
	seen := map[string]any{}
	for _, v := range []any{1, "1", true, "true", nil, "null", 1.5, "", []any{}, []any{1}, []any{"1"}, map[string]any{}, map[string]any{"1": 1}, -1, 0, false,
		uint64(18446744073709551615), uint64(18446744073709551614), int64(9007199254740993), int64(9007199254740992), 1e300, 2e300} {
		p := fullPlan()
		p.Args = map[string]any{"v": v}
		d := Digest(bound, p)
		if was, taken := seen[d]; taken {
			t.Errorf("%#v and %#v have one digest", was, v)
		}
		seen[d] = v
	}
}

// TestDigestProperty draws values: a round trip keeps the digest, a change of
// one value does not.
func TestDigestProperty(t *testing.T) {
	value := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Int(), func(n int) any { return n }))
	rapid.Check(t, func(rt *rapid.T) {
		p := fullPlan()
		p.Args = rapid.MapOfN(rapid.StringMatching(`[a-z]{1,8}`), value, 1, 6).Draw(rt, "args")
		was := Digest(bound, p)
		data, err := json.Marshal(p)
		if err != nil {
			rt.Fatalf("marshal: %v", err)
		}
		var back Plan
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&back); err != nil {
			rt.Fatalf("unmarshal: %v", err)
		}
		if Digest(bound, back) != was {
			rt.Fatalf("another digest after a round trip of %s", data)
		}
		for k := range back.Args {
			back.Args[k] = "another value " + k
			break
		}
		if Digest(bound, back) == was {
			rt.Fatalf("a change goes unseen in %s", data)
		}
	})
}
