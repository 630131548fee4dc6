package kubernetes

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	authclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
)

func TestConflicts(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 1)
	deployments := s.apps.Deployments("prod")
	old := s.deployment()
	s.patch(types.MergePatchType, `{"metadata":{"labels":{"seen":"yes"}}}`)
	const said = `Operation cannot be fulfilled on deployments.apps "checkout": the object has been modified; please apply your changes to the latest version and try again`
	_, err := deployments.Update(ctx, old, metav1.UpdateOptions{})
	if !apierrors.IsConflict(err) || err.Error() != said {
		t.Errorf("an update of an old version: got %v", err)
	}
	_, err = deployments.Patch(ctx, "checkout", types.MergePatchType, []byte(`{"metadata":{"resourceVersion":"`+old.ResourceVersion+`"}}`), metav1.PatchOptions{})
	if !apierrors.IsConflict(err) || err.Error() != said {
		t.Errorf("a patch of an old version: got %v", err)
	}
	_, err = deployments.Patch(ctx, "checkout", types.JSONPatchType, []byte(`[{"op":"test","path":"/metadata/resourceVersion","value":"`+old.ResourceVersion+`"},{"op":"replace","path":"/spec/replicas","value":9}]`), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) || err.Error() != "the server rejected our request due to an error in our request" {
		t.Errorf("a failed test: got %v", err)
	}
	other := types.UID("another")
	err = deployments.Delete(ctx, "checkout", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "Precondition failed: UID in precondition: another") {
		t.Errorf("a delete of another object: got %v", err)
	}
	if got := s.deployment(); *got.Spec.Replicas != 1 {
		t.Errorf("got %d replicas after refusals, want 1", *got.Spec.Replicas)
	}
}

func TestRefusals(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 1)
	deployments := s.apps.Deployments("prod")
	_, err := deployments.Get(ctx, "nothing", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) || err.Error() != `deployments.apps "nothing" not found` {
		t.Errorf("a get of nothing: got %v", err)
	}
	_, err = deployments.Create(ctx, cart("cart:1", 1), metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) || err.Error() != `deployments.apps "checkout" already exists` {
		t.Errorf("a second create: got %v", err)
	}
	bare := cart("", 1)
	bare.Name = "Bare Cart"
	_, err = deployments.Create(ctx, bare, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.template.spec.containers[0].image: Required value") || !strings.Contains(err.Error(), "metadata.name: Invalid value") {
		t.Errorf("a deployment without image: got %v", err)
	}
	moved := s.deployment()
	moved.Spec.Selector.MatchLabels = map[string]string{"app": "other"}
	moved.Spec.Template.Labels = moved.Spec.Selector.MatchLabels
	if _, err = deployments.Update(ctx, moved, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "field is immutable") {
		t.Errorf("another selector: got %v", err)
	}
	_, err = s.any.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}).Namespace("prod").Get(ctx, "x", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) || err.Error() != "the server could not find the requested resource" {
		t.Errorf("a resource that is not served: got %v", err)
	}
	stranger := rest.CopyConfig(s.config)
	stranger.BearerToken = "wrong"
	if _, err := discovery.NewDiscoveryClientForConfigOrDie(stranger).ServerVersion(); !apierrors.IsUnauthorized(err) {
		t.Errorf("a wrong token: got %v", err)
	}
}

