package kubernetes

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	appsclient "k8s.io/client-go/kubernetes/typed/apps/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a cluster with the real clients in front of it.
type stage struct {
	*Cluster
	t      *testing.T
	config *rest.Config
	apps   *appsclient.AppsV1Client
	core   *coreclient.CoreV1Client
	any    *dynamic.DynamicClient
}

const testStartup = 60 * time.Millisecond

func newStage(t *testing.T, o Options) *stage {
	t.Helper()
	if o.Startup == 0 {
		o.Startup = testStartup
	}
	c, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := (&stage{Cluster: c, t: t}).as(Admin)
	t.Cleanup(func() { c.Close() })
	return s
}

// as is the same cluster seen by another account.
func (s *stage) as(account string) *stage {
	s.t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig(s.Kubeconfig(account))
	if err != nil {
		s.t.Fatal(err)
	}
	config.QPS = -1
	out := &stage{Cluster: s.Cluster, t: s.t, config: config}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.CloseIdleConnections)
	out.apps = must(appsclient.NewForConfigAndClient(config, client))(s.t)
	out.core = must(coreclient.NewForConfigAndClient(config, client))(s.t)
	out.any = must(dynamic.NewForConfigAndClient(config, client))(s.t)
	return out
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var ctx = context.Background()

// cart is a deployment of the checkout with an image.
func cart(image string, replicas int32) *appsv1.Deployment {
	app := map[string]string{"app": "checkout"}
	two, none := intstr.FromInt32(2), intstr.FromInt32(0)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: "prod", Annotations: map[string]string{changeCauseNote: "cart v1", "team": "payments"}}}
	d.Spec.Replicas = &replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: app}
	d.Spec.Template.Labels = app
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "cart", Image: image}}
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &two, MaxUnavailable: &none}
	return d
}

const changeCauseNote = "kubernetes.io/change-cause"

func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(5 * time.Second); ; {
		if holds() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("after 5 s it does not hold: %s", what)
		}
	}
}

func (s *stage) deployment() *appsv1.Deployment {
	s.t.Helper()
	return must(s.apps.Deployments("prod").Get(ctx, "checkout", metav1.GetOptions{}))(s.t)
}

// rolled tells whether a rollout is over, as `kubectl rollout status` does.
func (s *stage) rolled() bool {
	d := s.deployment()
	st, wish := d.Status, *d.Spec.Replicas
	return d.Generation <= st.ObservedGeneration && st.UpdatedReplicas == wish && st.Replicas == wish && st.AvailableReplicas == wish
}

func (s *stage) prodCart(image string, replicas int32) {
	s.t.Helper()
	must(s.apps.Deployments("prod").Create(ctx, cart(image, replicas), metav1.CreateOptions{}))(s.t)
	s.until("the first rollout is over", s.rolled)
}

func prod() Object {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod"}}
}
