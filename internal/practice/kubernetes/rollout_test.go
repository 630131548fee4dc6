package kubernetes

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func (s *stage) patch(kind types.PatchType, body string) *appsv1.Deployment {
	s.t.Helper()
	return must(s.apps.Deployments("prod").Patch(ctx, "checkout", kind, []byte(body), metav1.PatchOptions{FieldManager: "ci"}))(s.t)
}

func (s *stage) history() []appsv1.ReplicaSet {
	s.t.Helper()
	list := must(s.apps.ReplicaSets("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=checkout"}))(s.t)
	slices.SortFunc(list.Items, func(a, b appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(&a), revisionOf(&b)) })
	return list.Items
}

// undo is `kubectl rollout undo`: a JSON patch that puts the template of an older
// replica set back, with a test so that nobody is overwritten.
func (s *stage) undo(to appsv1.ReplicaSet) error {
	d := s.deployment()
	template := to.Spec.Template.DeepCopy()
	delete(template.Labels, hashLabel)
	notes := with(to.Annotations, map[string]string{revisionNote: d.Annotations[revisionNote]})
	body, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": d.ResourceVersion},
		{"op": "replace", "path": "/spec/template", "value": template},
		{"op": "replace", "path": "/metadata/annotations", "value": notes},
	})
	if err != nil {
		return err
	}
	_, err = s.apps.Deployments("prod").Patch(ctx, "checkout", types.JSONPatchType, body, metav1.PatchOptions{})
	return err
}

// TestUndoOfARollout deploys, deploys a bad version and takes it back, through the
// real client: revisions only move forward, and the old replica set is used again.
func TestUndoOfARollout(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 6)
	before := s.deployment()
	s.patch(types.StrategicMergePatchType, `{"metadata":{"annotations":{"kubernetes.io/change-cause":"cart v2"}},"spec":{"template":{"spec":{"containers":[{"name":"cart","image":"cart:2.0.1"}]}}}}`)
	most := 0
	s.until("the second rollout is over", func() bool {
		most = max(most, int(s.deployment().Status.Replicas))
		return s.rolled()
	})
	if most > 8 {
		t.Errorf("got up to %d pods at once, want at most 8: six and two more", most)
	}
	history := s.history()
	if len(history) != 2 || history[0].Annotations[changeCauseNote] != "cart v1" || history[1].Annotations[changeCauseNote] != "cart v2" {
		t.Fatalf("the history is %+v", history)
	}
	if got := s.deployment(); got.Generation != before.Generation+1 || got.Annotations[revisionNote] != "2" {
		t.Errorf("got generation %d revision %s, want %d and 2", got.Generation, got.Annotations[revisionNote], before.Generation+1)
	}
	if err := s.undo(history[0]); err != nil {
		t.Fatal(err)
	}
	s.until("the undo is over", s.rolled)
	d, history := s.deployment(), s.history()
	if got := d.Spec.Template.Spec.Containers[0].Image; got != "cart:1.9.8" {
		t.Errorf("got image %s after the undo", got)
	}
	if d.Annotations[revisionNote] != "3" || d.Annotations[changeCauseNote] != "cart v1" || len(history) != 2 {
		t.Errorf("got annotations %v and %d replica sets", d.Annotations, len(history))
	}
	if again := history[1]; again.Annotations[revisionNote] != "3" || again.Annotations[historyNote] != "1" || *again.Spec.Replicas != 6 {
		t.Errorf("the replica set that came back has %v and %d pods", again.Annotations, *again.Spec.Replicas)
	}
}

func TestARolloutThatCannotWork(t *testing.T) {
	for tag, reason := range map[string]string{"missing": "ImagePullBackOff", "crash": "CrashLoopBackOff"} {
		t.Run(tag, func(t *testing.T) {
			s := newStage(t, Options{Objects: []Object{prod()}})
			s.prodCart("cart:1.9.8", 3)
			began := time.Now()
			s.patch(types.StrategicMergePatchType, `{"spec":{"progressDeadlineSeconds":1,"template":{"spec":{"containers":[{"name":"cart","image":"cart:`+tag+`"}]}}}}`)
			s.until("the reason is on a pod", func() bool { return s.waiting(reason) })
			s.until("the deadline is over", func() bool {
				p := conditionOf(s.deployment().Status.Conditions, appsv1.DeploymentProgressing)
				return p != nil && p.Reason == "ProgressDeadlineExceeded"
			})
			if took := time.Since(began); took < time.Second {
				t.Errorf("it gave up after %v, want a second", took)
			}
			if d := s.deployment(); d.Status.AvailableReplicas != 3 {
				t.Errorf("got %d pods that serve, want the three old ones", d.Status.AvailableReplicas)
			}
			if err := s.undo(s.history()[0]); err != nil {
				t.Fatal(err)
			}
			s.until("the undo is over", s.rolled)
		})
	}
}

func (s *stage) waiting(reason string) bool {
	for _, p := range must(s.core.Pods("prod").List(ctx, metav1.ListOptions{}))(s.t).Items {
		for _, c := range p.Status.ContainerStatuses {
			if c.State.Waiting != nil && c.State.Waiting.Reason == reason {
				return true
			}
		}
	}
	return false
}

// TestTheShopIsOpen: what is there from the start is ready at once, and has a past.
func TestTheShopIsOpen(t *testing.T) {
	s := newStage(t, Options{Objects: Shop(time.Now()), Accounts: ShopAccounts(), Startup: time.Hour}).as(Mayday)
	if !s.rolled() {
		t.Errorf("the checkout is %+v", s.deployment().Status)
	}
	var got []string
	for _, rs := range s.history() {
		got = append(got, rs.Annotations[revisionNote]+" "+rs.Spec.Template.Spec.Containers[0].Image)
	}
	if want := []string{"38 cart:1.9.6", "39 cart:1.9.7", "40 cart:1.9.8"}; !slices.Equal(got, want) {
		t.Errorf("got history %v, want %v", got, want)
	}
	for _, p := range must(s.core.Pods("prod").List(ctx, metav1.ListOptions{}))(t).Items {
		if !ready(&p) {
			t.Errorf("%s is not ready: %+v", p.Name, p.Status)
		}
	}
	queue := must(s.apps.StatefulSets("prod").Get(ctx, "rabbitmq", metav1.GetOptions{}))(t)
	agent := must(s.apps.DaemonSets("prod").Get(ctx, "log-agent", metav1.GetOptions{}))(t)
	if queue.Status.ReadyReplicas != 3 || queue.Status.CurrentRevision != queue.Status.UpdateRevision || agent.Status.NumberReady != 2 {
		t.Errorf("got queue %+v and agent %+v", queue.Status, agent.Status)
	}
}
