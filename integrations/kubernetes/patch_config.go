package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

const patchConfigName = "k8s.patch_configmap"

// goodKey is a key of a config map or secret.
var goodKey = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

const (
	keyKey      = "key"
	keyWasThere = "was_there"
	keyWasValue = "was_value"
	keySetThere = "set_there"
	keySetValue = "set_value"
	keyVersion  = "resource_version"
)

// appliedKey is where kubectl keeps what was applied last: the third side of the
// comparison.
const appliedKey = "kubectl.kubernetes.io/last-applied-configuration"

func (f *fleet) patchConfig() integrations.Action {
	return integrations.Action{
		Name: patchConfigName, Summary: "Change one key of a config map", Grade: integrations.GradeChange, Version: 1,
		Params: []integrations.Field{
			{Name: "name", Kind: integrations.Text, Required: true, Say: "a config map: checkout-config, shop/checkout-config, prod:shop/checkout-config; or a service that has one"},
			{Name: "key", Kind: integrations.Text, Required: true, Match: `[-._a-zA-Z0-9]{1,253}`, Say: "the key"},
			{Name: "value", Kind: integrations.Text, Match: `(?s).*`, Say: "its new value; never a secret"},
			{Name: "remove", Kind: integrations.Bool, Default: false, Say: "take the key away"},
			clusterField,
		},
		Output: []integrations.Field{{Name: keyWas, Kind: integrations.Text, Say: "the value before, masked"}},
		Checks: []string{"it is not immutable", "values that look like secrets are a refusal", "whether what was applied last says something else", "who takes from it, and when they see the change", "who keeps it as Git or a chart says", "rights for exactly this object", "dry run of the very patch"},
		Back:   "to the value it had", Rights: "get, patch on the config map; apps: list on deployments, statefulsets, daemonsets",
		Plan: f.planConfig, Apply: f.applyConfig, Probe: f.probeConfig, Undo: f.undoConfig,
	}
}

// configValueOf is the value of a key, and whether there is one.
func configValueOf(u *unstructured.Unstructured, key string) (string, bool) {
	data, _, _ := unstructured.NestedStringMap(u.Object, "data")
	value, there := data[key]
	return value, there
}

func (f *fleet) planConfig(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	key := a.Text("key")
	value, given := a["value"].(string)
	remove, _ := a["remove"].(bool)
	switch {
	case given == remove:
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "Say what " + shown(key, 60) + " shall be.", Fix: "Give one of `value` and `remove`."}
	case !goodKey.MatchString(key) || len(value) > longestValue:
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "That is no key of a config map, or its value is longer than 32 KiB.", Fix: "Change it by hand."}
	}
	o, err := f.configObject(ctx, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if err != nil {
		return integrations.Plan{}, byHand(err, o.command("edit", o.ref()))
	}
	was, there := configValueOf(u, key)
	if why := o.unfitValue(u, key, was, value); why != nil {
		return integrations.Plan{}, why
	}
	p := o.outline(patchConfigName, u, map[string]any{"name": o.at(), "key": key, "remove": remove})
	if given {
		p.Args["value"] = value
	}
	p.Title = fmt.Sprintf("Set %s in config map %s%s", key, o.name, o.where())
	if remove {
		p.Title = fmt.Sprintf("Remove %s from config map %s%s", key, o.name, o.where())
	}
	p.From, p.To = valueWords(was, there), valueWords(value, given)
	p.Undo = "yes, back to " + p.From
	p.Pre[keyVersion] = u.GetResourceVersion()
	p.Record[keyKey], p.Record[keyWasValue], p.Record[keyWasThere] = key, was, fmt.Sprint(there)
	p.Record[keySetValue], p.Record[keySetThere] = value, fmt.Sprint(given)
	if was == value && there == given {
		p.Gone = key + " in " + o.name + " is " + valueWords(was, there) + " already"
		return p, nil
	}
	p.Details = append(p.Details, lineDiff(was, value)...)
	p.Details = append(p.Details, thirdSide(u, key, was, value)...)
	users, check := o.users(ctx)
	p.Details = append(p.Details, users)
	p.Command = o.command("patch", o.ref(), "--type=merge", "-p", jsonText(map[string]any{"data": map[string]any{key: orNull(value, given)}}))
	p.Checks = slices.Concat(check, o.cluster.ownership(ctx, u), o.cluster.may(ctx, o.access("patch", "")),
		[]integrations.Check{o.rehearse(ctx, "", configOps(u, key, value, given, "dry run"))})
	return p, nil
}

