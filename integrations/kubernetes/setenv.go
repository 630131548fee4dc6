package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

const setEnvName = "k8s.set_env"

const (
	keyContainer = "container"
	keyVariable  = "variable"
	keyWasEnv    = "was_env" // the whole entry as JSON; "" when there was none
	keyEnv       = "env"     // the entry that is set; "" when it is removed
	keyIndex     = "index"   // where among the others it stood
)

// longestValue bounds what is kept for an undo.
const longestValue = 32 << 10

func (f *fleet) setEnv() integrations.Action {
	return integrations.Action{
		Name: setEnvName, Summary: "Set an environment variable of a workload; its pods roll", Grade: integrations.GradeChange, Version: 1,
		Params: append(slices.Clone(placeParams),
			integrations.Field{Name: "name", Kind: integrations.Text, Required: true, Match: `[A-Za-z_][A-Za-z0-9_.-]{0,200}`, Say: "the variable"},
			integrations.Field{Name: "value", Kind: integrations.Text, Match: `(?s).*`, Say: "its value; never a secret"},
			integrations.Field{Name: "from_secret", Kind: integrations.Text, Say: "SECRET/KEY that it takes its value from"},
			integrations.Field{Name: "container", Kind: integrations.Text, Say: "which container, where there are several"},
			integrations.Field{Name: "remove", Kind: integrations.Bool, Default: false, Say: "take the variable away"},
			integrations.Field{Name: "entry", Kind: integrations.Map, Say: "the whole entry, as an undo puts it back"},
			integrations.Field{Name: "index", Kind: integrations.Int, Say: "where among the others an undo puts it back: values may name those before them"}),
		Output: []integrations.Field{{Name: keyWas, Kind: integrations.Text, Say: "what it was, masked"}},
		Settle: rolloutSettle,
		Checks: []string{"the rollout is not paused", "nobody else is changing it", "values that look like secrets are a refusal", "whether Argo Rollouts runs it", "who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   "to the entry it had",
		Rights: "apps: get, patch on the workload; list on replicasets, controllerrevisions; list on pods",
		Plan:   f.planEnv, Apply: f.applyEnv, Probe: f.probeEnv, Undo: f.undoEnv,
	}
}

func (f *fleet) planEnv(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	want, err := wantedEnv(a)
	if err != nil {
		return integrations.Plan{}, err
	}
	c, err := f.choose(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	s, err := c.survey(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, c.command("get", c.ref()))
	}
	if s.paused {
		return integrations.Plan{}, &integrations.Rejected{Code: "E8", Why: "The rollout of " + c.subject() + " is paused: no pod would see the variable.", Fix: "Resume it first with k8s.resume_rollout."}
	}
	name := a.Text("name")
	at, err := s.container(a.Text("container"), name)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := c.outline(setEnvName, s.workload)
	if err != nil {
		return p, err
	}
	was := envIn(s.template, at, name)
	if why := secretEnv(was); why != "" {
		return p, &integrations.Rejected{Code: "E8", Why: name + " of " + c.subject() + " holds " + why + ", and Mayday keeps no secrets for an undo.", Fix: "Change it by hand, or move it into a secret."}
	}
	p.Args["name"], p.Args["container"] = name, at
	for _, key := range []string{"value", "from_secret", "remove", "entry", "index"} {
		if v, given := a[key]; given {
			p.Args[key] = v
		}
	}
	if n := envCount(s.template, at, name); n > 1 {
		return p, &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("%s stands %d times in container %s of %s, and only the last counts.", name, n, at, c.subject()), Fix: "Clean that up by hand."}
	}
	index := -1
	if n, given := a["index"].(int64); given {
		index = int(max(-1, min(n, math.MaxInt32)))
	}
	p.Record[keyIndex] = strconv.Itoa(envIndex(s.template, at, name))
	p.Record[keyContainer], p.Record[keyVariable], p.Record[keyWasEnv], p.Record[keyEnv] = at, name, entryJSON(was), entryJSON(want)
	p.Title = fmt.Sprintf("Set %s of %s%s", name, c.subject(), c.where())
	p.From, p.To = envWords(was), envWords(want)
	if want == nil {
		p.Title = fmt.Sprintf("Remove %s from %s%s", name, c.subject(), c.where())
	}
	p.Undo = "yes, back to " + envWords(was)
	if entryJSON(was) == entryJSON(want) {
		p.Gone = name + " of " + c.subject() + " is " + envWords(was) + " already"
		return p, nil
	}
	p.Details = []string{fmt.Sprintf("container %s; %s roll, %s", at, podsText(s.progress.desired), s.surge)}
	if s.onDelete {
		p.Details = []string{"container " + at + "; its strategy is OnDelete: each pod keeps the old value until somebody deletes it"}
	}
	if want != nil && want.ValueFrom != nil && want.ValueFrom.SecretKeyRef != nil {
		p.Checks = append(p.Checks, integrations.Check{Text: "whether " + envWords(want) + " exists is not looked at: Mayday may not read secrets", Answer: integrations.Unknown})
	}
	p.Command = c.envCommand(at, name, want)
	p.Checks = append(append(p.Checks, s.othersCheck(c.subject())), s.commonChecks(ctx, envOps(s.workload, at, name, index, want, "dry run"))...)
	return p, nil
}

