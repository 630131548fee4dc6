package clustertest

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// image is what a deployment's first container runs.
func image(pod corev1.Pod) string { return pod.Spec.Containers[0].Image }

func TestDeploymentRollsOutAndRollsOn(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 2))
	s.WaitRolledOut("web")
	s.Apply(Deployment("web", "web:2", 2))
	s.WaitRolledOut("web")
	pods := WaitList(s, "pods", "app=web", "are two", func(all []corev1.Pod) bool { return len(all) == 2 })
	for _, p := range pods {
		if got := image(p); got != "web:2" {
			t.Errorf("got image %s, want web:2", got)
		}
	}
	if got := len(List[appsv1.ReplicaSet](s, "replicasets.apps", "app=web")); got != 2 {
		t.Errorf("got %d replica sets, want the new one and the one before", got)
	}
	if got := s.Kubectl("rollout", "history", "deployment/web"); !strings.Contains(got, "\n2 ") {
		t.Errorf("got history %q, want a revision 2", got)
	}
	s.Kubectl("rollout", "undo", "deployment/web")
	Wait(s, "deployments.apps", "web", "runs the image before", func(d *appsv1.Deployment) bool {
		return d.Spec.Template.Spec.Containers[0].Image == "web:1"
	})
	s.WaitRolledOut("web")
}

func TestAnImageThatIsMissingIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1))
	s.WaitRolledOut("web")
	s.Apply(Deployment("web", "web:missing", 1))
	pod := s.WaitWaiting("app=web", "ImagePullBackOff")
	if message := pod.Status.ContainerStatuses[0].State.Waiting.Message; !strings.Contains(message, "web:missing") {
		t.Errorf("got message %q, want the image in it", message)
	}
	if e := s.WaitEvent(pod.Name, "Failed"); e.Type != corev1.EventTypeWarning || e.Source.Component != "kubelet" {
		t.Errorf("got event %s from %s, want a warning of the kubelet", e.Type, e.Source.Component)
	}
	s.WaitEvent(pod.Name, "BackOff")
	d := Get[appsv1.Deployment](s, "deployments.apps", "web")
	if d.Status.AvailableReplicas != 1 {
		t.Errorf("got %d available, want the old pod to go on", d.Status.AvailableReplicas)
	}
}

func TestACrashLoopGrows(t *testing.T) {
	t.Parallel()
	s := New(t)
	for image, want := range map[string]corev1.ContainerStateTerminated{
		"crash":   {ExitCode: 1, Reason: "Error"},
		"oomkill": {ExitCode: 137, Reason: "OOMKilled"},
	} {
		s.Apply(Deployment(image, "web:"+image, 1))
		pods := WaitList(s, "pods", "app="+image, "have been restarted twice and wait", func(all []corev1.Pod) bool {
			if len(all) != 1 || len(all[0].Status.ContainerStatuses) != 1 {
				return false
			}
			c := all[0].Status.ContainerStatuses[0]
			return c.RestartCount >= 2 && c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff"
		})
		ended := pods[0].Status.ContainerStatuses[0].LastTerminationState.Terminated
		if ended == nil || ended.ExitCode != want.ExitCode || ended.Reason != want.Reason {
			t.Errorf("%s: got last termination %+v, want %s with exit code %d", image, ended, want.Reason, want.ExitCode)
		}
		s.WaitEvent(pods[0].Name, "BackOff")
	}
}

