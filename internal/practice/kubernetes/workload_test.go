package kubernetes

import (
	"io"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	scalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	batchclient "k8s.io/client-go/kubernetes/typed/batch/v1"
)

func openShop(t *testing.T, startup time.Duration) *stage {
	t.Helper()
	return newStage(t, Options{Objects: Shop(time.Now()), Accounts: ShopAccounts(), Startup: startup}).as(Mayday)
}

func (s *stage) queuePods(image string) int {
	n := 0
	for _, p := range must(s.core.Pods("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=rabbitmq"}))(s.t).Items {
		if p.Spec.Containers[0].Image == image && ready(&p) {
			n++
		}
	}
	return n
}

// TestAStatefulSetStuckOnABadRevision: a rollback alone does not help; the broken
// pod must go as well.
func TestAStatefulSetStuckOnABadRevision(t *testing.T) {
	s := openShop(t, testStartup)
	sets := s.apps.StatefulSets("prod")
	good := must(sets.Get(ctx, "rabbitmq", metav1.GetOptions{}))(t)
	must(sets.Patch(ctx, "rabbitmq", types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"rabbitmq","image":"rabbitmq:missing"}]}}}}`), metav1.PatchOptions{}))(t)
	s.until("the last pod is broken", func() bool { return s.waiting("ImagePullBackOff") })
	old := must(s.apps.ControllerRevisions("prod").Get(ctx, good.Status.CurrentRevision, metav1.GetOptions{}))(t)
	back := must(sets.Patch(ctx, "rabbitmq", types.StrategicMergePatchType, old.Data.Raw, metav1.PatchOptions{}))(t)
	s.until("the old revision is the newest", func() bool {
		r := must(s.apps.ControllerRevisions("prod").Get(ctx, old.Name, metav1.GetOptions{}))(t)
		set := must(sets.Get(ctx, "rabbitmq", metav1.GetOptions{}))(t)
		return r.Revision == 3 && set.Status.UpdateRevision == old.Name && set.Status.ObservedGeneration == back.Generation
	})
	if n := s.queuePods("rabbitmq:3.13.7"); n != 2 {
		t.Errorf("got %d good pods, want two: the broken one blocks", n)
	}
	if err := s.core.Pods("prod").Delete(ctx, "rabbitmq-2", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.until("all three are good", func() bool { return s.queuePods("rabbitmq:3.13.7") == 3 })
}

func TestADaemonSetRollsNodeByNode(t *testing.T) {
	s := openShop(t, testStartup)
	sets := s.apps.DaemonSets("prod")
	must(sets.Patch(ctx, "log-agent", types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"agent","image":"log-agent:4.2.0"}]}}}}`), metav1.PatchOptions{}))(t)
	s.until("all nodes have the new one", func() bool {
		d := must(sets.Get(ctx, "log-agent", metav1.GetOptions{}))(t)
		if d.Status.NumberUnavailable > 1 {
			t.Errorf("got %d nodes without an agent, want at most one", d.Status.NumberUnavailable)
		}
		return d.Generation == d.Status.ObservedGeneration && d.Status.UpdatedNumberScheduled == 2 && d.Status.NumberAvailable == 2
	})
	list := must(s.apps.ControllerRevisions("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=log-agent"}))(t)
	if len(list.Items) != 2 {
		t.Errorf("got %d revisions, want two", len(list.Items))
	}
}

