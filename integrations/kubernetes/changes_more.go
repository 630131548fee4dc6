package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	scaling "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
	"mayday/internal/incident"
)

// controllers are the programs of a cluster itself; what they write is an effect
// and no change that somebody made.
var controllers = []string{"kube-controller-manager", "kube-scheduler", "kubelet"}

// scalerChanges are the autoscalers that somebody changed. Not every role may list
// them; that is no reason to keep the rest back.
func (f *fleet) scalerChanges(ctx context.Context, s spot, w integrations.Window) ([]integrations.Suspect, error) {
	list, err := read(ctx, s.cluster, access{verb: "list", group: "autoscaling", resource: "horizontalpodautoscalers", namespace: s.namespace},
		func(ctx context.Context, k *clients) (*scaling.HorizontalPodAutoscalerList, error) {
			return k.scaling.HorizontalPodAutoscalers(s.namespace).List(ctx, metav1.ListOptions{})
		})
	if err != nil {
		return nil, err
	}
	var out []integrations.Suspect
	for _, h := range list.Items {
		who, at := lastBy(h.ObjectMeta, func(m metav1.ManagedFieldsEntry) bool { return !slices.Contains(controllers, m.Manager) })
		if !within(at, w) {
			continue
		}
		least := int32(1)
		if h.Spec.MinReplicas != nil {
			least = *h.Spec.MinReplicas
		}
		service := ""
		if k, ok := kindOf(strings.ToLower(h.Spec.ScaleTargetRef.Kind)); ok {
			service = f.serviceOf(place{cluster: s.cluster, namespace: s.namespace, kind: k, name: h.Spec.ScaleTargetRef.Name})
		}
		if len(w.Services) > 0 && service != "" && !slices.Contains(w.Services, service) {
			continue
		}
		out = append(out, integrations.Suspect{
			ID: fmt.Sprintf("k8s/%s/hpa/%s@%d", s.name(), h.UID, at.Unix()), Source: "k8s", Kind: incident.SuspectScale, Service: service, At: at, Who: who,
			What:   fmt.Sprintf("%s HPA is %d to %d pods", h.Name, least, h.Spec.MaxReplicas),
			Detail: []string{s.name() + " hpa/" + h.Name, "of " + h.Spec.ScaleTargetRef.Kind + " " + h.Spec.ScaleTargetRef.Name},
		})
	}
	return out, nil
}

// configChanges are the config maps that changed, of those that workloads of the
// catalogue take from. One that may not be read is left out.
func (f *fleet) configChanges(ctx context.Context, s spot, workloads []workload, w integrations.Window) []integrations.Suspect {
	names := f.configOf(workloads, w.Services)
	list := sortedKeys(names)
	found := make([]*integrations.Suspect, len(list))
	var all sync.WaitGroup
	gate := make(chan struct{}, 16)
	for n, name := range list {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			m, err := s.cluster.configMap(ctx, s.namespace, name)
			if err != nil {
				return
			}
			who, at := configAuthor(m.ObjectMeta)
			if !within(at, w) {
				return
			}
			what := "config map " + name
			if at.Sub(m.CreationTimestamp.Time) < settleTime {
				what += " (new)"
			}
			found[n] = &integrations.Suspect{
				ID: fmt.Sprintf("k8s/%s/configmap/%s@%d", s.name(), m.UID, at.Unix()), Source: "k8s", Kind: incident.SuspectConfig, Service: names[name], At: at,
				Who: who, What: what, Detail: []string{s.name() + " configmap/" + name, "keys: " + integrations.Clip(joined(sortedKeys(m.Data)), 200)},
			}
		})
	}
	all.Wait()
	var out []integrations.Suspect
	for _, one := range found {
		if one != nil {
			out = append(out, *one)
		}
	}
	return out
}

// settleTime separates the making of an object from a change of it.
const settleTime = 2 * time.Second

// configOf are the config maps of one namespace that services take from, each with
// its service; "" when it is of several.
func (f *fleet) configOf(workloads []workload, services []string) map[string]string {
	out := map[string]string{}
	for _, w := range workloads {
		service := f.serviceOf(w.place)
		if service == "" || len(services) > 0 && !slices.Contains(services, service) {
			continue
		}
		names := configNames(w.template)
		if one, ok := f.named(service); ok {
			for _, t := range one.targets {
				if t.id() == w.id() {
					names = t.configOf(w)
				}
			}
		}
		for _, name := range names {
			if was, there := out[name]; there && was != service {
				out[name] = ""
				continue
			}
			out[name] = service
		}
	}
	return out
}
