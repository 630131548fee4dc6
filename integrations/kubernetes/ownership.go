package kubernetes

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

// ownership says who else keeps an object as they want it, and would put it back.
func (c *cluster) ownership(_ context.Context, obj metav1.Object) []integrations.Check {
	release := obj.GetAnnotations()["meta.helm.sh/release-name"]
	if release == "" && obj.GetLabels()["app.kubernetes.io/managed-by"] != "Helm" && !managedBy(obj, "helm") {
		return nil
	}
	text := "Helm keeps it"
	if release != "" {
		text += " (release " + shown(release, 60) + ")"
	}
	return []integrations.Check{{Text: text + "; the next upgrade puts its own version back", Answer: integrations.Yes}}
}

// managedBy reports whether a manager of that name wrote fields of the object.
func managedBy(obj metav1.Object, name string) bool {
	for _, m := range obj.GetManagedFields() {
		if strings.EqualFold(m.Manager, name) {
			return true
		}
	}
	return false
}
