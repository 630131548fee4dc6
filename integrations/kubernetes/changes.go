package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
	"mayday/internal/incident"
)

var _ integrations.Changes = (*fleet)(nil)

// Changes lists what changed in the window: rollouts by revision, config maps that
// the services take from, scale and autoscalers. Each namespace is listed once, all
// at the same time. Where one does not answer, what the others told comes with the
// error that names it.
func (f *fleet) Changes(ctx context.Context, w integrations.Window) ([]integrations.Suspect, error) {
	spots := f.spotsFor(w.Services)
	parts, errs := make([][]integrations.Suspect, len(spots)), make([]error, len(spots))
	var all sync.WaitGroup
	for n, s := range spots {
		all.Go(func() { parts[n], errs[n] = f.changesIn(ctx, s, w) })
	}
	all.Wait()
	return slices.Concat(parts...), inPeoplesWords(errs)
}

// inPeoplesWords joins the reasons why places were silent, each once.
func inPeoplesWords(errs []error) error {
	var said []string
	code := ""
	for _, err := range errs {
		if err == nil {
			continue
		}
		text := inWords(err)
		if r, ok := integrations.AsRejected(err); ok {
			text, code = strings.TrimSuffix(r.Why, "."), cmp.Or(code, r.Code)
		}
		if !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return nil
	}
	return &integrations.Rejected{Code: cmp.Or(code, "E5"), Why: joined(said), Err: errors.Join(errs...)}
}

// spotsFor are the namespaces of some services, or all that are known.
func (f *fleet) spotsFor(services []string) []spot {
	var out []spot
	if len(services) == 0 {
		for _, name := range f.names {
			for _, ns := range f.namespacesOf(name) {
				out = append(out, spot{f.clusters[name], ns})
			}
		}
		return out
	}
	for _, s := range f.services {
		for _, t := range s.targets {
			if slices.Contains(services, s.name) {
				out = append(out, spot{t.cluster, t.namespace})
			}
		}
	}
	return uniqueSpots(out)
}

