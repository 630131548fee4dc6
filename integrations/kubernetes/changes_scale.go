package kubernetes

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
	"mayday/internal/incident"
)

// scaledWords are what the deployment controller says when it changes a count.
var scaledWords = regexp.MustCompile(`^Scaled (?:up|down) replica set (\S+) from (\d+) to (\d+)$`)

// scaleChanges are the counts that somebody set. Who did it stands in the managed
// fields, but not when: the scale subresource leaves no time there. The events of
// the controller know when; those of a rollout, which come in pairs, are left out.
func (f *fleet) scaleChanges(ctx context.Context, s spot, workloads []workload, w integrations.Window) []integrations.Suspect {
	byHand := map[string]workload{}
	for _, one := range workloads {
		if who, ok := scaledBy(one.meta); ok && who != "" {
			byHand[string(one.meta.UID)] = one
		}
	}
	if len(byHand) == 0 {
		return nil
	}
	all, err := s.cluster.events(ctx, s.namespace, "reason=ScalingReplicaSet")
	if err != nil {
		return nil
	}
	var out []integrations.Suspect
	for _, e := range all {
		one, ok := byHand[string(e.InvolvedObject.UID)]
		if !ok || !within(eventTime(e), w) || ofRollout(e, all) {
			continue
		}
		if found := f.scaleSuspect(one, e); found != nil && (len(w.Services) == 0 || found.Service == "" || slices.Contains(w.Services, found.Service)) {
			out = append(out, *found)
		}
	}
	return out
}

// scaledBy is who set the count of a workload through its scale, if it was somebody
// else than an autoscaler.
func scaledBy(meta metav1.ObjectMeta) (string, bool) {
	n := slices.IndexFunc(meta.ManagedFields, func(m metav1.ManagedFieldsEntry) bool {
		return m.Subresource == "scale" && !slices.Contains(controllers, m.Manager)
	})
	if n < 0 {
		return "", false
	}
	return shown(meta.ManagedFields[n].Manager, 60), true
}

// pairWithin is how close two events of one deployment are that belong to one
// rollout.
const pairWithin = 30 * time.Second

// ofRollout reports whether an event is a step of a rollout: another replica set of
// the same deployment was scaled at about the same time.
func ofRollout(e core.Event, all []core.Event) bool {
	own := scaledWords.FindStringSubmatch(e.Message)
	return own == nil || slices.ContainsFunc(all, func(o core.Event) bool {
		other := scaledWords.FindStringSubmatch(o.Message)
		return o.InvolvedObject.UID == e.InvolvedObject.UID && other != nil && other[1] != own[1] && eventTime(o).Sub(eventTime(e)).Abs() < pairWithin
	})
}

func (f *fleet) scaleSuspect(w workload, e core.Event) *integrations.Suspect {
	words := scaledWords.FindStringSubmatch(e.Message)
	if words == nil {
		return nil
	}
	who, _ := scaledBy(w.meta)
	service := f.serviceOf(w.place)
	s := &integrations.Suspect{
		ID: fmt.Sprintf("%s@scale/%s/%d", w.id(), e.UID, e.Count), Source: "k8s", Kind: incident.SuspectScale, Service: service, At: eventTime(e), Who: who,
		What: fmt.Sprintf("%s scaled %s→%s", w.name, words[2], words[3]), Detail: []string{w.at(), integrations.OneLine(e.Message)},
	}
	if fmt.Sprint(w.progress.desired) == words[3] {
		o := f.offer(w.place, service)
		o.Label, o.Playbook, o.Inputs["replicas"] = integrations.Clip("Scale back to "+words[2], 24), "scale", words[2]
		s.Offer = o
	}
	return s
}
