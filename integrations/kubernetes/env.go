package kubernetes

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
)

func envIn(t core.PodTemplateSpec, container, name string) *core.EnvVar {
	for _, c := range t.Spec.Containers {
		for n, e := range c.Env {
			if c.Name == container && e.Name == name {
				return &c.Env[n]
			}
		}
	}
	return nil
}

// envIndex is where an entry stands among the others, -1 when it does not.
func envIndex(t core.PodTemplateSpec, container, name string) int {
	for _, c := range t.Spec.Containers {
		if c.Name == container {
			return slices.IndexFunc(c.Env, func(e core.EnvVar) bool { return e.Name == name })
		}
	}
	return -1
}

func envCount(t core.PodTemplateSpec, container, name string) (n int) {
	for _, c := range t.Spec.Containers {
		for _, e := range c.Env {
			if c.Name == container && e.Name == name {
				n++
			}
		}
	}
	return n
}

// envOps put one entry where it stands, else where it is said to have stood, else at
// the end, and touch no other.
func envOps(w workload, container, name string, index int, want *core.EnvVar, mark string) []operation {
	at := slices.IndexFunc(w.template.Spec.Containers, func(c core.Container) bool { return c.Name == container })
	if at < 0 {
		return nil
	}
	path := fmt.Sprintf("/spec/template/spec/containers/%d/env", at)
	env := w.template.Spec.Containers[at].Env
	n := slices.IndexFunc(env, func(e core.EnvVar) bool { return e.Name == name })
	var out []operation
	switch {
	case want == nil && n >= 0:
		out = []operation{{Op: "remove", Path: fmt.Sprintf("%s/%d", path, n)}}
	case want == nil:
		return nil
	case n >= 0:
		out = []operation{{Op: "replace", Path: fmt.Sprintf("%s/%d", path, n), Value: want}}
	case len(env) == 0:
		out = []operation{{Op: "add", Path: path, Value: []core.EnvVar{*want}}}
	case index >= 0 && index < len(env):
		out = []operation{{Op: "add", Path: fmt.Sprintf("%s/%d", path, index), Value: want}}
	default:
		out = []operation{{Op: "add", Path: path + "/-", Value: want}}
	}
	return append(out, annotate(w.meta.Annotations, map[string]string{stepKey: mark})...)
}