// changesIn lists what changed in one namespace.
func (f *fleet) changesIn(ctx context.Context, s spot, w integrations.Window) ([]integrations.Suspect, error) {
	var workloads []workload
	var kept map[string][]json.RawMessage
	var scalers []integrations.Suspect
	var errs [3]error
	var all sync.WaitGroup
	all.Go(func() { workloads, errs[0] = s.list(ctx) })
	all.Go(func() { kept, errs[1] = s.keptByOwner(ctx) })
	all.Go(func() { scalers, errs[2] = f.scalerChanges(ctx, s, w) })
	all.Wait()
	if err := errors.Join(errs[0], errs[1]); err != nil {
		return nil, firstOf(errs[:]...)
	}
	out := scalers
	for _, one := range workloads {
		service := f.serviceOf(one.place)
		if len(w.Services) > 0 && service != "" && !slices.Contains(w.Services, service) {
			continue
		}
		found, err := f.rolloutChanges(one, service, kept[string(one.meta.UID)], w)
		if err != nil {
			return out, err
		}
		out = append(out, found...)
	}
	out = append(out, f.scaleChanges(ctx, s, workloads, w)...)
	return append(out, f.configChanges(ctx, s, workloads, w)...), errs[2]
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// keptByOwner are the replica sets and controller revisions of a namespace, as the
// server wrote them, by the uid of the workload that they belong to.
func (s spot) keptByOwner(ctx context.Context) (map[string][]json.RawMessage, error) {
	var lists [2][]json.RawMessage
	var errs [2]error
	var all sync.WaitGroup
	for n, resource := range []string{"replicasets", "controllerrevisions"} {
		all.Go(func() {
			lists[n], errs[n] = s.listRaw(ctx, access{verb: "list", group: "apps", resource: resource, namespace: s.namespace})
		})
	}
	all.Wait()
	if err := firstOf(errs[:]...); err != nil {
		return nil, err
	}
	out := map[string][]json.RawMessage{}
	for _, raw := range slices.Concat(lists[:]...) {
		var light struct {
			Metadata struct {
				OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &light); err != nil {
			return nil, fmt.Errorf("read a revision: %w", err)
		}
		owner := ownerOf(metav1.ObjectMeta{OwnerReferences: light.Metadata.OwnerReferences})
		out[owner] = append(out[owner], raw)
	}
	return out, nil
}

func within(at time.Time, w integrations.Window) bool {
	return !at.IsZero() && !at.Before(w.From) && !at.After(w.To)
}

// rolloutChanges are the rollouts of one workload in the window. A revision that
// was made in it is one; so is one that was rolled out again, which only the
// workload itself can date.
func (f *fleet) rolloutChanges(w workload, service string, kept []json.RawMessage, window integrations.Window) ([]integrations.Suspect, error) {
	if !anyIn(kept, window) && !within(w.since(), window) {
		return nil, nil
	}
	var all []revision
	for _, raw := range kept {
		r, _, err := w.revisionOf(raw)
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", w.ref(), err)
		}
		all = append(all, r)
	}
	all, err := w.order(all, window.To)
	if err != nil {
		return nil, err
	}
	var out []integrations.Suspect
	for n, r := range all {
		at := w.rolledOut(r, all)
		if r.number == 0 || !within(at, window) {
			continue
		}
		var before *revision
		if n+1 < len(all) {
			before = &all[n+1]
		}
		out = append(out, f.rolloutSuspect(w, service, r, before, at))
	}
	return out, nil
}

// anyIn reports whether something that keeps a template was made in the window.
// Nothing else of it is decoded: most of hundreds are older.
func anyIn(kept []json.RawMessage, w integrations.Window) bool {
	return slices.ContainsFunc(kept, func(raw json.RawMessage) bool {
		var light struct {
			Metadata struct {
				CreationTimestamp time.Time `json:"creationTimestamp"`
			} `json:"metadata"`
		}
		return json.Unmarshal(raw, &light) == nil && within(light.Metadata.CreationTimestamp, w)
	})
}

// since is when the pod template was changed last, as far as the server tells.
func (w workload) since() time.Time {
	_, at := author(w.meta)
	return at
}

// rolledOut is when a revision was rolled out last; zero when nobody knows.
func (w workload) rolledOut(r revision, all []revision) time.Time {
	again := r.first != r.number || slices.ContainsFunc(all, func(o revision) bool { return o.number < r.number && o.created.After(r.created) })
	switch {
	case !again:
		return r.created
	case r.current:
		return w.since()
	}
	return time.Time{}
}

// mostDetail is how many lines [Details] shows.
const mostDetail = 12

func (f *fleet) rolloutSuspect(w workload, service string, r revision, before *revision, at time.Time) integrations.Suspect {
	name := w.name
	if service != "" {
		name = service
	}
	s := integrations.Suspect{
		ID: fmt.Sprintf("%s@%s/%d", w.id(), r.uid, r.number), Source: "k8s", Kind: incident.SuspectDeploy, Service: service, At: at,
		What: fmt.Sprintf("%s rev %d (%s)", name, r.number, images(r.template)), Why: shown(r.cause, 200),
		Detail: []string{w.at(), images(r.template)},
	}
	if r.current {
		s.Who, _ = author(w.meta)
	}
	ours := r.marks[stepKey] != "" && r.current
	if ours {
		s.Who, s.Detail = "mayday", append(s.Detail, "made by Mayday: "+shown(r.marks[stepKey], 200))
	}
	if before == nil {
		return s
	}
	s.What = fmt.Sprintf("%s rev %d→%d", name, before.number, r.number)
	lines := differences(before.template, r.template)
	s.Detail = append(s.Detail, lines...)
	s.Detail = s.Detail[:min(mostDetail, len(s.Detail))]
	if r.current && !ours && !w.paused {
		s.Offer = f.offer(w.place, service)
	}
	return s
}

// offer is the rollback of a workload, as a button.
func (f *fleet) offer(p place, service string) *integrations.Offer {
	inputs := map[string]string{"service": p.at()}
	name := p.name
	if s, ok := f.named(service); ok {
		for n, t := range s.targets {
			if t.id() != p.id() {
				continue
			}
			name, inputs = s.name, map[string]string{"service": s.name}
			if len(s.targets) > 1 {
				inputs["target"] = fmt.Sprint(n + 1)
			}
		}
	}
	return &integrations.Offer{Label: integrations.Clip("Roll back "+name, 24), Playbook: "rollback", Inputs: inputs}
}
