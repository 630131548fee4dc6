package kubernetes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

// differences says in words how a template differs from another: images, env,
// arguments, resources, probes, config and secrets by name. Values that look like
// secrets are masked.
func differences(from, to core.PodTemplateSpec) []string {
	var out []string
	was, is := containers(from), containers(to)
	for _, name := range union(was, is) {
		a, inFrom := was[name]
		b, inTo := is[name]
		switch {
		case !inFrom:
			out = append(out, "container "+name+" comes ("+imageText(b.Image)+")")
		case !inTo:
			out = append(out, "container "+name+" goes ("+imageText(a.Image)+")")
		default:
			out = append(out, containerDifferences(name, a, b)...)
		}
	}
	out = append(out, moved("config map", configNames(from), configNames(to))...)
	out = append(out, moved("secret", secretNames(from), secretNames(to))...)
	if from.Spec.ServiceAccountName != to.Spec.ServiceAccountName {
		out = append(out, "service account "+arrow(from.Spec.ServiceAccountName, to.Spec.ServiceAccountName))
	}
	if from.Spec.HostNetwork != to.Spec.HostNetwork {
		out = append(out, "host network "+arrow(fmt.Sprint(from.Spec.HostNetwork), fmt.Sprint(to.Spec.HostNetwork)))
	}
	for _, key := range union(from.Annotations, to.Annotations) {
		if from.Annotations[key] != to.Annotations[key] {
			out = append(out, "annotation "+shown(key, 80)+" "+arrow(valueText(key, from.Annotations[key]), valueText(key, to.Annotations[key])))
		}
	}
	if len(out) == 0 && !same(from, to) {
		out = append(out, "something else of the template")
	}
	return out
}

func containers(t core.PodTemplateSpec) map[string]core.Container {
	out := map[string]core.Container{}
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		out[c.Name] = c
	}
	return out
}

func containerDifferences(name string, a, b core.Container) []string {
	var out []string
	if a.Image != b.Image {
		out = append(out, "image "+arrow(imageText(a.Image), imageText(b.Image)))
	}
	was, is := envOf(a), envOf(b)
	for _, key := range union(was, is) {
		a, b := was[key], is[key]
		if !same(a, b) {
			out = append(out, "env "+shown(key, 60)+" "+arrow(envText(a), envText(b)))
		}
	}
	if !slices.Equal(a.Command, b.Command) || !slices.Equal(a.Args, b.Args) {
		out = append(out, "arguments "+arrow(argsText(a), argsText(b)))
	}
	if !same(a.Resources, b.Resources) {
		out = append(out, "resources "+arrow(resourcesText(a.Resources), resourcesText(b.Resources)))
	}
	for probe, pair := range map[string][2]*core.Probe{"readiness": {a.ReadinessProbe, b.ReadinessProbe}, "liveness": {a.LivenessProbe, b.LivenessProbe}, "startup": {a.StartupProbe, b.StartupProbe}} {
		if !same(pair[0], pair[1]) {
			out = append(out, probe+" probe "+arrow(probeText(pair[0]), probeText(pair[1])))
		}
	}
	if !same(a.Ports, b.Ports) {
		out = append(out, "ports")
	}
	if !same(a.VolumeMounts, b.VolumeMounts) {
		out = append(out, "volume mounts")
	}
	slices.Sort(out[min(1, len(out)):])
	for n := range out {
		out[n] = name + ": " + out[n]
	}
	return out
}

func envOf(c core.Container) map[string]core.EnvVar {
	out := map[string]core.EnvVar{}
	for _, e := range c.Env {
		out[e.Name] = e
	}
	return out
}

// envText is a variable as it may be shown; "" when there is none.
func envText(e core.EnvVar) string {
	from := e.ValueFrom
	switch {
	case from == nil:
		return valueText(e.Name, e.Value)
	case from.SecretKeyRef != nil:
		return "secret " + from.SecretKeyRef.Name + "/" + from.SecretKeyRef.Key
	case from.ConfigMapKeyRef != nil:
		return "config map " + from.ConfigMapKeyRef.Name + "/" + from.ConfigMapKeyRef.Key
	case from.FieldRef != nil:
		return "field " + from.FieldRef.FieldPath
	}
	return "another source"
}

// valueText is a value that may be a secret, as it may be shown.
func valueText(key, value string) string {
	if value == "" {
		return ""
	}
	if secretKey.MatchString(key) {
		return "[masked]"
	}
	return integrations.Clip(masked(integrations.OneLine(value)), 120)
}

func arrow(from, to string) string {
	if from == "" {
		from = "none"
	}
	if to == "" {
		to = "none"
	}
	if from == to { // the masked parts differ
		return from + " → another"
	}
	return from + " → " + to
}

func argsText(c core.Container) string {
	return integrations.Clip(masked(integrations.OneLine(strings.Join(append(slices.Clone(c.Command), c.Args...), " "))), 160)
}

func resourcesText(r core.ResourceRequirements) string {
	var out []string
	for kind, list := range map[string]core.ResourceList{"limits": r.Limits, "requests": r.Requests} {
		var parts []string
		for name, q := range list {
			parts = append(parts, string(name)+" "+q.String())
		}
		slices.Sort(parts)
		if len(parts) > 0 {
			out = append(out, kind+" "+joined(parts))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func probeText(p *core.Probe) string {
	if p == nil {
		return ""
	}
	how := "exec"
	switch {
	case p.HTTPGet != nil:
		how = "GET " + shown(p.HTTPGet.Path, 60) + " :" + p.HTTPGet.Port.String()
	case p.TCPSocket != nil:
		how = "tcp :" + p.TCPSocket.Port.String()
	case p.GRPC != nil:
		how = fmt.Sprintf("grpc :%d", p.GRPC.Port)
	}
	return fmt.Sprintf("%s every %d s, %d failures", how, p.PeriodSeconds, p.FailureThreshold)
}

// secretNames are the secrets that a template takes from, by name only.
func secretNames(t core.PodTemplateSpec) []string {
	var out []string
	for _, v := range t.Spec.Volumes {
		if v.Secret != nil {
			out = append(out, v.Secret.SecretName)
		}
	}
	for _, c := range containers(t) {
		for _, e := range c.EnvFrom {
			if e.SecretRef != nil {
				out = append(out, e.SecretRef.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// moved says which names come and which go.
func moved(what string, from, to []string) []string {
	var out []string
	for _, n := range from {
		if !slices.Contains(to, n) {
			out = append(out, what+" "+n+" goes")
		}
	}
	for _, n := range to {
		if !slices.Contains(from, n) {
			out = append(out, what+" "+n+" comes")
		}
	}
	return out
}

func union[V any](a, b map[string]V) []string {
	names := append(sortedKeys(a), sortedKeys(b)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// same compares by what goes over the wire.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
