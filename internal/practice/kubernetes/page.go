package kubernetes

import (
	"bytes"
	"cmp"
	_ "embed" // the page
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"mayday/internal/practice"
)

//go:embed page/kubernetes.html
var pageHTML string

var pageTemplate = template.Must(template.New("kubernetes").Parse(pageHTML))

type pageRevision struct{ Number, Image, Cause, Pods string }

// pagePods are pods that are alike.
type pagePods struct {
	Count        int
	Image, State string
}

type pageWorkload struct {
	Kind, Name, State string
	Well              bool
	Revisions         []pageRevision
	Pods              []pagePods
}

type pageEvent struct{ At, About, Said string }

type pageView struct {
	Workloads []pageWorkload
	Events    []pageEvent
}

// pageRoutes adds the page for people. It only shows; who wants to change
// something has kubectl.
func (c *Cluster) pageRoutes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", practice.Local(http.HandlerFunc(c.showPage)))
}

func (c *Cluster) showPage(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, c.view()); err != nil {
		c.log.Error("the practice page cannot be written", "error", err)
		http.Error(w, "The page cannot be written.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*")
	_, _ = out.WriteTo(w) // who went away needs no answer
}

func (c *Cluster) view() pageView {
	c.mu.Lock()
	defer c.mu.Unlock()
	var v pageView
	for _, k := range []*kind{deployments, statefulSets, daemonSets, cronJobs} {
		for _, o := range c.store.list(k, "") {
			v.Workloads = append(v.Workloads, c.row(k, o))
		}
	}
	v.Events = c.latest(12)
	return v
}

func (c *Cluster) row(k *kind, o Object) pageWorkload {
	row := pageWorkload{Kind: k.kind, Name: o.GetNamespace() + "/" + o.GetName()}
	switch o := o.(type) {
	case *appsv1.Deployment:
		row.Well = o.Status.UpdatedReplicas == *o.Spec.Replicas && o.Status.ReadyReplicas == *o.Spec.Replicas
		row.State = fmt.Sprintf("%d of %d pods serve, %d of the new template", o.Status.ReadyReplicas, *o.Spec.Replicas, o.Status.UpdatedReplicas)
		row.Revisions = c.revisionRows(o)
	case *appsv1.StatefulSet:
		row.Well = o.Status.ReadyReplicas == *o.Spec.Replicas
		row.State = fmt.Sprintf("%d of %d pods serve", o.Status.ReadyReplicas, *o.Spec.Replicas)
	case *appsv1.DaemonSet:
		row.Well = o.Status.NumberUnavailable == 0
		row.State = fmt.Sprintf("%d of %d nodes have it", o.Status.NumberReady, o.Status.DesiredNumberScheduled)
	case *batchv1.CronJob:
		row.Well = !*o.Spec.Suspend
		row.State = o.Spec.Schedule
		if *o.Spec.Suspend {
			row.State += ", suspended"
		}
	}
	if k != cronJobs {
		row.Pods = c.podRows(o)
	}
	return row
}

func (c *Cluster) revisionRows(d *appsv1.Deployment) []pageRevision {
	all := owned[*appsv1.ReplicaSet](c, replicaSets, d)
	slices.SortFunc(all, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(b), revisionOf(a)) })
	var out []pageRevision
	for _, rs := range all {
		out = append(out, pageRevision{
			rs.Annotations[revisionNote], rs.Spec.Template.Spec.Containers[0].Image, rs.Annotations[changeCause], fmt.Sprintf("%d of %d", rs.Status.ReadyReplicas, *rs.Spec.Replicas),
		})
	}
	return out
}

func (c *Cluster) podRows(of Object) []pagePods {
	var out []pagePods
	for _, o := range c.store.list(pods, of.GetNamespace()) {
		p, _ := o.(*corev1.Pod)
		if p.Labels["app"] != of.GetName() {
			continue
		}
		image, state := p.Spec.Containers[0].Image, stateOf(p)
		n := slices.IndexFunc(out, func(row pagePods) bool { return row.Image == image && row.State == state })
		if n < 0 {
			n, out = len(out), append(out, pagePods{Image: image, State: state})
		}
		out[n].Count++
	}
	return out
}

// stateOf is a pod in a word, as kubectl shows it.
func stateOf(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Waiting != nil {
			return s.State.Waiting.Reason
		}
	}
	if p.Status.Phase == corev1.PodRunning && !ready(p) {
		return "Running, not ready"
	}
	return string(p.Status.Phase)
}

// latest are the last events, newest first.
func (c *Cluster) latest(most int) []pageEvent {
	lastSaid := func(o Object) time.Time { e, _ := o.(*corev1.Event); return e.LastTimestamp.Time }
	all := c.store.list(events, "")
	slices.SortStableFunc(all, func(a, b Object) int { return lastSaid(b).Compare(lastSaid(a)) })
	var out []pageEvent
	for _, o := range all[:min(most, len(all))] {
		e, _ := o.(*corev1.Event)
		out = append(out, pageEvent{e.LastTimestamp.UTC().Format(time.TimeOnly), strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name, e.Reason + ": " + e.Message})
	}
	return out
}
