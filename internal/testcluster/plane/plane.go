// Package plane runs the control plane of the test cluster: etcd, the API
// server and the controllers, as shipped, in this process.
package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	readyWithin = time.Minute // two busy cores under a whole test suite
	pollEvery   = 50 * time.Millisecond
)

// Plane is a control plane that has been started.
type Plane struct {
	dir     string
	url     string
	keys    *keys
	kubelet *tls.Config
	config  *rest.Config
	failed  chan error
}

// Start runs everything until ctx ends and returns as soon as the API server
// takes requests. Everything is written below dir. Port 0 is a free one.
func Start(ctx context.Context, dir string, port int) (*Plane, error) {
	k, err := newKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	kubelet, err := k.kubeletTLS()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for the API server: %w", err)
	}
	etcd, address, err := startEtcd(ctx, filepath.Join(dir, "etcd"))
	if err != nil {
		listener.Close()
		return nil, err
	}
	serve, err := apiserver(ctx, listener, k.flags(dir, address))
	if err != nil {
		listener.Close()
		etcd.Close()
		return nil, err
	}
	p := &Plane{
		dir: dir, url: "https://" + listener.Addr().String(), keys: k, kubelet: kubelet,
		failed: make(chan error, 1),
	}
	p.config = p.admin()
	go func() {
		p.failed <- fmt.Errorf("run the API server: %w", serve(ctx))
		etcd.Close() // last, as the API server writes until it ends
	}()
	if err := p.answers(ctx, "/livez"); err != nil {
		return nil, err
	}
	return p, startControllers(ctx, p.config, k)
}

// Config is an administrator's, without a limit on requests.
func (p *Plane) Config() *rest.Config { return p.config }

// KubeletTLS is what a kubelet serves with; it lets in the API server only.
func (p *Plane) KubeletTLS() *tls.Config { return p.kubelet }

// Failed tells that the API server has ended.
func (p *Plane) Failed() <-chan error { return p.failed }

// Ready waits until the cluster can be worked with and returns the path of the
// kubeconfig that it has written then.
func (p *Plane) Ready(ctx context.Context) (string, error) {
	if err := p.answers(ctx, "/readyz"); err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(p.config)
	if err != nil {
		return "", err
	}
	err = p.until(ctx, "the default service account", func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.dir, "kubeconfig")
	return path, p.writeKubeconfig(path)
}

func (p *Plane) admin() *rest.Config {
	return &rest.Config{
		Host: p.url,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: p.keys.cert("ca"), CertFile: p.keys.cert("admin"), KeyFile: p.keys.key("admin"),
		},
		QPS:       -1,
		UserAgent: "testcluster",
	}
}

// answers waits for 200 from one of the API server's health checks.
func (p *Plane) answers(ctx context.Context, path string) error {
	client, err := kubernetes.NewForConfig(p.config)
	if err != nil {
		return err
	}
	return p.until(ctx, path, func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath(path).Do(ctx).Error()
	})
}

func (p *Plane) until(ctx context.Context, what string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case failed := <-p.failed:
			return failed
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, err)
		case <-tick.C:
		}
	}
}

// writeKubeconfig holds the keys themselves, so that the file can be moved.
func (p *Plane) writeKubeconfig(path string) error {
	var data [3][]byte
	for i, name := range []string{p.keys.cert("ca"), p.keys.cert("admin"), p.keys.key("admin")} {
		var err error
		if data[i], err = os.ReadFile(name); err != nil {
			return fmt.Errorf("read a key: %w", err)
		}
	}
	const name = "testcluster"
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: p.url, CertificateAuthorityData: data[0]}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {ClientCertificateData: data[1], ClientKeyData: data[2]}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name, Namespace: "default"}},
		CurrentContext: name,
	}, path)
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
