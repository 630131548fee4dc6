package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var errNotYet = errors.New("it is not so")

// try calls again and again until it is so, an error being "not yet" as well.
func (s *Space) try(is func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := is(ctx)
		if ok {
			return nil
		}
		if err == nil {
			err = errNotYet
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", patience, err)
		case <-tick.C:
		}
	}
}

func (s *Space) wait(what string, is func() (bool, error)) {
	s.tb.Helper()
	if err := s.try(func(context.Context) (bool, error) { return is() }); err != nil {
		s.tb.Fatalf("wait for %s: %v", what, err)
	}
}

// Get reads one object of the test's namespace. The resource is written as
// kubectl takes it: pods, deployments.apps, scaledobjects.keda.sh.
func Get[T any](s *Space, resource, name string) *T {
	s.tb.Helper()
	object, err := get[T](s.tb.Context(), s, resource, name)
	if err != nil {
		s.tb.Fatalf("get %s %s: %v", resource, name, err)
	}
	return object
}

// List reads all objects of a kind in the test's namespace that a label
// selector chooses, "" being all.
func List[T any](s *Space, resource, selector string) []T {
	s.tb.Helper()
	all, err := list[T](s.tb.Context(), s, resource, selector)
	if err != nil {
		s.tb.Fatalf("list %s: %v", resource, err)
	}
	return all
}

// Wait reads one object until it is as wanted and returns it then. When that
// does not come, the test fails with what and the object as it was last.
func Wait[T any](s *Space, resource, name, what string, is func(*T) bool) *T {
	s.tb.Helper()
	var last *T
	err := s.try(func(ctx context.Context) (bool, error) {
		object, err := get[T](ctx, s, resource, name)
		if err != nil {
			return false, err
		}
		last = object
		return is(object), nil
	})
	if err != nil {
		s.tb.Fatalf("wait until %s %s %s: %v\nlast seen: %+v", resource, name, what, err, last)
	}
	return last
}

// WaitList is Wait for all objects that a label selector chooses.
func WaitList[T any](s *Space, resource, selector, what string, are func([]T) bool) []T {
	s.tb.Helper()
	var last []T
	err := s.try(func(ctx context.Context) (bool, error) {
		all, err := list[T](ctx, s, resource, selector)
		if err != nil {
			return false, err
		}
		last = all
		return are(all), nil
	})
	if err != nil {
		s.tb.Fatalf("wait until %s %s: %v\nlast seen: %+v", resource, what, err, last)
	}
	return last
}

// WaitRolledOut waits until a deployment runs its newest template with all
// replicas available and none left of the one before.
func (s *Space) WaitRolledOut(name string) *appsv1.Deployment {
	s.tb.Helper()
	return Wait(s, "deployments.apps", name, "is rolled out", func(d *appsv1.Deployment) bool {
		want := *d.Spec.Replicas
		return d.Status.ObservedGeneration >= d.Generation && d.Status.Replicas == want &&
			d.Status.UpdatedReplicas == want && d.Status.AvailableReplicas == want
	})
}

// WaitWaiting waits until a container of one of the chosen pods waits for a
// reason such as ImagePullBackOff or CrashLoopBackOff, and returns that pod.
func (s *Space) WaitWaiting(selector, reason string) *corev1.Pod {
	s.tb.Helper()
	var found *corev1.Pod
	WaitList(s, "pods", selector, "wait with "+reason, func(pods []corev1.Pod) bool {
		for i, p := range pods {
			for _, c := range p.Status.ContainerStatuses {
				if c.State.Waiting != nil && c.State.Waiting.Reason == reason {
					found = &pods[i]
					return true
				}
			}
		}
		return false
	})
	return found
}

// WaitEvent waits for an event about an object of the test's namespace.
func (s *Space) WaitEvent(about, reason string) corev1.Event {
	s.tb.Helper()
	var found corev1.Event
	WaitList(s, "events", "", "tell "+reason+" of "+about, func(events []corev1.Event) bool {
		for _, e := range events {
			if e.InvolvedObject.Name == about && e.Reason == reason {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

func get[T any](ctx context.Context, s *Space, resource, name string) (*T, error) {
	gvr, err := s.cluster.resource(resource)
	if err != nil {
		return nil, err
	}
	object, err := s.cluster.client.Resource(gvr).Namespace(s.Name).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return typed[T](object)
}

func list[T any](ctx context.Context, s *Space, resource, selector string) ([]T, error) {
	gvr, err := s.cluster.resource(resource)
	if err != nil {
		return nil, err
	}
	found, err := s.cluster.client.Resource(gvr).Namespace(s.Name).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var all []T
	for i := range found.Items {
		object, err := typed[T](&found.Items[i])
		if err != nil {
			return nil, err
		}
		all = append(all, *object)
	}
	return all, nil
}

func typed[T any](object *unstructured.Unstructured) (*T, error) {
	into := new(T)
	if whole, ok := any(into).(*unstructured.Unstructured); ok {
		*whole = *object
		return into, nil
	}
	return into, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}

// resource finds the newest version of a resource.
func (c *Cluster) resource(name string) (schema.GroupVersionResource, error) {
	return c.mapper.ResourceFor(schema.ParseGroupResource(name).WithVersion(""))
}

// Kubectl runs bin/kubectl, of the cluster's own version, in the test's
// namespace and returns what it wrote to stdout.
func (s *Space) Kubectl(args ...string) string {
	s.tb.Helper()
	cmd := exec.CommandContext(s.tb.Context(), KubectlPath(s.tb), append([]string{"--kubeconfig", s.Kubeconfig(), "--namespace", s.Name}, args...)...)
	cmd.Env = append(cmd.Environ(), "HOME="+s.tb.TempDir()) // it keeps a cache there
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		s.tb.Fatalf("kubectl %v: %v", args, err)
	}
	return string(out)
}
