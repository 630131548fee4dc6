package kubernetes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

// shape is a pod template as it goes into a patch: what the server wrote, also
// fields that this build does not know, without what controllers add of their own.
type shape struct {
	value any    // JSON
	print string // equal templates have equal prints
}

// outlineOf finds the pod template and the whole spec in an object, as they stand.
func outlineOf(raw []byte) (template, spec json.RawMessage, err error) {
	var outer struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		return nil, nil, err
	}
	var inner struct {
		Template json.RawMessage `json:"template"`
	}
	err = json.Unmarshal(outer.Spec, &inner)
	return inner.Template, outer.Spec, err
}

// printOf tells one text from another.
func printOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// shapeOf reads a template, of a workload or of a revision.
func shapeOf(raw json.RawMessage) (shape, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a whole number keeps every digit
	value := map[string]any{}
	if err := dec.Decode(&value); err != nil {
		return shape{}, fmt.Errorf("read the pod template: %w", err)
	}
	delete(value, "$patch")
	if meta, ok := value["metadata"].(map[string]any); ok {
		if at, there := meta["creationTimestamp"]; there && at == nil {
			delete(meta, "creationTimestamp")
		}
		if labels, ok := meta["labels"].(map[string]any); ok {
			delete(labels, apps.DefaultDeploymentUniqueLabelKey)
		}
	}
	canonical, err := json.Marshal(value)
	if err != nil {
		return shape{}, fmt.Errorf("read the pod template: %w", err)
	}
	return shape{value: value, print: printOf(canonical)}, nil
}

// images are what the containers of a template run, in words.
func images(t core.PodTemplateSpec) string {
	var out []string
	for _, c := range t.Spec.Containers {
		out = append(out, imageText(c.Image))
	}
	return integrations.Clip(strings.Join(out, ", "), 160)
}

// runs reports whether a container of the template has the image: whole, without
// registry and path, or only its tag.
func runs(t core.PodTemplateSpec, image string) bool {
	return slices.ContainsFunc(t.Spec.Containers, func(c core.Container) bool {
		_, tag, _ := strings.Cut(imageText(c.Image), ":")
		return c.Image == image || imageText(c.Image) == image || tag != "" && tag == image
	})
}

// configNames are the config maps that a template takes from, sorted.
func configNames(t core.PodTemplateSpec) []string {
	var out []string
	for _, v := range t.Spec.Volumes {
		if v.ConfigMap != nil {
			out = append(out, v.ConfigMap.Name)
		}
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.ConfigMap != nil {
					out = append(out, s.ConfigMap.Name)
				}
			}
		}
	}
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		for _, e := range c.EnvFrom {
			if e.ConfigMapRef != nil {
				out = append(out, e.ConfigMapRef.Name)
			}
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
				out = append(out, e.ValueFrom.ConfigMapKeyRef.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