func orNull(value string, given bool) any {
	if !given {
		return nil
	}
	return value
}

// configObject finds the config map; a service stands for its only one.
func (f *fleet) configObject(ctx context.Context, a integrations.Args) (object, error) {
	if _, isService := f.named(a.Text("name")); !isService {
		return f.locate(ctx, a, a.Text("name"), configMaps)
	}
	found, err := f.configPlaces(ctx, a)
	if err != nil {
		return object{}, err
	}
	if len(found) > 1 {
		var names []string
		for _, p := range found {
			names = append(names, p.at())
		}
		return object{}, &integrations.Rejected{Code: "E24", Why: a.Text("name") + " takes from several config maps.", Fix: "Name one: " + joined(names) + "."}
	}
	return object{resource: configMaps, cluster: found[0].cluster, namespace: found[0].namespace, name: found[0].name}, nil
}

// unfitValue refuses what cannot be changed, or not be put back.
func (o object) unfitValue(u *unstructured.Unstructured, key, was, is string) error {
	immutable, _, _ := unstructured.NestedBool(u.Object, "immutable")
	_, binary, _ := unstructured.NestedFieldNoCopy(u.Object, "binaryData", key)
	switch {
	case immutable:
		return &integrations.Rejected{Code: "E8", Why: "Config map " + o.name + " is immutable.", Fix: "Deploy with another config map."}
	case binary:
		return &integrations.Rejected{Code: "E8", Why: key + " in " + o.name + " is binary.", Fix: "Change it by hand."}
	case len(was) > longestValue:
		return &integrations.Rejected{Code: "E8", Why: key + " in " + o.name + " is longer than 32 KiB, too long to be kept for an undo.", Fix: "Change it by hand."}
	case secretKey.MatchString(key), masked(was) != was, masked(is) != is:
		return &integrations.Rejected{Code: "E8", Why: key + " in " + o.name + " holds what looks like a secret, and Mayday keeps no secrets for an undo.", Fix: "Change it by hand, or move it into a secret."}
	}
	return nil
}

func valueWords(value string, there bool) string {
	switch {
	case !there:
		return "not set"
	case strings.Contains(value, "\n"):
		return fmt.Sprintf("%d lines", strings.Count(strings.TrimSuffix(value, "\n"), "\n")+1)
	}
	return `"` + integrations.Clip(masked(integrations.OneLine(value)), 120) + `"`
}

// lineDiff is how a text of several lines changes: what is between the lines that
// stay at its begin and its end.
func lineDiff(was, is string) []string {
	if !strings.Contains(was+is, "\n") {
		return nil
	}
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	side := func(sign string, lines []string) string {
		if len(lines) == 0 {
			return ""
		}
		text := sign + " " + strings.Join(lines[:min(3, len(lines))], " ⏎ ")
		if len(lines) > 3 {
			text += fmt.Sprintf(" and %d more", len(lines)-3)
		}
		return integrations.Clip(masked(integrations.OneLine(text)), 200)
	}
	return slices.DeleteFunc([]string{side("−", a), side("+", b)}, func(s string) bool { return s == "" })
}

// thirdSide compares with what was applied last: who changed the key by hand, and
// what the next apply will make of it.
func thirdSide(u *unstructured.Unstructured, key, was, is string) []string {
	var applied core.ConfigMap
	text := u.GetAnnotations()[appliedKey]
	if text == "" || json.Unmarshal([]byte(text), &applied) != nil {
		return nil
	}
	third, there := applied.Data[key]
	switch {
	case there && third == is:
		return []string{"the same as was applied last"}
	case there && third != was:
		return []string{"somebody changed it since it was applied: then " + valueWords(third, there) + ", now " + valueWords(was, true) + "; the next apply overwrites this"}
	}
	return []string{"the next apply puts " + valueWords(third, there) + " back"}
}

