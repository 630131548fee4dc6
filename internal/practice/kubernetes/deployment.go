package kubernetes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

// The annotations that the real deployment controller writes.
const (
	revisionNote    = "deployment.kubernetes.io/revision"
	historyNote     = "deployment.kubernetes.io/revision-history"
	desiredNote     = "deployment.kubernetes.io/desired-replicas"
	mostNote        = "deployment.kubernetes.io/max-replicas"
	lastAppliedNote = corev1.LastAppliedConfigAnnotation
	hashLabel       = appsv1.DefaultDeploymentUniqueLabelKey
)

// notCopied are the annotations of a deployment that its replica sets do not get.
var notCopied = []string{lastAppliedNote, revisionNote, historyNote, desiredNote, mostNote, appsv1.DeprecatedRollbackTo}

func (c *Cluster) eachDeployment(at time.Time) {
	for _, o := range c.store.list(deployments, "") {
		if d, ok := o.(*appsv1.Deployment); ok {
			c.roll(d, at)
		}
	}
}

// rollout is one look at a deployment.
type rollout struct {
	d       *appsv1.Deployment // as it was
	o       *appsv1.Deployment // as it will be
	current *appsv1.ReplicaSet // of the template that is wished; nil when paused before it was made
	old     []*appsv1.ReplicaSet
	created bool
	at      time.Time
}

func (c *Cluster) roll(d *appsv1.Deployment, at time.Time) {
	r := &rollout{d: d, o: clone(d), at: at}
	for _, rs := range owned[*appsv1.ReplicaSet](c, replicaSets, d) {
		if r.current == nil && sameTemplate(rs.Spec.Template, d.Spec.Template) {
			r.current = rs
			continue
		}
		r.old = append(r.old, rs)
	}
	slices.SortFunc(r.old, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(a), revisionOf(b)) })
	switch {
	case d.Spec.Paused:
		c.scalePaused(r)
	default:
		c.makeCurrent(r)
		c.shift(r)
		c.tidy(r)
	}
	c.reportDeployment(r)
	c.set(deployments, d, r.o)
}

func revisionOf(o metav1.Object) int64 {
	n, _ := strconv.ParseInt(o.GetAnnotations()[revisionNote], 10, 64) // none is zero
	return n
}

// sameTemplate compares without the label that the controller adds.
func sameTemplate(a, b corev1.PodTemplateSpec) bool {
	x, y := a.DeepCopy(), b.DeepCopy()
	delete(x.Labels, hashLabel)
	delete(y.Labels, hashLabel)
	return apiequality.Semantic.DeepEqual(x, y)
}

// templateHash names a template. The real one hashes another notation, with the
// same alphabet.
func templateHash(t corev1.PodTemplateSpec) string {
	raw, err := json.Marshal(t)
	if err != nil {
		return "unreadable"
	}
	h := fnv.New32a()
	_, _ = h.Write(raw) // never fails
	return rand.SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
}

// makeCurrent finds or makes the replica set of the template, and gives it the
// next revision number when it is not the newest: numbers only move forward.
func (c *Cluster) makeCurrent(r *rollout) {
	var newest int64
	for _, rs := range r.old {
		newest = max(newest, revisionOf(rs))
	}
	next := strconv.FormatInt(newest+1, 10)
	if r.current == nil {
		r.current = c.newReplicaSet(r, next)
		r.created = true
		r.o.Annotations = with(r.o.Annotations, map[string]string{revisionNote: next})
		return
	}
	rs := clone(r.current)
	rs.Annotations = with(rs.Annotations, passedOn(r.d))
	if was := revisionOf(rs); was < newest+1 {
		if was > 0 {
			history := rs.Annotations[historyNote]
			if history != "" {
				history += ","
			}
			rs.Annotations[historyNote] = history + strconv.FormatInt(was, 10)
		}
		rs.Annotations[revisionNote] = next
	}
	if c.set(replicaSets, r.current, rs) {
		r.current = rs
	}
	r.o.Annotations = with(r.o.Annotations, map[string]string{revisionNote: rs.Annotations[revisionNote]})
}

func passedOn(d *appsv1.Deployment) map[string]string {
	out := map[string]string{}
	for k, v := range d.Annotations {
		if !slices.Contains(notCopied, k) {
			out[k] = v
		}
	}
	return out
}

func (c *Cluster) newReplicaSet(r *rollout, revision string) *appsv1.ReplicaSet {
	hash := templateHash(r.d.Spec.Template)
	rs := replicaSetOf(r.d, r.d.Spec.Template, hash)
	rs.Annotations = with(passedOn(r.d), map[string]string{revisionNote: revision})
	c.annotateCounts(r, rs)
	zero := int32(0)
	rs.Spec.Replicas = &zero
	if c.seeding {
		rs.CreationTimestamp = r.d.CreationTimestamp
	}
	c.born(replicaSets, rs)
	r.o.Status.Conditions = progressing(r.o.Status.Conditions, corev1.ConditionTrue, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", rs.Name), r.at)
	return rs
}

func replicaSetOf(d *appsv1.Deployment, t corev1.PodTemplateSpec, hash string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{}
	rs.Name, rs.Namespace = d.Name+"-"+hash, d.Namespace
	rs.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, deployments.groupVersion().WithKind(deployments.kind))}
	rs.Spec.Template = *t.DeepCopy()
	rs.Spec.Template.Labels = with(t.Labels, map[string]string{hashLabel: hash})
	rs.Labels = with(rs.Spec.Template.Labels, nil)
	rs.Spec.Selector = d.Spec.Selector.DeepCopy()
	rs.Spec.Selector.MatchLabels = with(rs.Spec.Selector.MatchLabels, map[string]string{hashLabel: hash})
	rs.Spec.MinReadySeconds = d.Spec.MinReadySeconds
	return rs
}

func (c *Cluster) annotateCounts(r *rollout, rs *appsv1.ReplicaSet) {
	wish := *r.d.Spec.Replicas
	surge, _ := bounds(r.d)
	rs.Annotations[desiredNote] = strconv.Itoa(int(wish))
	rs.Annotations[mostNote] = strconv.Itoa(int(wish) + surge)
}

// bounds are how many pods may be there beyond the wish, and how many may lack.
func bounds(d *appsv1.Deployment) (surge, lack int) {
	rolling := d.Spec.Strategy.RollingUpdate
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType || rolling == nil {
		return 0, int(*d.Spec.Replicas)
	}
	wish := int(*d.Spec.Replicas)
	surge, lack = share(rolling.MaxSurge, wish, true), share(rolling.MaxUnavailable, wish, false)
	if surge == 0 && lack == 0 {
		lack = 1 // as the real one: nothing would ever move
	}
	return surge, lack
}

// tidy forgets the oldest replica sets beyond the limit.
func (c *Cluster) tidy(r *rollout) {
	extra := len(r.old) - int(*r.d.Spec.RevisionHistoryLimit)
	for _, rs := range r.old {
		if extra <= 0 {
			return
		}
		if *rs.Spec.Replicas == 0 && rs.Status.Replicas == 0 {
			c.store.remove(replicaSets, rs)
			extra--
		}
	}
}
