package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	revisionKey = "deployment.kubernetes.io/revision"
	historyKey  = "deployment.kubernetes.io/revision-history"
	causeKey    = "kubernetes.io/change-cause"
)

// revision is one earlier or present template of a workload. Its number moves
// forward each time it is rolled out again; its id stays.
type revision struct {
	number   int64
	first    int64  // the number that it had at first, as far as anybody knows
	id       string // the hash in the names of its pods
	object   string // the replica set or controller revision that keeps it
	uid      string
	template core.PodTemplateSpec
	shape    shape
	created  time.Time
	cause    string
	marks    map[string]string // annotations of what keeps it
	pods     int32             // that a replica set wants of it now
	current  bool
	ran      time.Duration // how long it ran the first time
	ranKnown bool
}

func (r revision) name() string { return fmt.Sprintf("rev %d", r.number) }

// words are a revision for a preview: "rev 40, cart:1.9.8".
func (r revision) words() string { return r.name() + ", " + images(r.template) }

// history reads the revisions of a workload, the newest number first.
func (w workload) history(ctx context.Context) ([]revision, error) {
	picks, err := w.picks()
	if err != nil {
		return nil, err
	}
	raw, err := read(ctx, w.cluster, access{verb: "list", group: "apps", resource: w.kind.history(), namespace: w.namespace},
		func(ctx context.Context, k *clients) ([]byte, error) {
			return rawOf(ctx, k.apps.RESTClient().Get().Namespace(w.namespace).Resource(w.kind.history()).Param("labelSelector", picks))
		})
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", w.ref(), err)
	}
	var out []revision
	for _, item := range list.Items {
		r, owner, err := w.revisionOf(item)
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", w.ref(), err)
		}
		if owner == string(w.meta.UID) {
			out = append(out, r)
		}
	}
	return w.order(out, time.Now())
}

// revisionOf decodes what keeps a revision, and answers the uid of its owner.
func (w workload) revisionOf(raw []byte) (revision, string, error) {
	if w.kind.resource == deployments.resource {
		return fromReplicaSet(raw)
	}
	return fromControllerRevision(w.name, raw)
}

func fromReplicaSet(raw []byte) (revision, string, error) {
	var s apps.ReplicaSet
	if err := json.Unmarshal(raw, &s); err != nil {
		return revision{}, "", err
	}
	template, _, err := outlineOf(raw)
	if err != nil {
		return revision{}, "", err
	}
	r, err := keptBy(s.ObjectMeta, template)
	if err != nil {
		return r, "", err
	}
	r.id, r.pods = s.Labels[apps.DefaultDeploymentUniqueLabelKey], orOne(s.Spec.Replicas)
	r.number, _ = strconv.ParseInt(s.Annotations[revisionKey], 10, 64) // none yet: 0, the controller is about to number it
	r.first = r.number
	if past, _, _ := strings.Cut(s.Annotations[historyKey], ","); past != "" {
		r.first, _ = strconv.ParseInt(past, 10, 64) // what cannot be read fits no successor
	}
	return r, ownerOf(s.ObjectMeta), nil
}

func fromControllerRevision(workload string, raw []byte) (revision, string, error) {
	var s apps.ControllerRevision
	if err := json.Unmarshal(raw, &s); err != nil {
		return revision{}, "", err
	}
	template, _, err := outlineOf(s.Data.Raw)
	if err != nil {
		return revision{}, "", err
	}
	r, err := keptBy(s.ObjectMeta, template)
	r.id, r.number, r.first = strings.TrimPrefix(s.Name, workload+"-"), s.Revision, s.Revision
	return r, ownerOf(s.ObjectMeta), err
}

func keptBy(meta metav1.ObjectMeta, raw json.RawMessage) (revision, error) {
	r := revision{object: meta.Name, uid: string(meta.UID), created: meta.CreationTimestamp.Time, cause: meta.Annotations[causeKey], marks: meta.Annotations}
	var err error
	if r.shape, err = shapeOf(raw); err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r.template); err != nil {
		return r, fmt.Errorf("read the pod template: %w", err)
	}
	delete(r.template.Labels, apps.DefaultDeploymentUniqueLabelKey)
	return r, nil
}

func ownerOf(meta metav1.ObjectMeta) string {
	if o := metav1.GetControllerOfNoCopy(&meta); o != nil {
		return string(o.UID)
	}
	return ""
}

// order marks the current revision and says how long each ran, the first time it
// did: from its making to the making of the one that followed. Where a number is
// missing in between, something else ran meanwhile, and nobody knows.
func (w workload) order(all []revision, now time.Time) ([]revision, error) {
	own, err := shapeOf(w.raw)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b revision) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.first, b.first)) })
	at := -1
	for n := range all {
		if all[n].shape.print == own.print && (at < 0 || all[n].number > all[at].number) {
			at = n
		}
		if n+1 < len(all) && all[n+1].first == all[n].first+1 {
			all[n].ran, all[n].ranKnown = all[n+1].created.Sub(all[n].created), true
		}
	}
	if at >= 0 {
		all[at].current = true
		if at == len(all)-1 && all[at].first == all[at].number {
			all[at].ran, all[at].ranKnown = now.Sub(all[at].created), true
		}
	}
	slices.SortFunc(all, func(a, b revision) int { return cmp.Compare(b.number, a.number) })
	return all, nil
}

// current is the revision that a workload is to run now; nil when its template is
// not rolled out, as while it is paused.
func current(all []revision) *revision {
	n := slices.IndexFunc(all, func(r revision) bool { return r.current })
	if n < 0 {
		return nil
	}
	return &all[n]
}

// hashOf is the id of the revision that a pod was made from.
func (w workload) hashOf(pod core.Pod) string {
	if w.kind.resource == deployments.resource {
		return pod.Labels[apps.DefaultDeploymentUniqueLabelKey]
	}
	return strings.TrimPrefix(pod.Labels[apps.ControllerRevisionHashLabelKey], w.name+"-")
}

// author is who changed the pod template last and when, as far as the server
// tells: the name of a program, "kubectl-set", "helm".
func author(meta metav1.ObjectMeta) (who string, at time.Time) {
	return lastBy(meta, func(m metav1.ManagedFieldsEntry) bool {
		return m.FieldsV1 != nil && strings.Contains(m.FieldsV1.GetRawString(), `"f:template"`)
	})
}

// lastBy is the newest entry of the managed fields that counts. Entries of the
// status are nobody's change.
func lastBy(meta metav1.ObjectMeta, counts func(metav1.ManagedFieldsEntry) bool) (who string, at time.Time) {
	for _, m := range meta.ManagedFields {
		if m.Time != nil && m.Subresource != "status" && counts(m) && !m.Time.Time.Before(at) {
			who, at = shown(m.Manager, 60), m.Time.Time
		}
	}
	return who, at
}
