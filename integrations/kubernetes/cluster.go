package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	authv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	scalingv2 "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	batchv1 "k8s.io/client-go/kubernetes/typed/batch/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	policyv1 "k8s.io/client-go/kubernetes/typed/policy/v1"
	"k8s.io/client-go/rest"
)

// cluster is one cluster by its name.
type cluster struct {
	name string
	own  settings
	log  *slog.Logger

	mu       sync.Mutex
	made     *clients
	learn    func(secret string) // told of the credentials, so that nobody prints them
	stamp    string              // of the kubeconfig that the clients were made from
	lastGood time.Time           // when it answered last
	served   map[string]string   // API groups, with the preferred version
	servedAt time.Time
}

// clients are the narrow clients for reading. Nothing is changed through them.
type clients struct {
	cfg     *rest.Config
	http    *http.Client
	apps    *appsv1.AppsV1Client
	core    *corev1.CoreV1Client
	batch   *batchv1.BatchV1Client
	scaling *scalingv2.AutoscalingV2Client
	auth    *authv1.AuthorizationV1Client
	policy  *policyv1.PolicyV1Client
	custom  dynamic.Interface // for what other people's operators define
}

func newCluster(name string, own settings, log *slog.Logger) *cluster {
	return &cluster{name: name, own: own, log: log.With("cluster", name)}
}

// clients makes them when they are first needed, and anew when the kubeconfig
// changed on disk: a rotated credential is seen without a restart.
func (c *cluster) clients() (*clients, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.own.stamp()
	if c.made != nil && stamp == c.stamp {
		return c.made, nil
	}
	cfg, err := c.own.load()
	if err != nil {
		return nil, &setupError{"its kubeconfig cannot be read or does not have the context", err}
	}
	c.tell(cfg)
	made, err := newClients(cfg)
	if err != nil {
		return nil, &setupError{"the credentials of its kubeconfig cannot be read", err}
	}
	if c.made != nil {
		c.made.hangUp()
	}
	c.made, c.stamp = made, stamp
	return made, nil
}

// tell makes the credentials known to who keeps them out of words.
func (c *cluster) tell(cfg *rest.Config) {
	if c.learn != nil {
		c.learn(cfg.BearerToken)
		c.learn(cfg.Password)
	}
}

// stamp tells one state of the kubeconfig from another.
func (s settings) stamp() string {
	info, err := os.Stat(s.Kubeconfig)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

func newClients(cfg *rest.Config) (*clients, error) {
	h, err := httpClient(cfg, false)
	if err != nil {
		return nil, err
	}
	k := &clients{cfg: cfg, http: h}
	var errs [7]error
	k.apps, errs[0] = appsv1.NewForConfigAndClient(cfg, h)
	k.core, errs[1] = corev1.NewForConfigAndClient(cfg, h)
	k.batch, errs[2] = batchv1.NewForConfigAndClient(cfg, h)
	k.scaling, errs[3] = scalingv2.NewForConfigAndClient(cfg, h)
	k.auth, errs[4] = authv1.NewForConfigAndClient(cfg, h)
	k.policy, errs[5] = policyv1.NewForConfigAndClient(cfg, h)
	k.custom, errs[6] = dynamic.NewForConfigAndClient(cfg, h)
	return k, errors.Join(errs[:]...)
}

// hangUp closes the connections that nobody uses at the moment.
func (k *clients) hangUp() { utilnet.CloseIdleConnectionsFor(k.http.Transport) }

func (c *cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		c.made.hangUp()
	}
}

func (c *cluster) answered() {
	c.mu.Lock()
	c.lastGood = time.Now()
	c.mu.Unlock()
}

func (c *cluster) goodSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastGood
}

const (
	tries    = 3
	tryPause = 200 * time.Millisecond
)

// read asks a cluster, up to three times. what is the right that the question
// needs. Its error is a *Rejected: a read that fails has changed nothing. A
// StatusError of the server is in its chain.
func read[T any](ctx context.Context, c *cluster, what access, ask func(ctx context.Context, k *clients) (T, error)) (T, error) {
	var none T
	k, err := c.clients()
	if err != nil {
		return none, c.unreachable(err, 1)
	}
	for try := 1; ; try++ {
		out, err := once(ctx, k, ask)
		switch {
		case err == nil:
			c.answered()
			return out, nil
		case !passing(err):
			c.answered()
			return none, c.refused(err, what)
		case ctx.Err() != nil:
			return none, c.unreachable(errNoTimeLeft, try)
		case try == tries:
			return none, c.unreachable(err, try)
		}
		k.hangUp() // the next try dials anew: an idle connection may be a dead one
		if !wait(ctx, tryPause) {
			return none, c.unreachable(errNoTimeLeft, try)
		}
	}
}

// once is one try.
func once[T any](ctx context.Context, k *clients, ask func(ctx context.Context, k *clients) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return ask(ctx, k)
}

// wait waits, and reports false when ctx ended before.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

// restFor makes the client of one group for one change.
func restFor(cfg *rest.Config, h *http.Client, gv schema.GroupVersion) (*rest.RESTClient, error) {
	one := rest.CopyConfig(cfg)
	one.GroupVersion, one.APIPath = &gv, "/apis"
	if gv.Group == "" {
		one.APIPath = "/api"
	}
	one.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return rest.RESTClientForConfigAndClient(one, h)
}