func TestRights(t *testing.T) {
	const name = "system:serviceaccount:mayday:mayday"
	rule := func(group, resource string, names []string, verbs ...string) Rule {
		return Rule{Namespace: "prod", PolicyRule: rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs, ResourceNames: names}}
	}
	s := newStage(t, Options{Objects: []Object{prod()}, Accounts: []Account{{Name: name, Rules: []Rule{rule("apps", "deployments", []string{"checkout"}, "get")}}}})
	s.prodCart("cart:1.9.8", 1)
	mine := s.as(name)
	if _, err := mine.apps.Deployments("prod").Get(ctx, "checkout", metav1.GetOptions{}); err != nil {
		t.Errorf("what is allowed: got %v", err)
	}
	for _, c := range []struct{ ask, want string }{
		{"patch", `deployments.apps "checkout" is forbidden: User "` + name + `" cannot patch resource "deployments" in API group "apps" in the namespace "prod"`},
		{"scale", `deployments.apps "checkout" is forbidden: User "` + name + `" cannot get resource "deployments/scale" in API group "apps" in the namespace "prod"`},
		{"nodes", `nodes is forbidden: User "` + name + `" cannot list resource "nodes" in API group "" at the cluster scope`},
	} {
		if err := mine.try(c.ask); !apierrors.IsForbidden(err) || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.ask, err, c.want)
		}
	}
	reviews := must(authclient.NewForConfig(mine.config))(t)
	allowed := func(verb, resource string) bool {
		r := &authorizationv1.SelfSubjectAccessReview{}
		r.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{Namespace: "prod", Verb: verb, Group: "apps", Resource: resource, Name: "checkout"}
		return must(reviews.SelfSubjectAccessReviews().Create(ctx, r, metav1.CreateOptions{}))(t).Status.Allowed
	}
	if !allowed("get", "deployments") || allowed("patch", "deployments") {
		t.Error("the access review does not say what happens")
	}
	s.Grant(name, rule("apps", "deployments", nil, "get", "patch"))
	if !allowed("patch", "deployments") || mine.try("patch") != nil {
		t.Error("what was granted is not there")
	}
	r := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: "prod"}}
	rules := must(reviews.SelfSubjectRulesReviews().Create(ctx, r, metav1.CreateOptions{}))(t).Status.ResourceRules
	if len(rules) != 2 || rules[1].Verbs[1] != "patch" {
		t.Errorf("got rules %+v", rules)
	}
}

func (s *stage) try(what string) (err error) {
	switch what {
	case "patch":
		_, err = s.apps.Deployments("prod").Patch(ctx, "checkout", types.MergePatchType, []byte(`{"metadata":{"labels":{"x":"y"}}}`), metav1.PatchOptions{})
	case "scale":
		_, err = s.apps.Deployments("prod").GetScale(ctx, "checkout", metav1.GetOptions{})
	case "nodes":
		_, err = s.core.Nodes().List(ctx, metav1.ListOptions{})
	}
	return err
}

