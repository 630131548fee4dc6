package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// access is one right: this verb on this object.
type access struct {
	verb, group, resource, sub, namespace, name string
}

// access is a right on a workload itself.
func (p place) access(verb string) access {
	return access{verb: verb, group: "apps", resource: p.kind.resource, namespace: p.namespace, name: p.name}
}

// change is one request that changes something.
type change struct {
	access
	version string // of the API, "v1" unless set
	as      types.PatchType
	body    []byte
	dry     bool // the server rehearses it: admission runs, nothing is stored
}

// change sends one request that changes something, once. Its errors are those of
// Apply: *Stale and *Rejected prove that nothing was done, any other error means
// that nobody knows. A StatusError of the server is in their chain.
func (c *cluster) change(ctx context.Context, ch change) ([]byte, error) {
	k, err := c.clients()
	if err != nil {
		return nil, c.unreachable(err, 1)
	}
	h, err := httpClient(k.cfg, true)
	if err != nil {
		return nil, c.unreachable(&setupError{"the credentials of its kubeconfig cannot be read", err}, 1)
	}
	client, err := restFor(k.cfg, h, schema.GroupVersion{Group: ch.group, Version: ch.apiVersion()})
	if err != nil {
		return nil, c.unreachable(&setupError{"its address cannot be used", err}, 1)
	}
	var connected atomic.Bool
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req := client.Verb(ch.method()).NamespaceIfScoped(ch.namespace, ch.namespace != "").Resource(ch.resource)
	if ch.verb != "create" || ch.sub != "" {
		req = req.Name(ch.name)
	}
	if ch.sub != "" {
		req = req.SubResource(ch.sub)
	}
	if ch.dry && ch.verb != "delete" {
		req = req.Param("dryRun", metav1.DryRunAll)
	}
	if ch.body != nil {
		req = req.SetHeader("Content-Type", ch.contentType()).Body(ch.body)
	}
	raw, err := rawOf(ctx, req)
	switch {
	case err == nil:
		c.answered()
		return raw, nil
	case !connected.Load():
		return nil, c.unreachable(err, 1)
	}
	return nil, c.verdict(err, ch.access)
}

// rawOf makes a request, once, and answers the bytes of the answer. Error reads the
// words of a refusal out of them, which Raw alone does not.
func rawOf(ctx context.Context, req *rest.Request) ([]byte, error) {
	said := req.MaxRetries(0).Do(ctx)
	if err := said.Error(); err != nil {
		return nil, err
	}
	return said.Raw()
}

func (ch change) apiVersion() string {
	if ch.version == "" {
		return "v1"
	}
	return ch.version
}

func (ch change) method() string {
	return map[string]string{"patch": "PATCH", "update": "PUT", "create": "POST", "delete": "DELETE"}[ch.verb]
}

func (ch change) contentType() string {
	if ch.verb == "patch" {
		return string(ch.as)
	}
	return "application/json"
}

// operation is one line of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// jsonPatch makes the body of a JSON patch.
func jsonPatch(list []operation) ([]byte, error) {
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write the patch: %w", err)
	}
	return raw, nil
}

// escaped is a key as a JSON pointer has it.
func escaped(key string) string {
	out := make([]byte, 0, len(key))
	for i := range len(key) {
		switch key[i] {
		case '~':
			out = append(out, "~0"...)
		case '/':
			out = append(out, "~1"...)
		default:
			out = append(out, key[i])
		}
	}
	return string(out)
}

// stepKey is the annotation by which an act of ours is known again: it is in the
// same patch as the act (PROMISES rule 4).
const stepKey = "mayday.dev/step"

// annotate are the operations that set annotations and leave the others alone.
// An empty value removes the key.
func annotate(has map[string]string, set map[string]string) []operation {
	var out []operation
	if len(has) == 0 {
		out = append(out, operation{Op: "add", Path: "/metadata/annotations", Value: map[string]string{}})
	}
	for _, key := range sortedKeys(set) {
		path := "/metadata/annotations/" + escaped(key)
		_, there := has[key]
		switch {
		case set[key] != "":
			out = append(out, operation{Op: "add", Path: path, Value: set[key]})
		case there:
			out = append(out, operation{Op: "remove", Path: path})
		}
	}
	return out
}

// unmoved is the operation that makes a patch fail when the object is not the one
// that was read.
func unmoved(resourceVersion string) operation {
	return operation{Op: "test", Path: "/metadata/resourceVersion", Value: resourceVersion}
}
