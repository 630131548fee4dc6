package launchdarkly

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
)

// entry is one line of the audit log.
type entry struct {
	ID      string `json:"_id"`
	Date    int64  `json:"date"`
	Comment string `json:"comment"`
	Verb    string `json:"titleVerb"`
	Short   string `json:"shortDescription"`
	Subject struct {
		Name string `json:"name"`
	} `json:"subject"`
	Member struct {
		FirstName string `json:"firstName"`
		Email     string `json:"email"`
	} `json:"member"`
	Token struct {
		Name string `json:"name"`
	} `json:"token"`
	Target struct {
		Resources []string `json:"resources"` // "proj/web:env/production:flag/new-cart"
	} `json:"target"`
}

func (e entry) at() time.Time { return time.UnixMilli(e.Date) }

// by is who it was: a member, or the name of a token.
func (e entry) by() string {
	local, _, _ := strings.Cut(e.Member.Email, "@")
	for _, name := range []string{e.Member.FirstName, local, e.Token.Name, e.Subject.Name} {
		if name = integrations.Clip(integrations.OneLine(name), 40); name != "" {
			return name
		}
	}
	return "somebody"
}

func (e entry) what() string {
	for _, text := range []string{e.Short, e.Verb} {
		if text = integrations.Clip(integrations.OneLine(text), 80); text != "" {
			return text
		}
	}
	return "changed the flag"
}

// sentence is "Li turned off the flag at 14:12:08 UTC".
func (e entry) sentence() string { return e.by() + " " + e.what() + " at " + clock(e.at()) }

// entries are the last changes of a flag in our environment, newest first.
func (t *target) entries(ctx context.Context, key string, limit int) ([]entry, error) {
	var list struct {
		Items []entry `json:"items"`
	}
	spec := "proj/" + t.own.Project + ":env/" + t.own.Environment + ":flag/" + key
	err := t.api.get(ctx, dated, path("auditlog")+"?limit="+strconv.Itoa(limit)+"&spec="+url.QueryEscape(spec), &list)
	return list.Items, err
}

// news are the entries that are younger than what a plan saw, newest first.
func (t *target) news(ctx context.Context, key string, record map[string]string) ([]entry, error) {
	list, err := t.entries(ctx, key, 20)
	if err != nil {
		return nil, err
	}
	last, after := record[keyWasEntry], millis(record[keyWasAt])
	for n, e := range list {
		if e.ID == last || last == "" && e.Date <= after {
			return list[:n], nil
		}
	}
	return list, nil
}

// change is an entry with the flag before and after it.
type change struct {
	entry
	before, after seen
}

// errNoChange says that the audit log holds no change that can be compared.
var errNoChange = errors.New("the audit log shows no change of this flag in this environment")

// depth is how many entries are opened in search of a change: requests for an
// approval and new names stand between.
const depth = 5

func (t *target) lastChange(ctx context.Context, key string) (change, error) {
	list, err := t.entries(ctx, key, depth)
	if err != nil {
		return change{}, err
	}
	for _, e := range list {
		c, ok, err := t.opened(ctx, e)
		if err != nil {
			return change{}, err
		}
		if ok {
			return c, nil
		}
	}
	return change{}, errNoChange
}

func (t *target) opened(ctx context.Context, e entry) (change, bool, error) {
	var whole struct {
		Before *flag `json:"previousVersion"`
		After  *flag `json:"currentVersion"`
	}
	if err := t.api.get(ctx, dated, path("auditlog", e.ID), &whole); err != nil {
		return change{}, false, err
	}
	if whole.Before == nil || whole.After == nil {
		return change{}, false, nil
	}
	before, after := whole.Before.Environments[t.own.Environment], whole.After.Environments[t.own.Environment]
	if before == nil || after == nil || before.Version == after.Version {
		return change{}, false, nil
	}
	return change{entry: e, before: seen{*whole.Before, *before}, after: seen{*whole.After, *after}}, true, nil
}

// arrow is what a change did to what is served: "off → on", "0% → 50% true".
func (c change) arrow() string {
	was, is := c.before.state(), c.after.state()
	if was.On != is.On {
		return onOff(was.On) + " → " + onOff(is.On)
	}
	if was.Serves.print() == is.Serves.print() {
		return c.what()
	}
	from, to := c.before.rule(was.Serves), c.after.rule(is.Serves)
	if strings.HasSuffix(from, "% true") && strings.HasSuffix(to, "% true") {
		from = strings.TrimSuffix(from, " true")
	}
	return from + " → " + to
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// besides names what a change did beyond on, off and the default rule.
func (c change) besides() []string {
	var out []string
	same := func(a, b []byte) bool { return string(a) == string(b) || (!some(a) && !some(b)) }
	if !same(c.before.Rules, c.after.Rules) {
		out = append(out, "rules")
	}
	if !same(c.before.Targets, c.after.Targets) || !same(c.before.ContextTargets, c.after.ContextTargets) {
		out = append(out, "targets")
	}
	was, _ := c.before.offValue()
	if is, _ := c.after.offValue(); was != is {
		out = append(out, "what off serves")
	}
	if needs(c.before) != needs(c.after) {
		out = append(out, "prerequisites")
	}
	return out
}

// needs are the flags that a flag depends on.
func needs(s seen) string {
	var keys []string
	for _, p := range s.Prerequisites {
		keys = append(keys, p.Key+"="+strconv.Itoa(p.Variation))
	}
	return strings.Join(keys, ", ")
}