// users says who takes from a config map, and when they see a change.
func (o object) users(ctx context.Context) (string, []integrations.Check) {
	all, err := spot{o.cluster, o.namespace}.list(ctx)
	if err != nil {
		return "who takes from it is not known", []integrations.Check{*notAsked("who takes from "+o.name, err)}
	}
	var soon, later []string
	for _, w := range all {
		mounted, read := takes(w.template, o.name)
		switch {
		case read:
			later = append(later, w.name)
		case mounted:
			soon = append(soon, w.name)
		}
	}
	var parts []string
	if len(soon) > 0 {
		parts = append(parts, "mounted by "+integrations.Clip(joined(soon), 100)+": seen there within about a minute, if the program reads it again")
	}
	if len(later) > 0 {
		parts = append(parts, "read by "+integrations.Clip(joined(later), 100)+" only when pods start: nothing changes before a restart")
	}
	if len(parts) == 0 {
		return "no workload of " + o.namespace + " takes from it", nil
	}
	return strings.Join(parts, "; "), nil
}

// takes reports whether a template mounts a config map so that changes arrive, and
// whether it takes from it only at the start: as environment, or by a sub path.
func takes(t core.PodTemplateSpec, name string) (mounted, atStart bool) {
	volumes := map[string]bool{}
	for _, v := range t.Spec.Volumes {
		if v.ConfigMap != nil && v.ConfigMap.Name == name {
			volumes[v.Name] = true
		}
		if v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(s core.VolumeProjection) bool { return s.ConfigMap != nil && s.ConfigMap.Name == name }) {
			volumes[v.Name] = true
		}
	}
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		for _, m := range c.VolumeMounts {
			mounted = mounted || volumes[m.Name] && m.SubPath == "" && m.SubPathExpr == ""
			atStart = atStart || volumes[m.Name] && (m.SubPath != "" || m.SubPathExpr != "")
		}
		for _, e := range c.EnvFrom {
			atStart = atStart || e.ConfigMapRef != nil && e.ConfigMapRef.Name == name
		}
		for _, e := range c.Env {
			atStart = atStart || e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil && e.ValueFrom.ConfigMapKeyRef.Name == name
		}
	}
	return mounted, atStart
}

func configOps(u *unstructured.Unstructured, key, value string, given bool, mark string) []operation {
	var out []operation
	data, there, _ := unstructured.NestedStringMap(u.Object, "data")
	switch _, has := data[key]; {
	case !given && has:
		out = append(out, operation{Op: "remove", Path: "/data/" + escaped(key)})
	case given && (!there || len(data) == 0):
		out = append(out, operation{Op: "add", Path: "/data", Value: map[string]string{key: value}})
	case given:
		out = append(out, operation{Op: "add", Path: "/data/" + escaped(key), Value: value})
	}
	return append(out, annotate(u.GetAnnotations(), map[string]string{stepKey: mark})...)
}

func (f *fleet) applyConfig(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.objectOf(ctx, configMaps, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	v := p.Record
	t := turn{
		object: o,
		ops: func(u *unstructured.Unstructured) ([]operation, error) {
			return configOps(u, v[keyKey], v[keySetValue], v[keySetThere] == "true", mark(p)), nil
		},
		pre: func(u *unstructured.Unstructured) map[string]string {
			return map[string]string{keyUID: string(u.GetUID()), keyVersion: u.GetResourceVersion()}
		},
	}
	if err := t.apply(ctx, p, keep); err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: fmt.Sprintf("%s in %s goes from %s to %s", v[keyKey], o.name, p.From, p.To), Values: map[string]string{keyWas: p.From}}, nil
}

func (f *fleet) probeConfig(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	o, err := f.objectOf(ctx, configMaps, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	return o.standing(ctx, p, func(u *unstructured.Unstructured) (bool, string) {
		value, there := configValueOf(u, p.Record[keyKey])
		return value == p.Record[keySetValue] && fmt.Sprint(there) == p.Record[keySetThere], p.Record[keyKey] + " in " + o.name + " is " + valueWords(value, there)
	})
}

func (f *fleet) undoConfig(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	v := r.Values
	o, err := f.objectOf(ctx, configMaps, v)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: "config map " + o.name + " is gone"}
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	value, there := configValueOf(u, v[keyKey])
	set := value == v[keySetValue] && fmt.Sprint(there) == v[keySetThere]
	was := value == v[keyWasValue] && fmt.Sprint(there) == v[keyWasThere]
	if !set && !was {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s in %s is %s now%s, not as this step left it", v[keyKey], o.name, valueWords(value, there), byWhom(u))}
	}
	again := integrations.Args{"name": o.at(), "key": v[keyKey]}
	again["remove"] = v[keyWasThere] != "true"
	if v[keyWasThere] == "true" {
		again["value"] = v[keyWasValue]
	}
	return f.planConfig(ctx, again)
}
