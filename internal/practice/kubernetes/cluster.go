package kubernetes

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Options of a practice cluster. All have defaults.
type Options struct {
	// Address to serve on, "127.0.0.1:0" unless set; it must be on loopback.
	Address string
	// Accounts beside Admin.
	Accounts []Account
	// Objects are there from the start, ready.
	// They may carry a creation time of the past.
	Objects []Object
	// Startup is how long a pod takes to become ready, two seconds unless set.
	// Everything else that takes time follows it.
	Startup time.Duration
	// Nodes are the names of the nodes, two unless set.
	Nodes []string
	Log   *slog.Logger
}

// Cluster is a practice cluster that serves. Close it.
type Cluster struct {
	startup   time.Duration
	log       *slog.Logger
	url       string
	page      string
	authority []byte // PEM of the certificate
	mux       http.Handler
	done      chan struct{} // closed when it closes
	quit      context.CancelFunc

	mu       sync.Mutex
	closed   bool
	seeding  bool // what was there from the start is made ready at once
	store    *store
	accounts []Account
	journal  []*Received
	faults   []*trouble
	away     bool
	slow     time.Duration
	due      time.Time // when the controllers have to look again; zero for never

	handlers sync.WaitGroup
	servers  sync.WaitGroup
}

// Start makes a cluster and serves it until the context ends or it is closed.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := newCluster(o)
	if err := c.seed(o); err != nil {
		return nil, err
	}
	c.settleDown(time.Now())
	c.seeding = false
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if err := c.open(ctx, o.Address); err != nil {
		return nil, err
	}
	return c, nil
}

func newCluster(o Options) *Cluster {
	c := &Cluster{startup: o.Startup, log: o.Log, done: make(chan struct{}), store: newStore(), seeding: true}
	if c.startup <= 0 {
		c.startup = 2 * time.Second
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.accounts = append([]Account{{Name: Admin, Rules: everything()}}, o.Accounts...)
	for n := range c.accounts {
		if c.accounts[n].Token == "" {
			c.accounts[n].Token = hex.EncodeToString(random(16))
		}
	}
	c.mux = c.routes()
	return c
}

// seed puts in what is there from the start.
func (c *Cluster) seed(o Options) error {
	if len(o.Nodes) == 0 {
		o.Nodes = []string{"node-a", "node-b"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range o.Nodes {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}
		o.Objects = append(o.Objects, n)
	}
	spaces := []string{"default", "kube-system"}
	for _, one := range o.Objects {
		if ns := one.GetNamespace(); ns != "" && !slices.Contains(spaces, ns) {
			spaces = append(spaces, ns)
		}
	}
	for _, name := range spaces {
		o.Objects = append(o.Objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}})
	}
	for _, one := range o.Objects {
		k, ok := kindOf(one)
		if !ok {
			return fmt.Errorf("the practice cluster keeps no %T", one)
		}
		if _, there := c.store.get(k, one.GetNamespace(), one.GetName()); !there {
			c.born(k, clone(one))
		}
	}
	return nil
}

// born keeps a new object, with what the server gives to every new one.
func (c *Cluster) born(k *kind, o Object) {
	if o.GetUID() == "" {
		o.SetUID(newUID())
	}
	if at := o.GetCreationTimestamp(); at.IsZero() {
		o.SetCreationTimestamp(now())
	}
	fill(o)
	if part(o, "Spec").IsValid() && k != pods && k != nodes && k != namespaces {
		o.SetGeneration(max(1, o.GetGeneration()))
	}
	c.store.put(k, o)
}

func now() metav1.Time { return metav1.NewTime(time.Now().Truncate(time.Second)) }

// Token is the bearer token of an account; "" when there is no such account.
func (c *Cluster) Token(account string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.accounts {
		if a.Name == account {
			return a.Token
		}
	}
	return ""
}

// ServeHTTP answers the API and the page.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	c.handlers.Add(1)
	c.mu.Unlock()
	defer c.handlers.Done()
	c.mux.ServeHTTP(w, r)
}

// shut lets go of everything that is held; more than once is the same as once.
func (c *Cluster) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
	}
}

// Close stops the controllers and the server, and returns when the last request
// has ended.
func (c *Cluster) Close() {
	c.quit()
	c.servers.Wait()
	c.handlers.Wait()
}
