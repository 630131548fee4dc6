package kubernetes

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mayday/integrations"
)

// groupsFor is how long the answer to which operators a cluster has is good for.
const groupsFor = 30 * time.Second

// groups are the API groups of a cluster with the version that it prefers of each.
// Everybody may ask for them, so a narrow role learns from here that there is no
// KEDA: a list of its objects would be forbidden, which says nothing.
func (c *cluster) groups(ctx context.Context) (map[string]string, error) {
	c.mu.Lock()
	known, at := c.served, c.servedAt
	c.mu.Unlock()
	if known != nil && time.Since(at) < groupsFor {
		return known, nil
	}
	raw, err := read(ctx, c, access{verb: "get", resource: "/apis"}, func(ctx context.Context, k *clients) ([]byte, error) {
		return k.core.RESTClient().Get().AbsPath("/apis").DoRaw(ctx)
	})
	if err != nil {
		return nil, err
	}
	var list metav1.APIGroupList
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &integrations.Rejected{Code: "E17", Why: "Cluster " + c.name + " says nothing readable about what it serves.", Err: err}
	}
	known = make(map[string]string, len(list.Groups))
	for _, g := range list.Groups {
		known[g.Name] = g.PreferredVersion.Version
	}
	c.mu.Lock()
	c.served, c.servedAt = known, time.Now()
	c.mu.Unlock()
	return known, nil
}

// has reports whether a cluster serves the group of a resource.
func (c *cluster) has(ctx context.Context, r resource) (bool, error) {
	known, err := c.groups(ctx)
	return known[r.group] != "", err
}

// preferred is a resource in the version that the cluster prefers. What Kubernetes
// itself defines has the version that this build knows.
func (c *cluster) preferred(ctx context.Context, r resource) resource {
	if !strings.Contains(r.group, ".") {
		return r
	}
	if known, err := c.groups(ctx); err == nil && known[r.group] != "" {
		r.version = known[r.group]
	}
	return r
}

// ifAny lists a resource of somebody's operator. Without that operator there is
// none.
func (c *cluster) ifAny(ctx context.Context, r resource, namespace string) ([]unstructured.Unstructured, error) {
	ok, err := c.has(ctx, r)
	if err != nil || !ok {
		return nil, err
	}
	found, err := c.all(ctx, c.preferred(ctx, r), namespace)
	if isNotFound(err) {
		return nil, nil
	}
	return found, err
}
