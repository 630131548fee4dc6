package kubernetes

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sign notes in an object who wrote which of its fields, and when. It is coarser
// than the real bookkeeping: fields are noted when they differ.
func sign(one *call, old, o Object) {
	fields := differing(plain(old), plain(o))
	if len(fields) == 0 {
		return
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return
	}
	at := now()
	entry := metav1.ManagedFieldsEntry{
		Manager: manager(one), Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: one.kind.groupVersion().String(),
		Time: &at, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)), Subresource: one.what.sub,
	}
	kept := slices.DeleteFunc(slices.Clone(o.GetManagedFields()), func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == entry.Manager && m.Subresource == entry.Subresource
	})
	o.SetManagedFields(append(kept, entry))
}

// manager is what a caller calls itself, or else the first word of its program.
func manager(one *call) string {
	if said := one.URL.Query().Get("fieldManager"); said != "" {
		return said
	}
	name, _, _ := strings.Cut(one.UserAgent(), "/")
	return name
}

func plain(o Object) map[string]any {
	out := map[string]any{}
	if o == nil {
		return out
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return out
	}
	_ = json.Unmarshal(raw, &out) // it was written a line above
	delete(out, "status")
	if meta, ok := out["metadata"].(map[string]any); ok {
		for _, mine := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "name", "namespace"} {
			delete(meta, mine)
		}
	}
	return out
}

// differing are the fields of now that are not as before, as "f:spec" and below.
// Lists of named things are entered by name, others are one field.
func differing(before, now map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range now {
		was, there := before[name]
		if there && reflect.DeepEqual(was, value) {
			continue
		}
		out["f:"+name] = inside(was, value)
	}
	return out
}

func inside(was, value any) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		before, _ := was.(map[string]any)
		return differing(before, value)
	case []any:
		before, _ := was.([]any)
		return inList(before, value)
	}
	return map[string]any{}
}

func inList(before, now []any) map[string]any {
	out := map[string]any{}
	for _, item := range now {
		fields, ok := item.(map[string]any)
		name, named := fields["name"].(string)
		if !ok || !named {
			return map[string]any{}
		}
		var was any
		if n := slices.IndexFunc(before, func(b any) bool { m, _ := b.(map[string]any); return m["name"] == name }); n >= 0 {
			was = before[n]
		}
		if !reflect.DeepEqual(was, item) {
			out[`k:{"name":"`+name+`"}`] = inside(was, item)
		}
	}
	return out
}