// wantedEnv is the entry that the arguments ask for; nil to remove it.
func wantedEnv(a integrations.Args) (*core.EnvVar, error) {
	name := a.Text("name")
	value, hasValue := a["value"].(string)
	entry, hasEntry := a["entry"].(map[string]any)
	remove, _ := a["remove"].(bool)
	secret := a.Text("from_secret")
	given := 0
	for _, is := range []bool{hasValue, hasEntry, remove, secret != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return nil, &integrations.Rejected{Code: "E24", Why: "Say what " + shown(name, 60) + " shall be.", Fix: "Give one of `value`, `from_secret` and `remove`."}
	}
	switch {
	case remove:
		return nil, nil
	case hasEntry:
		return entryOf(name, entry)
	case secret != "":
		object, key, ok := strings.Cut(secret, "/")
		if !ok || !goodObject.MatchString(object) || !goodKey.MatchString(key) {
			return nil, &integrations.Rejected{Code: "E24", Why: shown(secret, 60) + " is not a key of a secret.", Fix: "Write SECRET/KEY."}
		}
		ref := &core.SecretKeySelector{LocalObjectReference: core.LocalObjectReference{Name: object}, Key: key}
		return &core.EnvVar{Name: name, ValueFrom: &core.EnvVarSource{SecretKeyRef: ref}}, nil
	case len(value) > longestValue:
		return nil, &integrations.Rejected{Code: "E24", Why: "That value is too long for an environment variable.", Fix: "Put it into a config map."}
	}
	out := &core.EnvVar{Name: name, Value: value}
	if why := secretEnv(out); why != "" {
		return nil, &integrations.Rejected{Code: "E24", Why: "This would put " + why + " into the template of the workload, and into the log of the incident.", Fix: "Put it into a secret and give `from_secret: SECRET/KEY`."}
	}
	return out, nil
}

func entryOf(name string, entry map[string]any) (*core.EnvVar, error) {
	raw, err := json.Marshal(entry)
	if err != nil {
		return nil, fmt.Errorf("read an entry: %w", err)
	}
	out := &core.EnvVar{}
	if err := json.Unmarshal(raw, out); err != nil || out.Name != name {
		return nil, &integrations.Rejected{Code: "E24", Why: "That is no entry for " + shown(name, 60) + ".", Fix: "Give `value` instead."}
	}
	return out, nil
}

// secretEnv is what of a secret an entry holds in plain text; "" when nothing.
func secretEnv(e *core.EnvVar) string {
	switch {
	case e == nil || e.Value == "":
		return ""
	case secretKey.MatchString(e.Name):
		return "what is a secret by its name"
	case masked(e.Value) != e.Value:
		return "what looks like a secret"
	}
	return ""
}

func envWords(e *core.EnvVar) string {
	if e == nil {
		return "not set"
	}
	if text := envText(*e); text != "" {
		return text
	}
	return "empty"
}