// TestARehearsalStoresNothing: every verb with dryRun answers as it would, and the
// object stays as it was. Nor does it run into a trouble that waits for a change.
func TestARehearsalStoresNothing(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 2)
	deployments := s.apps.Deployments("prod")
	all := []string{metav1.DryRunAll}
	before := s.deployment()
	s.Drop(BeforeApply)
	got := must(deployments.Patch(ctx, "checkout", types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"cart","image":"cart:2"}]}}}}`), metav1.PatchOptions{DryRun: all}))(t)
	if got.Spec.Template.Spec.Containers[0].Image != "cart:2" || got.Generation != before.Generation+1 || got.ResourceVersion != before.ResourceVersion {
		t.Errorf("the rehearsed patch answers %s, generation %d", got.Spec.Template.Spec.Containers[0].Image, got.Generation)
	}
	scale := must(deployments.UpdateScale(ctx, "checkout", &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: "prod"}, Spec: autoscalingv1.ScaleSpec{Replicas: 0}}, metav1.UpdateOptions{DryRun: all}))(t)
	if scale.Spec.Replicas != 0 {
		t.Errorf("the rehearsed scale answers %d", scale.Spec.Replicas)
	}
	if err := deployments.Delete(ctx, "checkout", metav1.DeleteOptions{DryRun: all}); err != nil {
		t.Error(err)
	}
	if after := s.deployment(); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("a rehearsal changed %v to %v", before, after)
	}
	for _, r := range s.Journal() {
		if r.DryRun && r.Applied {
			t.Errorf("%s %s is noted as applied", r.Method, r.Path)
		}
	}
	_, err := deployments.Patch(ctx, "checkout", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{DryRun: []string{"Some"}})
	if !apierrors.IsBadRequest(err) {
		t.Errorf("an unknown rehearsal: got %v", err)
	}
}

func TestReadingAndWatching(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 3)
	gvr := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	list := must(s.any.Resource(gvr).Namespace("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=checkout", Limit: 2}))(t)
	if len(list.Items) != 2 || list.GetContinue() == "" || list.Items[0].GetKind() != "Pod" {
		t.Errorf("got %d pods and continue %q, want a page of two", len(list.Items), list.GetContinue())
	}
	rest := must(s.any.Resource(gvr).Namespace("prod").List(ctx, metav1.ListOptions{LabelSelector: "app=checkout", Limit: 2, Continue: list.GetContinue()}))(t)
	if len(rest.Items) != 1 || rest.GetContinue() != "" {
		t.Errorf("got %d pods on the second page, want one", len(rest.Items))
	}
	if n := len(must(s.core.Pods("prod").List(ctx, metav1.ListOptions{LabelSelector: "app notin (checkout)"}))(t).Items); n != 0 {
		t.Errorf("got %d pods of others", n)
	}
	about := must(s.core.Events("prod").List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Deployment,involvedObject.name=checkout"}))(t)
	if len(about.Items) == 0 || about.Items[0].Reason != "ScalingReplicaSet" {
		t.Errorf("got events %+v", about.Items)
	}
	if _, err := s.core.Pods("prod").List(ctx, metav1.ListOptions{FieldSelector: "spec.color=red"}); !apierrors.IsBadRequest(err) {
		t.Errorf("an unknown field: got %v", err)
	}
	w := must(s.apps.Deployments("prod").Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=checkout", ResourceVersion: s.deployment().ResourceVersion}))(t)
	defer w.Stop()
	s.patch(types.MergePatchType, `{"metadata":{"labels":{"seen":"yes"}}}`)
	if d, ok := next(t, w, watch.Modified).(*appsv1.Deployment); !ok || d.Labels["seen"] != "yes" {
		t.Errorf("the watch tells %+v", d)
	}
	if err := s.apps.Deployments("prod").Delete(ctx, "checkout", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	next(t, w, watch.Deleted)
	s.until("the pods went with it", func() bool {
		return len(must(s.core.Pods("prod").List(ctx, metav1.ListOptions{}))(t).Items) == 0
	})
}

// next is the next event of a watch that is of a kind.
func next(t *testing.T, w watch.Interface, want watch.EventType) any {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		select {
		case e, ok := <-w.ResultChan():
			if !ok {
				t.Fatal("the watch ended")
			}
			if e.Type == want {
				return e.Object
			}
		case <-deadline:
			t.Fatalf("no %s came", want)
		}
	}
}

func TestAWatchFromLongAgo(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	gvr := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	m := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "flags"}, "data": map[string]any{"n": "0"}}}
	first := must(s.any.Resource(gvr).Namespace("prod").Create(ctx, m, metav1.CreateOptions{}))(t)
	s.mu.Lock()
	o, _ := s.store.get(configMaps, "prod", "flags")
	for range keptChanges + 1 {
		s.store.put(configMaps, clone(o))
	}
	s.mu.Unlock()
	w := must(s.core.ConfigMaps("prod").Watch(ctx, metav1.ListOptions{ResourceVersion: first.GetResourceVersion()}))(t)
	defer w.Stop()
	if err := apierrors.FromObject(next(t, w, watch.Error).(*metav1.Status)); !apierrors.IsResourceExpired(err) {
		t.Errorf("got %v, want that the version is too old", err)
	}
}

func TestWhatTheServerIs(t *testing.T) {
	s := newStage(t, Options{})
	d := discovery.NewDiscoveryClientForConfigOrDie(s.config)
	_, lists, err := d.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, l := range lists {
		for _, r := range l.APIResources {
			found[l.GroupVersion+" "+r.Name] = true
		}
	}
	for _, want := range []string{"apps/v1 deployments/scale", "v1 pods/eviction", "batch/v1 cronjobs", "autoscaling/v2 horizontalpodautoscalers", "authorization.k8s.io/v1 selfsubjectaccessreviews"} {
		if !found[want] {
			t.Errorf("%s is not served", want)
		}
	}
	if v := must(d.ServerVersion())(t); v.Major != "1" {
		t.Errorf("got version %+v", v)
	}
}
