// Package clustertest runs a real Kubernetes API server for tests.
//
// It starts bin/testcluster, which `make testcluster` builds: the API server
// with RBAC, the controllers, and pods that fail when their image says so
// (internal/testcluster/nodes lists the words). There is no pretend cluster and
// no skipping. A test process starts one cluster, with the first test that asks
// for it, and each test gets a namespace of its own:
//
//	func TestMain(m *testing.M) { os.Exit(clustertest.Run(m, nil)) }
//
//	func TestRestart(t *testing.T) {
//		s := clustertest.New(t)
//		s.Apply(clustertest.Deployment("web", "web:1", 2))
//		s.WaitRolledOut("web")
//
// The cluster is gone after the tests, even when the test process is killed.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	patience  = time.Minute // for what takes seconds where nothing else runs
	pollEvery = 50 * time.Millisecond
)

// Cluster is one running cluster.
type Cluster struct {
	dir    string
	proc   *process
	config *rest.Config
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// Space is one test's namespace, with an administrator's rights.
type Space struct {
	// Name of the namespace.
	Name    string
	tb      testing.TB
	cluster *Cluster
}

// New makes a namespace in the cluster of this test process. It is deleted
// after the test; what the test makes outside of it, such as custom resource
// definitions, stays until the process ends and is seen by the other tests.
func New(tb testing.TB) *Space {
	tb.Helper()
	s := &Space{tb: tb, cluster: shared(tb)}
	space := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "test-"},
	}}
	spaces := s.cluster.client.Resource(namespaces)
	made, err := spaces.Create(tb.Context(), space, metav1.CreateOptions{})
	if err != nil {
		tb.Fatalf("make a namespace: %v", err)
	}
	s.Name = made.GetName()
	tb.Cleanup(func() {
		ctx := context.WithoutCancel(tb.Context())
		if err := spaces.Delete(ctx, s.Name, metav1.DeleteOptions{}); err != nil {
			tb.Errorf("delete the namespace: %v", err)
		}
	})
	// Pods are refused before the account that they run as exists.
	s.wait("the default service account", func() (bool, error) {
		_, err := s.cluster.client.Resource(accounts).Namespace(s.Name).Get(tb.Context(), "default", metav1.GetOptions{})
		return err == nil, err
	})
	return s
}

var (
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	accounts   = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
)

// Config is an administrator's. It is a copy: change what you like.
func (s *Space) Config() *rest.Config { return rest.CopyConfig(s.cluster.config) }

// Kubeconfig is the path of an administrator's kubeconfig. Its context names
// the namespace "default", not the test's.
func (s *Space) Kubeconfig() string { return filepath.Join(s.cluster.dir, "kubeconfig") }

func start() (*Cluster, error) {
	binary, err := built("testcluster")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "clustertest-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	c := &Cluster{dir: dir}
	if err := c.launch(binary); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *Cluster) launch(binary string) error {
	var err error
	if c.proc, err = launch(binary, c.dir); err != nil {
		return err
	}
	c.config, err = clientcmd.BuildConfigFromFlags("", filepath.Join(c.dir, "kubeconfig"))
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	c.config.QPS = -1 // tests wait for the cluster, not for their own client
	if c.client, err = dynamic.NewForConfig(c.config); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	found, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	return nil
}

func (c *Cluster) stop() error {
	var err error
	if c.proc != nil {
		err = c.proc.stop()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// built finds what `make testcluster` has built, from whatever package folder
// the tests run in.
func built(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil || !strings.HasPrefix(string(mod), "module mayday\n") {
			continue
		}
		path := filepath.Join(dir, "bin", name)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("bin/%s is missing: make testcluster", name)
		}
		return path, nil
	}
	return "", errors.New("the tests do not run inside the repository")
}
