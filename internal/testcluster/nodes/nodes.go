// Package nodes is what runs below the control plane of the test cluster: a
// stand-in for the scheduler and for the kubelets of a few nodes. Pods are
// bound, start, become ready and go away as they would on a real node, only
// sooner, and no container runs anywhere.
//
// A word in the image of a container, or in the pod's annotation
// [Annotation], which holds for all its containers, chooses what happens:
//
//	missing        the image cannot be pulled: ErrImagePull, ImagePullBackOff
//	crash          exit code 1 soon after each start: CrashLoopBackOff, or a failed job
//	slow           ready (a job: done) eight seconds after the start
//	unready        runs and never becomes ready; the readiness probe fails
//	oomkill        killed for its memory soon after each start, with exit code 137
//	endless        a job that never ends
//	stubborn       takes its whole grace period to end
//	unschedulable  no node has room for the pod
//
// Any other image is a healthy one. A pod that asks for more than a node has
// is unschedulable as well.
package nodes

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
)

// names of the nodes. Three let a StatefulSet spread and leave two when one is
// drained.
var names = []string{"node-1", "node-2", "node-3"}

const heartbeatEvery = 10 * time.Second

// Start makes the nodes ready and runs their pods until ctx ends. The kubelets
// share one loopback listener, which serves with the given keys.
func Start(ctx context.Context, config *rest.Config, keys *tls.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make the nodes' client: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the kubelets: %w", err)
	}
	port := int32(listener.Addr().(*net.TCPAddr).Port)
	for _, name := range names {
		if err := register(ctx, client, name, port); err != nil {
			listener.Close()
			return fmt.Errorf("make node %s: %w", name, err)
		}
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	pods, nodes := factory.Core().V1().Pods(), factory.Core().V1().Nodes()
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typed.EventSinkImpl{Interface: client.CoreV1().Events("")})
	recorder := func(component, host string) record.EventRecorder {
		return broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component, Host: host})
	}
	s := newScheduler(client, pods, nodes, recorder("default-scheduler", ""))
	k := newKubelet(client, pods, recorder)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	go s.run(ctx)
	go k.run(ctx)
	go beat(ctx, client, port)
	serve(ctx, listener, keys, &logs{pods: pods.Lister()})
	return nil
}

// serve runs the kubelets' endpoint in the background until ctx ends.
func serve(ctx context.Context, listener net.Listener, keys *tls.Config, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         keys,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.ServeTLS(listener, "", "")
}

func register(ctx context.Context, client kubernetes.Interface, name string, port int32) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelHostname:     name,
		corev1.LabelOSStable:     "linux",
		corev1.LabelArchStable:   "amd64",
		corev1.LabelTopologyZone: "zone-" + name[len(name)-1:],
	}}}
	node, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return keepReady(ctx, client, node, port)
}

func keepReady(ctx context.Context, client kubernetes.Interface, node *corev1.Node, port int32) error {
	room := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("8"),
		corev1.ResourceMemory:           resource.MustParse("16Gi"),
		corev1.ResourcePods:             resource.MustParse("110"),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
	}
	node.Status.Capacity, node.Status.Allocatable = room, room
	node.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "127.0.0.1"},
		{Type: corev1.NodeHostName, Address: node.Name},
	}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = port
	node.Status.NodeInfo.KubeletVersion = "v1.33.13"
	node.Status.NodeInfo.OperatingSystem, node.Status.NodeInfo.Architecture = "linux", "amd64"
	now := metav1.Now()
	since := now
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			since = c.LastTransitionTime
		}
	}
	node.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
		Message: "kubelet is posting ready status", LastHeartbeatTime: now, LastTransitionTime: since,
	}}
	_, err := client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

// beat keeps the nodes ready. A test may change them in between; then the next
// beat finds the newer node.
func beat(ctx context.Context, client kubernetes.Interface, port int32) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, name := range names {
			node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
			if err == nil {
				err = keepReady(ctx, client, node, port)
			}
			report(ctx, "node", name, err)
		}
	}
}

// expected tells errors that only mean: look again, somebody was faster.
func expected(ctx context.Context, err error) bool {
	return err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled) || apierrors.IsConflict(err) || apierrors.IsNotFound(err)
}
