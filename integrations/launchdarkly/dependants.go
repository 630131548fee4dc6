package launchdarkly

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mayday/integrations"
)

// dependants are the flags that have a flag as a prerequisite. LaunchDarkly does
// not tell everybody; told is false then, and nobody knows.
type dependants struct {
	told  bool
	why   string // it was not told
	keys  []string
	flags []seen // those of keys that could be read, the first few
}

// mostRead is how many dependants are read to say what they will serve.
const mostRead = 8

func (t *target) dependants(ctx context.Context, key string) dependants {
	var list struct {
		Items []struct {
			Key string `json:"key"`
		} `json:"items"`
	}
	if err := t.api.get(ctx, beta, path("flags", t.own.Project, t.own.Environment, key, "dependent-flags"), &list); err != nil {
		why := "nobody answers"
		if r, ok := integrations.AsRejected(err); ok && r.Code == "E17" {
			why = "it refuses to say"
		}
		return dependants{why: why}
	}
	d := dependants{told: true}
	for _, item := range list.Items {
		d.keys = append(d.keys, integrations.Clip(integrations.OneLine(item.Key), 60))
	}
	slices.Sort(d.keys)
	for _, k := range d.keys[:min(mostRead, len(d.keys))] {
		if s, err := t.read(ctx, k); err == nil {
			d.flags = append(d.flags, s)
		}
	}
	return d
}

// names is what must still be true of them at the tap.
func (d dependants) names() string {
	if !d.told {
		return "not told"
	}
	return strings.Join(d.keys, ", ")
}

// checks are the lines about them in a preview.
func (d dependants) checks() []integrations.Check {
	if !d.told {
		return []integrations.Check{{Text: "whether other flags depend on it is not known: " + d.why, Answer: integrations.Unknown}}
	}
	if len(d.keys) == 0 {
		return []integrations.Check{{Text: "no other flag depends on it", Answer: integrations.Yes}}
	}
	out := []integrations.Check{{Text: fmt.Sprintf("the flags that depend on it are known: %d", len(d.keys)), Answer: integrations.Yes}}
	if missing := len(d.keys) - len(d.flags); missing > 0 {
		out = append(out, integrations.Check{Text: fmt.Sprintf("what %d of them will serve is not known", missing), Answer: integrations.Unknown})
	}
	return out
}

// lines say what each will serve once the flag is in its new state.
func (d dependants) lines(of seen, to state) string {
	var out []string
	for _, s := range d.flags[:min(3, len(d.flags))] {
		out = append(out, s.after(of, to))
	}
	if more := len(d.keys) - len(out); more > 0 && len(out) > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, "; ")
}

// after is what a dependant will serve. A prerequisite is met only when its flag
// is on and serves the variation that is asked for.
func (s seen) after(of seen, to state) string {
	off, _ := s.offValue()
	if !s.setting.On {
		return s.Key + " is off and stays off (" + off + ")"
	}
	want := ""
	for _, p := range s.Prerequisites {
		if p.Key == of.Key && p.Variation >= 0 && p.Variation < len(of.Variations) {
			want = of.Variations[p.Variation].ID
		}
	}
	whole := to.Serves.Variation == want || to.Serves.Weights[want] == 100000
	part := to.Serves.Weights[want] > 0
	switch {
	case !to.On, !whole && !part:
		return s.Key + " will serve " + off + ", its off value"
	case whole:
		return s.Key + " will follow its own rules"
	}
	return s.Key + " will serve " + off + " to those who do not get " + of.value(of.index(want))
}