func TestScaling(t *testing.T) {
	s := openShop(t, testStartup)
	deployments := s.apps.Deployments("prod")
	to := func(name string, n int32) {
		t.Helper()
		scale := must(deployments.GetScale(ctx, name, metav1.GetOptions{}))(t)
		scale.Spec.Replicas = n
		must(deployments.UpdateScale(ctx, name, scale, metav1.UpdateOptions{}))(t)
		if _, err := deployments.UpdateScale(ctx, name, scale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("a second update of an old version: got %v", err)
		}
	}
	has := func(name string, n int32) func() bool {
		return func() bool {
			d := must(deployments.Get(ctx, name, metav1.GetOptions{}))(t)
			return d.Status.ObservedGeneration == d.Generation && d.Status.Replicas == n && d.Status.ReadyReplicas == n
		}
	}
	to("mailer", 0)
	s.until("no mailer works", has("mailer", 0))
	must(deployments.Patch(ctx, "mailer", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{}, "scale"))(t)
	s.until("three mailers work", has("mailer", 3))
	to("search", 0)
	s.until("no search works", has("search", 0))
	scaling := must(scalingclient.NewForConfig(s.config))(t)
	s.until("the autoscaler says that it is off", func() bool {
		h := must(scaling.HorizontalPodAutoscalers("prod").Get(ctx, "search", metav1.GetOptions{}))(t)
		return h.Status.Conditions[0].Status == corev1.ConditionFalse && h.Status.Conditions[0].Reason == "ScalingDisabled"
	})
	to("search", 9)
	s.until("the autoscaler brought it under its maximum", has("search", 6))
	negative := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "mailer", Namespace: "prod"}, Spec: autoscalingv1.ScaleSpec{Replicas: -1}}
	if _, err := deployments.UpdateScale(ctx, "mailer", negative, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("less than nothing: got %v", err)
	}
}

func TestEvictionAndCordon(t *testing.T) {
	s := openShop(t, time.Second) // so that nobody is ready before the third eviction
	must(s.core.Nodes().Patch(ctx, "node-a", types.StrategicMergePatchType, []byte(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{}))(t)
	all := must(s.core.Pods("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=checkout"}))(t).Items
	evict := func(name string) error {
		return s.core.Pods("prod").EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "prod"}})
	}
	for _, p := range all[:2] {
		if err := evict(p.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := evict(all[2].Name); !apierrors.IsTooManyRequests(err) || err.Error() != "Cannot evict pod as it would violate the pod's disruption budget." {
		t.Errorf("the third one at once: got %v", err)
	}
	s.until("six serve again", s.rolled)
	known := map[string]bool{}
	for _, p := range all {
		known[p.Name] = true
	}
	for _, p := range must(s.core.Pods("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=checkout"}))(t).Items {
		if !known[p.Name] && p.Spec.NodeName != "node-b" {
			t.Errorf("%s runs on %s, which is cordoned", p.Name, p.Spec.NodeName)
		}
	}
}

func TestACronJobThatMissedItsTimes(t *testing.T) {
	s := openShop(t, testStartup)
	batch := must(batchclient.NewForConfig(s.config))(t)
	suspend := func(name, yes string) {
		t.Helper()
		must(batch.CronJobs("prod").Patch(ctx, name, types.MergePatchType, []byte(`{"spec":{"suspend":`+yes+`}}`), metav1.PatchOptions{}))(t)
	}
	suspend("cleanup", "true")
	s.mu.Lock()
	o, _ := s.store.get(cronJobs, "prod", "cleanup")
	late := clone(o)
	long := metav1.NewTime(time.Now().Add(-time.Hour))
	late.(*batchv1.CronJob).Status.LastScheduleTime = &long
	s.store.put(cronJobs, late)
	s.mu.Unlock()
	runs := func() int {
		n := 0
		for _, j := range must(batch.Jobs("prod").List(ctx, metav1.ListOptions{}))(t).Items {
			if strings.HasPrefix(j.Name, "cleanup-") {
				n++
			}
		}
		return n
	}
	if n := runs(); n != 0 {
		t.Errorf("got %d runs while suspended", n)
	}
	suspend("cleanup", "false")
	s.until("one run starts at once", func() bool { return runs() == 1 })
}

func TestLogs(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	must(s.apps.Deployments("prod").Create(ctx, cart("cart:crash", 1), metav1.CreateOptions{}))(t)
	s.until("it crashed", func() bool { return s.waiting("CrashLoopBackOff") })
	name := must(s.core.Pods("prod").List(ctx, metav1.ListOptions{}))(t).Items[0].Name
	one := int64(1)
	stream := must(s.core.Pods("prod").GetLogs(name, &corev1.PodLogOptions{Previous: true, TailLines: &one}).Stream(ctx))(t)
	defer stream.Close()
	if got := string(must(io.ReadAll(stream))(t)); got != "exit status 1\n" {
		t.Errorf("got %q", got)
	}
	if _, err := s.core.Pods("prod").GetLogs(name, &corev1.PodLogOptions{Container: "other"}).DoRaw(ctx); !apierrors.IsBadRequest(err) {
		t.Errorf("an unknown container: got %v", err)
	}
}
