package launchdarkly

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mayday/integrations"
	"mayday/internal/fault"
)

// flag is a flag as the API answers it, as far as it matters here.
type flag struct {
	Key          string              `json:"key"`
	Archived     bool                `json:"archived"`
	Variations   []variation         `json:"variations"`
	Environments map[string]*setting `json:"environments"`
}

type variation struct {
	ID    string          `json:"_id"`
	Value json.RawMessage `json:"value"`
	Name  string          `json:"name"`
}

// setting is a flag in one environment. Version rises with each change there.
type setting struct {
	On             bool            `json:"on"`
	Version        int             `json:"version"`
	Modified       int64           `json:"lastModified"`
	Fallthrough    rule            `json:"fallthrough"`
	Off            *int            `json:"offVariation"`
	Prerequisites  []prerequisite  `json:"prerequisites"`
	Rules          json.RawMessage `json:"rules"`
	Targets        json.RawMessage `json:"targets"`
	ContextTargets json.RawMessage `json:"contextTargets"`
	Site           struct {
		Href string `json:"href"`
	} `json:"_site"`
}

type prerequisite struct {
	Key       string `json:"key"`
	Variation int    `json:"variation"`
}

// rule is the default rule: one variation by its index, or a rollout.
type rule struct {
	Variation *int     `json:"variation"`
	Rollout   *rollout `json:"rollout"`
}

type rollout struct {
	Variations []struct {
		Variation int `json:"variation"`
		Weight    int `json:"weight"`
	} `json:"variations"`
	BucketBy    string          `json:"bucketBy"`
	ContextKind string          `json:"contextKind"`
	Seed        *int            `json:"seed"`
	Experiment  json.RawMessage `json:"experimentAllocation"`
}

// seen is a flag in our environment at one moment.
type seen struct {
	flag
	setting
}

// read looks at a flag. A key that does not exist gets a suggestion.
func (t *target) read(ctx context.Context, key string) (seen, error) {
	var f flag
	err := t.api.get(ctx, dated, path("flags", t.own.Project, key)+"?env="+url.QueryEscape(t.own.Environment), &f)
	if r, ok := integrations.AsRejected(err); ok && strings.HasPrefix(r.Why, "LaunchDarkly said no ("+strconv.Itoa(http.StatusNotFound)) {
		return seen{}, t.unknown(ctx, key)
	}
	if err != nil {
		return seen{}, err
	}
	c := f.Environments[t.own.Environment]
	if c == nil {
		return seen{}, &integrations.Rejected{
			Code: "E17", Why: "LaunchDarkly shows no environment " + t.own.Environment + " for " + key + ".",
			Fix: "Check connect.launchdarkly.environment, and that the token may read it.",
		}
	}
	return seen{flag: f, setting: *c}, nil
}

func (t *target) unknown(ctx context.Context, key string) error {
	var list struct {
		Items []flag `json:"items"`
	}
	r := &integrations.Rejected{
		Code: "E17", Why: "LaunchDarkly has no flag " + key + " in project " + t.own.Project + " (404).",
		Fix: "Check the key, and connect.launchdarkly.project.",
	}
	if t.api.get(ctx, dated, path("flags", t.own.Project)+"?limit=100", &list) != nil {
		return r
	}
	var known []string
	for _, f := range list.Items {
		known = append(known, f.Key)
	}
	if say := strings.TrimSpace(fault.DidYouMean(key, known)); say != "" {
		r.Fix = say
	}
	return r
}

// link is where people look at the flag.
func (t *target) link(s seen) string {
	if !strings.HasPrefix(s.Site.Href, "/") {
		return t.own.APIURL
	}
	return t.own.APIURL + s.Site.Href
}

// value is a variation's value as people read it.
func (f flag) value(n int) string {
	if n < 0 || n >= len(f.Variations) {
		return "something unknown"
	}
	var text bytes.Buffer
	if json.Compact(&text, f.Variations[n].Value) != nil {
		return "something unknown"
	}
	return integrations.Clip(integrations.OneLine(text.String()), 40)
}

func (f flag) index(id string) int {
	for n, v := range f.Variations {
		if v.ID == id {
			return n
		}
	}
	return -1
}

// offValue is what "off" serves; ok is false when it serves nothing at all.
func (s seen) offValue() (text string, ok bool) {
	if s.Off == nil {
		return "nothing", false
	}
	return s.value(*s.Off), true
}

// some reports whether a JSON list holds anything.
func some(list json.RawMessage) bool {
	var items []json.RawMessage
	return json.Unmarshal(list, &items) == nil && len(items) > 0
}