func entryJSON(e *core.EnvVar) string {
	if e == nil {
		return ""
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return string(raw)
}

// container picks the container that is meant: the named one, else the one that has
// the variable, else the only one or the one that is called like the workload.
func (s situation) container(want, variable string) (string, error) {
	var all, having []string
	for _, c := range s.template.Spec.Containers {
		all = append(all, c.Name)
		if slices.ContainsFunc(c.Env, func(e core.EnvVar) bool { return e.Name == variable }) {
			having = append(having, c.Name)
		}
	}
	switch {
	case want != "" && slices.Contains(all, want):
		return want, nil
	case want == "" && len(having) == 1:
		return having[0], nil
	case want == "" && len(having) == 0 && len(all) == 1:
		return all[0], nil
	case want == "" && len(having) == 0 && slices.Contains(all, s.name):
		return s.name, nil
	}
	return "", &integrations.Rejected{Code: "E24", Why: "Which container of " + s.name + " is meant is not clear.", Fix: "Give `container`: " + joined(all) + "."}
}

func (c chosen) envCommand(container, name string, want *core.EnvVar) string {
	switch {
	case want == nil:
		return c.command("set", "env", c.ref(), "-c", container, name+"-")
	case want.ValueFrom == nil:
		return c.command("set", "env", c.ref(), "-c", container, quoted(name+"="+want.Value))
	}
	entry := map[string]any{"name": name, "value": nil, "valueFrom": want.ValueFrom}
	patch := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": container, "env": []any{entry}}}}}}}
	return c.command("patch", c.ref(), "-p", jsonText(patch))
}

// plannedEnv reads back what a plan sets.
func plannedEnv(record map[string]string, key string) (*core.EnvVar, error) {
	if record[key] == "" {
		return nil, nil
	}
	out := &core.EnvVar{}
	if err := json.Unmarshal([]byte(record[key]), out); err != nil {
		return nil, &integrations.Rejected{Code: "E24", Why: "The plan does not say what it sets.", Fix: "Make a new preview."}
	}
	return out, nil
}

func (f *fleet) applyEnv(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	want, err := plannedEnv(p.Record, keyEnv)
	if err != nil {
		return integrations.Receipt{}, err
	}
	index := -1
	if n, err := strconv.Atoi(fmt.Sprint(p.Args["index"])); err == nil {
		index = n
	}
	_, err = f.patch(ctx, p, keep, func(w workload) ([]operation, error) {
		list := envOps(w, p.Record[keyContainer], p.Record[keyVariable], index, want, mark(p))
		if len(list) == 0 {
			return nil, &integrations.Stale{Code: "E10", Diff: "there is nothing left to change of " + p.Record[keyVariable]}
		}
		return list, nil
	})
	if err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: fmt.Sprintf("%s of %s goes from %s to %s", p.Record[keyVariable], p.Subject, p.From, p.To), Values: map[string]string{keyWas: p.From}}, nil
}

func (f *fleet) probeEnv(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	return f.probeWorkload(ctx, p, func(s situation) bool {
		return entryJSON(envIn(s.template, p.Record[keyContainer], p.Record[keyVariable])) == p.Record[keyEnv]
	})
}

func (f *fleet) undoEnv(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	at, err := f.placeOf(v)
	if err != nil {
		return integrations.Plan{}, err
	}
	w, err := at.inspect(ctx)
	if err != nil {
		return integrations.Plan{}, absent(err, at)
	}
	now := envIn(w.template, v[keyContainer], v[keyVariable])
	if text := entryJSON(now); text != v[keyEnv] && text != v[keyWasEnv] {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s of %s is %s now%s, not as this step left it", v[keyVariable], at.name, envWords(now), w.by())}
	}
	again := f.again(ctx, v, at)
	again["name"], again["container"] = v[keyVariable], v[keyContainer]
	if v[keyWasEnv] == "" {
		again["remove"] = true
		return f.planEnv(ctx, again)
	}
	entry := map[string]any{}
	if err := json.Unmarshal([]byte(v[keyWasEnv]), &entry); err != nil {
		return integrations.Plan{}, &integrations.Rejected{Code: "E15", Why: "What the variable was before was not recorded.", Fix: "Use k8s.set_env."}
	}
	again["entry"] = entry
	if n, err := strconv.ParseInt(v[keyIndex], 10, 32); err == nil && now == nil {
		again["index"] = n
	}
	return f.planEnv(ctx, again)
}
