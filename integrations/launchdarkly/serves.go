package launchdarkly

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// serves is what the default rule serves, by ids of variations, which outlive
// their order. It is what an undo brings back: weights to the last thousandth.
type serves struct {
	Variation   string         `json:"variation_id,omitempty"`
	Weights     map[string]int `json:"weights,omitempty"` // thousandths of a percent
	BucketBy    string         `json:"bucket_by,omitempty"`
	ContextKind string         `json:"context_kind,omitempty"`
}

// state is everything that an act changes.
type state struct {
	On     bool
	Serves serves
}

func (s seen) state() state { return state{On: s.setting.On, Serves: s.flag.serves(s.Fallthrough)} }

func (f flag) serves(r rule) serves {
	if r.Rollout == nil {
		if r.Variation == nil || *r.Variation < 0 || *r.Variation >= len(f.Variations) {
			return serves{}
		}
		return serves{Variation: f.Variations[*r.Variation].ID}
	}
	out := serves{Weights: map[string]int{}, BucketBy: r.Rollout.BucketBy, ContextKind: r.Rollout.ContextKind}
	for _, w := range r.Rollout.Variations {
		if w.Variation >= 0 && w.Variation < len(f.Variations) {
			out.Weights[f.Variations[w.Variation].ID] += w.Weight
		}
	}
	return out
}

// print is the fingerprint: equal for rules that serve the same to the same
// people, whichever way the defaults are spelt.
func (s serves) print() string {
	if s.Variation != "" {
		return s.json()
	}
	plain := serves{Weights: map[string]int{}, BucketBy: s.BucketBy, ContextKind: s.ContextKind}
	for id, w := range s.Weights {
		if w != 0 {
			plain.Weights[id] = w
		}
	}
	if plain.ContextKind == "" {
		plain.ContextKind = "user"
	}
	if plain.BucketBy == "" {
		plain.BucketBy = "key"
	}
	return plain.json()
}

func (s serves) json() string {
	raw, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(raw)
}

func servesOf(text string) (serves, error) {
	var s serves
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return serves{}, fmt.Errorf("read a default rule: %w", err)
	}
	return s, nil
}

func (s serves) empty() bool { return s.Variation == "" && len(s.Weights) == 0 }

func (s state) equal(o state) bool { return s.On == o.On && s.Serves.print() == o.Serves.print() }

// words are a state for people: "on, 50% true", "off".
func (f flag) words(s state) string {
	if !s.On {
		return "off"
	}
	return "on, " + f.rule(s.Serves)
}

// rule is a default rule for people. Of a flag that is true or false the share
// of true says everything.
func (f flag) rule(s serves) string {
	if s.Variation != "" {
		return "serves " + f.value(f.index(s.Variation))
	}
	if s.empty() {
		return "serves something unknown"
	}
	if n := f.yes(); n >= 0 && len(f.Variations) == 2 {
		return percent(s.Weights[f.Variations[n].ID]) + " true"
	}
	var parts []string
	for n, v := range f.Variations {
		if w := s.Weights[v.ID]; w > 0 {
			parts = append(parts, percent(w)+" "+f.value(n))
		}
	}
	return strings.Join(parts, ", ")
}

func (f flag) yes() int {
	return slices.IndexFunc(f.Variations, func(v variation) bool { return string(v.Value) == "true" })
}

// percent writes thousandths of a percent.
func percent(weight int) string {
	return strconv.FormatFloat(float64(weight)/1000, 'f', -1, 64) + "%"
}

// instruction is one step of a semantic patch.
type instruction struct {
	Kind        string         `json:"kind"`
	Variation   string         `json:"variationId,omitempty"`
	Weights     map[string]int `json:"rolloutWeights,omitempty"`
	BucketBy    string         `json:"rolloutBucketBy,omitempty"`
	ContextKind string         `json:"rolloutContextKind,omitempty"`
}

// instructions lead from one state to another, and touch nothing that is as wanted.
func instructions(from, to state) []instruction {
	var list []instruction
	if from.Serves.print() != to.Serves.print() {
		list = append(list, instruction{
			Kind: "updateFallthroughVariationOrRollout", Variation: to.Serves.Variation, Weights: to.Serves.Weights,
			BucketBy: to.Serves.BucketBy, ContextKind: to.Serves.ContextKind,
		})
	}
	switch {
	case from.On && !to.On:
		list = append(list, instruction{Kind: "turnFlagOff"})
	case to.On && !from.On:
		list = append(list, instruction{Kind: "turnFlagOn"})
	}
	return list
}

// rights are the actions of a role that instructions need.
func rights(list []instruction) string {
	var out []string
	for _, i := range list {
		right := "updateOn"
		if i.Kind == "updateFallthroughVariationOrRollout" {
			right = "updateFallthrough"
		}
		out = append(out, right)
	}
	return strings.Join(out, " and ")
}