func TestPodsThatDoNotBecomeReady(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("shy", "shy:unready", 1) + Deployment("late", "late:slow", 1) + Deployment("huge", "huge:1", 1))
	s.Apply(Deployment("nowhere", "nowhere:unschedulable", 1))
	s.Kubectl("set", "resources", "deployment/huge", "--requests=cpu=1000")
	pods := WaitList(s, "pods", "app=shy", "run", func(all []corev1.Pod) bool {
		return len(all) == 1 && all[0].Status.Phase == corev1.PodRunning
	})
	if e := s.WaitEvent(pods[0].Name, "Unhealthy"); !strings.HasPrefix(e.Message, "Readiness probe failed") {
		t.Errorf("got event %q, want the readiness probe", e.Message)
	}
	for app, why := range map[string]string{"huge": "3 Insufficient cpu", "nowhere": "3 Insufficient memory"} {
		WaitList(s, "pods", "app="+app, "cannot be scheduled", func(all []corev1.Pod) bool {
			for _, p := range all {
				for _, c := range p.Status.Conditions {
					if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable && strings.Contains(c.Message, why) {
						return true
					}
				}
			}
			return false
		})
	}
	s.WaitRolledOut("late")
	if p := List[corev1.Pod](s, "pods", "app=shy"); p[0].Status.ContainerStatuses[0].Ready {
		t.Error("got a ready pod, want one that never is")
	}
}

const rolling = `---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "IMAGE"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "IMAGE"}]}
`

func TestStatefulSetsAndDaemonSetsRollAndKeepRevisions(t *testing.T) {
	t.Parallel()
	s := New(t)
	for _, version := range []string{"image:1", "image:2"} {
		s.Apply(strings.ReplaceAll(rolling, "IMAGE", version))
		for app, want := range map[string]int{"db": 2, "agent": 3} {
			WaitList(s, "pods", "app="+app, "all run "+version, func(all []corev1.Pod) bool {
				ready := 0
				for _, p := range all {
					if c := p.Status.ContainerStatuses; image(p) == version && len(c) == 1 && c[0].Ready {
						ready++
					}
				}
				return ready == want && len(all) == want
			})
		}
	}
	for _, app := range []string{"db", "agent"} {
		if got := len(List[appsv1.ControllerRevision](s, "controllerrevisions.apps", "app="+app)); got != 2 {
			t.Errorf("%s: got %d revisions, want 2", app, got)
		}
	}
	nodes := map[string]bool{}
	for _, p := range List[corev1.Pod](s, "pods", "app=agent") {
		nodes[p.Spec.NodeName] = true
	}
	if len(nodes) != 3 {
		t.Errorf("got the daemon on %v, want one on each node", nodes)
	}
}

func TestJobsEndAndCronJobsMakeThem(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec: {restartPolicy: Never, containers: [{name: report, image: "report:1"}]}
`)
	s.Kubectl("create", "job", "now", "--from=cronjob/report")
	Wait(s, "jobs.batch", "now", "has succeeded", func(j *batchv1.Job) bool { return j.Status.Succeeded == 1 })
	s.Kubectl("create", "job", "bad", "--image=report:crash")
	Wait(s, "jobs.batch", "bad", "has failed once", func(j *batchv1.Job) bool { return j.Status.Failed > 0 })
	// A schedule has minutes. One that was missed is made up for at once.
	missed := time.Now().Add(-2 * time.Minute).UTC().Format(time.RFC3339)
	s.Kubectl("patch", "cronjob", "report", "--subresource=status", "--type=merge", "-p", `{"status":{"lastScheduleTime":"`+missed+`"}}`)
	WaitList(s, "jobs.batch", "", "has one of the schedule", func(all []batchv1.Job) bool {
		for _, j := range all {
			if strings.HasPrefix(j.Name, "report-") && j.Status.Succeeded == 1 {
				return true
			}
		}
		return false
	})
}

func TestAutoscalerKeepsItsBoundsWithoutMetrics(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Apply(Deployment("web", "web:1", 1) + `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
`)
	Wait(s, "deployments.apps", "web", "has the least replicas", func(d *appsv1.Deployment) bool { return d.Status.AvailableReplicas == 3 })
	Wait(s, "horizontalpodautoscalers.autoscaling", "web", "tells that it has no metrics", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		for _, c := range h.Status.Conditions {
			if c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionFalse {
				return h.Status.CurrentReplicas == 3
			}
		}
		return false
	})
}
