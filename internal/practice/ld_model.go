package practice

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// ldVariation is one value that a flag can serve.
type ldVariation struct {
	ID    string
	Value any
	Name  string
}

// ldServe is what the default rule serves: one variation, or a rollout when
// weights is set. Weights are thousandths of a percent, by variation.
type ldServe struct {
	variation   int
	weights     []int
	bucketBy    string
	contextKind string
}

// ldConfig is a flag in one environment.
type ldConfig struct {
	on            bool
	serve         ldServe
	off           *int // nil serves nothing
	version       int
	modified      time.Time
	targets       []string // context keys that get the first variation
	rules         int
	prerequisites []ldPrerequisite
	pending       bool // a scheduled change or approval that an edit would break
	busy          bool // an edit is under way
}

type ldPrerequisite struct {
	key       string
	variation int
}

type ldFlag struct {
	key, name, description string
	variations             []ldVariation
	version                int
	created                time.Time
	configs                map[string]*ldConfig
}

func (f *ldFlag) boolean() bool {
	_, ok := f.variations[0].Value.(bool)
	return ok
}

func (f *ldFlag) byID(id string) (int, bool) {
	n := slices.IndexFunc(f.variations, func(v ldVariation) bool { return v.ID == id })
	return n, n >= 0
}

// byValue finds a variation by its value as JSON; text needs no quotes.
func (f *ldFlag) byValue(text string) (int, bool) {
	n := slices.IndexFunc(f.variations, func(v ldVariation) bool {
		raw, err := json.Marshal(v.Value)
		return err == nil && (string(raw) == text || string(raw) == strconv.Quote(text))
	})
	return n, n >= 0
}

// rest is the flag as the REST API answers it, in the environments given.
func (f *ldFlag) rest(l *LaunchDarkly, environments ...string) object {
	kind := "multivariate"
	if f.boolean() {
		kind = "boolean"
	}
	variations := []any{}
	for _, v := range f.variations {
		one := object{"_id": v.ID, "value": v.Value}
		if v.Name != "" {
			one["name"] = v.Name
		}
		variations = append(variations, one)
	}
	self := "/api/v2/flags/" + l.project + "/" + f.key
	out := object{
		"_links": object{"self": ldLink(self), "parent": ldLink("/api/v2/flags/" + l.project)},
		"key":    f.key, "name": f.name, "kind": kind, "description": f.description,
		"_version": f.version, "creationDate": f.created.UnixMilli(), "variations": variations,
		"temporary": true, "tags": []string{"shop"}, "archived": false, "customProperties": object{},
		"experiments": object{"baselineIdx": 0, "items": []any{}},
	}
	if len(environments) == 0 {
		return out
	}
	configs := object{}
	for _, e := range environments {
		if c, ok := f.configs[e]; ok {
			configs[e] = c.rest(l, f, e)
		}
	}
	out["environments"] = configs
	return out
}

func ldLink(href string) object { return object{"href": href, "type": "application/json"} }

func (c *ldConfig) rest(l *LaunchDarkly, f *ldFlag, environment string) object {
	out := object{
		"on": c.on, "archived": false, "salt": f.key, "sel": "", "lastModified": c.modified.UnixMilli(),
		"version": c.version, "targets": c.restTargets(), "contextTargets": []any{}, "rules": c.restRules(false),
		"fallthrough": c.serve.rest(false), "prerequisites": c.restPrerequisites(),
		"_site":            object{"href": "/projects/" + l.project + "/flags/" + f.key + "/targeting?env=" + environment, "type": "text/html"},
		"_environmentName": environment, "trackEvents": false, "trackEventsFallthrough": false,
	}
	if c.off != nil {
		out["offVariation"] = *c.off
	}
	return out
}

func (c *ldConfig) restTargets() []any {
	if len(c.targets) == 0 {
		return []any{}
	}
	return []any{object{"variation": 0, "values": slices.Clone(c.targets), "contextKind": "user"}}
}

// restRules are rules that serve the first variation to one country each. The
// stream spells ids without the underscore.
func (c *ldConfig) restRules(stream bool) []any {
	id := "_id"
	if stream {
		id = "id"
	}
	rules := []any{}
	for n := range c.rules {
		rules = append(rules, object{
			id: "rule-" + strconv.Itoa(n), "variation": 0, "trackEvents": false,
			"clauses": []any{object{"attribute": "country", "op": "in", "negate": false, "values": []string{"C" + strconv.Itoa(n)}, "contextKind": "user"}},
		})
	}
	return rules
}

func (c *ldConfig) restPrerequisites() []any {
	out := []any{}
	for _, p := range c.prerequisites {
		out = append(out, object{"key": p.key, "variation": p.variation})
	}
	return out
}

func (s ldServe) rest(stream bool) object {
	if s.weights == nil {
		return object{"variation": s.variation}
	}
	variations := []any{}
	for n, w := range s.weights {
		variations = append(variations, object{"variation": n, "weight": w})
	}
	rollout := object{"variations": variations, "contextKind": s.contextKind}
	if s.bucketBy != "" {
		rollout["bucketBy"] = s.bucketBy
	}
	if stream {
		rollout["kind"] = "rollout"
	}
	return object{"rollout": rollout}
}

// stream is the flag as SDKs get it.
func (f *ldFlag) stream(environment string) object {
	c := f.configs[environment]
	values := []any{}
	for _, v := range f.variations {
		values = append(values, v.Value)
	}
	out := object{
		"key": f.key, "version": c.version, "on": c.on, "salt": f.key, "sel": "", "deleted": false,
		"prerequisites": c.restPrerequisites(), "targets": c.restTargets(), "contextTargets": []any{},
		"rules": c.restRules(true), "fallthrough": c.serve.rest(true), "offVariation": nil,
		"variations": values, "clientSide": false, "trackEvents": false, "trackEventsFallthrough": false,
	}
	if c.off != nil {
		out["offVariation"] = *c.off
	}
	return out
}
