package kubernetes

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// The condition of the rollout before stays until there is progress. It must not
// make a rollback look stuck.
func TestAnOldDeadlineDoesNotMakeARollbackLookStuck(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:unready")
	s.Kubectl("patch", "deployment/web", "-p", `{"spec":{"progressDeadlineSeconds":2}}`)
	clustertest.Wait(s, "deployments.apps", "web", "is past its deadline", func(d *appsv1.Deployment) bool {
		for _, c := range d.Status.Conditions {
			if c.Reason == "ProgressDeadlineExceeded" {
				return true
			}
		}
		return false
	})
	f := on(t, s)
	web := integrations.Args{"deployment": "deploy/web"}
	if got := look(t, f, "k8s.rollout_status", web); got.Fields["stuck"] != true || got.Fields["why"] != "no progress within the deadline of the deployment" {
		t.Errorf("got %+v, want it stuck by its deadline", got.Fields)
	}
	s.Kubectl("patch", "deployment/web", "-p", `{"spec":{"progressDeadlineSeconds":600}}`) // the rollback itself has time
	p := planned(t, f, rollbackName, web)
	applied(t, f, p)
	settled(t, f, p) // fails on Wrong
	if got := look(t, f, "k8s.rollout_status", web); got.Fields["done"] != true {
		t.Errorf("got %+v, want done", got.Fields)
	}
}

func TestProgressIsSaidInWords(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 4))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", "web:2", 4))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", "web:3", 4))
	f := on(t, s)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web", "to": "web:2"})
	applied(t, f, p)
	seen := map[string]bool{}
	probedUntil(t, f, p, "settled", func(e integrations.Evidence) bool {
		seen[e.Text] = true
		return e.Settled
	})
	if !seen["4 of 4 pods new, all serving; 4 pods rev 4, all serving"] || len(seen) < 3 {
		t.Errorf("got %v, want progress on the way and the end", seen)
	}
}

// made is a situation without a cluster.
func made(k kind, p progress, change func(*situation)) situation {
	s := situation{workload: workload{place: place{cluster: &cluster{name: "test"}, namespace: "shop", kind: k, name: "web"}, progress: p}, at: time.Unix(1000, 0)}
	if change != nil {
		change(&s)
	}
	return s
}

func TestWhenARolloutIsDone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    situation
		done bool
	}{
		"all there":                        {made(deployments, progress{generation: 2, observed: 2, desired: 3, updated: 3, available: 3, existing: 3}, nil), true},
		"not seen yet":                     {made(deployments, progress{generation: 3, observed: 2, desired: 3, updated: 3, available: 3, existing: 3}, nil), false},
		"old pods are left":                {made(deployments, progress{desired: 3, updated: 3, available: 3, existing: 4}, nil), false},
		"one is not available":             {made(deployments, progress{desired: 3, updated: 3, available: 2, existing: 3}, nil), false},
		"scaled to zero":                   {made(deployments, progress{}, nil), true},
		"paused":                           {made(deployments, progress{desired: 1, updated: 1, available: 1, existing: 1}, func(s *situation) { s.paused = true }), false},
		"a stateful set between two":       {made(statefulSets, progress{desired: 2, updated: 2, ready: 2, current: "a", update: "b"}, nil), false},
		"a stateful set":                   {made(statefulSets, progress{desired: 2, updated: 2, ready: 2, current: "b", update: "b"}, nil), true},
		"a stateful set with partition":    {made(statefulSets, progress{desired: 3, updated: 1, ready: 3, partition: 2, current: "a", update: "b"}, nil), true},
		"one behind its partition":         {made(statefulSets, progress{desired: 3, updated: 0, ready: 3, partition: 2, current: "a", update: "b"}, nil), false},
		"a daemon set":                     {made(daemonSets, progress{desired: 3, updated: 3, available: 3}, nil), true},
		"a daemon set with an old pod":     {made(daemonSets, progress{desired: 3, updated: 2, available: 3}, nil), false},
		"one that rolls nothing by itself": {made(daemonSets, progress{desired: 3, updated: 0, available: 3}, func(s *situation) { s.onDelete = true }), true},
	} {
		if got := tt.s.complete(); got != tt.done {
			t.Errorf("%s: got %v, want %v", name, got, tt.done)
		}
	}
}

func TestTroubleOfPods(t *testing.T) {
	t.Parallel()
	now := time.Unix(10_000, 0)
	waiting := func(reason, message string, restarts int32) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", Image: "reg.example/shop/cart:2", RestartCount: restarts,
			State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", Message: "password=hunter2"}},
		}}}}
	}
	unschedulable := func(since time.Duration) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/3 nodes: Insufficient cpu", LastTransitionTime: metav1.NewTime(now.Add(-since)),
		}}}}
	}
	for name, tt := range map[string]struct {
		pod     corev1.Pod
		text    string
		lasting bool
	}{
		"one bad answer of the registry": {waiting("ErrImagePull", "", 0), "ErrImagePull on cart:2", false},
		"the image is not there":         {waiting("ImagePullBackOff", "", 0), "ImagePullBackOff on cart:2", true},
		"a first crash":                  {waiting("CrashLoopBackOff", "", 1), "CrashLoopBackOff of app, last exit 137 (OOMKilled): password=[masked], 1 restart", false},
		"a crash loop":                   {waiting("CrashLoopBackOff", "", 2), "CrashLoopBackOff of app, last exit 137 (OOMKilled): password=[masked], 2 restarts", true},
		"a config map is missing":        {waiting("CreateContainerConfigError", `configmap "x" not found`, 0), `CreateContainerConfigError of app: configmap "x" not found`, true},
		"it is being made":               {waiting("ContainerCreating", "", 0), "", false},
		"no node yet":                    {unschedulable(time.Minute), "unschedulable: 0/3 nodes: Insufficient cpu", false},
		"no node at all":                 {unschedulable(3 * time.Minute), "unschedulable: 0/3 nodes: Insufficient cpu", true},
		"evicted":                        {corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory"}}, "Evicted low on memory (failed)", false},
	} {
		got := troubleOf(tt.pod, now)
		if got == nil {
			got = &trouble{}
		}
		if got.text != tt.text || got.lasting != tt.lasting {
			t.Errorf("%s: got %+v, want %q, lasting %v", name, *got, tt.text, tt.lasting)
		}
	}
}

func TestManyPodsAreADanger(t *testing.T) {
	t.Parallel()
	for pods, want := range map[int32]integrations.Grade{0: integrations.GradeChange, 20: integrations.GradeChange, 21: integrations.GradeDanger} {
		if got := made(deployments, progress{desired: pods}, nil).grade(); got != want {
			t.Errorf("%d pods: got %s, want %s", pods, got, want)
		}
	}
	if got, want := made(deployments, progress{desired: 21}, nil).podsText(), "21 pods (a danger, being more than 20)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
