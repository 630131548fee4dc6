package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"sync"

	scaling "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// scalers is what decides on the count of a workload beside people.
type scalers struct {
	hpa     *scaling.HorizontalPodAutoscaler
	keda    *unstructured.Unstructured // a ScaledObject, which keeps an HPA of its own
	rollout string                     // an Argo Rollout that runs the workload's template
	open    []integrations.Check       // what could not be asked
}

// scalers asks who else scales a workload.
func (p place) scalers(ctx context.Context) scalers {
	var s scalers
	var open [3]*integrations.Check
	var all sync.WaitGroup
	all.Go(func() { s.hpa, open[0] = p.autoscaler(ctx) })
	all.Go(func() { s.keda, open[1] = p.scaledObject(ctx) })
	all.Go(func() { s.rollout, open[2] = p.argoRollout(ctx) })
	all.Wait()
	for _, c := range open {
		if c != nil {
			s.open = append(s.open, *c)
		}
	}
	return s
}

func (p place) autoscaler(ctx context.Context) (*scaling.HorizontalPodAutoscaler, *integrations.Check) {
	list, err := read(ctx, p.cluster, access{verb: "list", group: autoscalers.group, resource: autoscalers.plural, namespace: p.namespace},
		func(ctx context.Context, k *clients) (*scaling.HorizontalPodAutoscalerList, error) {
			return k.scaling.HorizontalPodAutoscalers(p.namespace).List(ctx, metav1.ListOptions{})
		})
	if err != nil {
		return nil, notAsked("whether an autoscaler keeps the count", err)
	}
	for n, h := range list.Items {
		if p.isTarget(h.Spec.ScaleTargetRef.Kind, h.Spec.ScaleTargetRef.Name) {
			return &list.Items[n], nil
		}
	}
	return nil, nil
}

func (p place) scaledObject(ctx context.Context) (*unstructured.Unstructured, *integrations.Check) {
	found, err := p.cluster.ifAny(ctx, scaledObjects, p.namespace)
	if err != nil {
		return nil, notAsked("whether KEDA keeps the count", err)
	}
	for n, u := range found {
		name, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "name")
		kind, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "kind")
		if kind == "" {
			kind = "Deployment"
		}
		if p.isTarget(kind, name) {
			return &found[n], nil
		}
	}
	return nil, nil
}

// argoRollout is the Rollout that takes its template from a deployment and keeps
// that deployment at 0.
func (p place) argoRollout(ctx context.Context) (string, *integrations.Check) {
	found, err := p.cluster.ifAny(ctx, argoRollouts, p.namespace)
	if err != nil {
		return "", notAsked("whether Argo Rollouts runs it", err)
	}
	for _, u := range found {
		name, _, _ := unstructured.NestedString(u.Object, "spec", "workloadRef", "name")
		kind, _, _ := unstructured.NestedString(u.Object, "spec", "workloadRef", "kind")
		if p.isTarget(kind, name) {
			return u.GetName(), nil
		}
	}
	return "", nil
}

// isTarget reports whether a reference to a kind and a name means this workload.
func (p place) isTarget(kind, name string) bool {
	k, ok := kindOf(strings.ToLower(kind))
	return ok && k.word == p.kind.word && name == p.name
}

// notAsked is a check that nobody could answer, with the rule that is missing.
func notAsked(what string, err error) *integrations.Check {
	text := what + " cannot be asked"
	if r, ok := integrations.AsRejected(err); ok && r.Code == "E6" {
		text += ": " + r.Why
	}
	return &integrations.Check{Text: text, Answer: integrations.Unknown}
}

// notByItself refuses an act on a deployment that belongs to an Argo Rollout.
func (s scalers) notByItself(name string) error {
	if s.rollout == "" {
		return nil
	}
	return &integrations.Rejected{
		Code: "E8", Why: fmt.Sprintf("Argo Rollouts runs %s by the rollout %s, and would put the deployment back.", name, s.rollout),
		Fix: "Use k8s.rollout_abort on " + s.rollout + ".",
	}
}

// least is the count below which an autoscaler does not go.
func least(h *scaling.HorizontalPodAutoscaler) int32 {
	if h == nil {
		return 0
	}
	return orOne(h.Spec.MinReplicas)
}

func bounds(h *scaling.HorizontalPodAutoscaler) string {
	return fmt.Sprintf("%s (%d to %d)", h.Name, least(h), h.Spec.MaxReplicas)
}

// pre is the presence of each, for the plan.
func (s scalers) pre() map[string]string {
	out := map[string]string{keyHPA: "", keyKEDA: ""}
	if s.hpa != nil && s.keda == nil {
		out[keyHPA] = bounds(s.hpa)
	}
	if s.keda != nil {
		a := s.keda.GetAnnotations()
		out[keyKEDA] = s.keda.GetName()
		out[keyPinned], out[keyFrozen] = a[pinnedKey], a[frozenKey]
	}
	return out
}
