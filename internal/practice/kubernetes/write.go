package kubernetes

import (
	"fmt"
	"net/http"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// nameless: what is kept does not say its kind.
var nameless = schema.GroupVersionKind{}

// write does what changes something, through the troubles that wait for it.
func (c *Cluster) write(one *call) (int, any, error) {
	if err := one.readDryRun(); err != nil {
		return 0, nil, err
	}
	one.received = c.receive(one)
	if !one.dryRun {
		if err := c.meet(BeforeApply); err != nil {
			return 0, nil, err
		}
	}
	status, value, err := c.apply(one)
	if err != nil || one.dryRun {
		return status, value, err
	}
	return status, value, c.meet(AfterApply)
}

func (one *call) readDryRun() error {
	values := one.URL.Query()["dryRun"]
	if one.what.verb == "delete" || one.what.sub == "eviction" {
		how, err := one.deleteOptions()
		if err != nil {
			return err
		}
		values = slices.Concat(values, how.DryRun)
	}
	for _, v := range values {
		if v != metav1.DryRunAll {
			return apierrors.NewBadRequest(fmt.Sprintf(`invalid dry run: Unsupported value: %q: supported values: "All"`, v))
		}
		one.dryRun = true
	}
	return nil
}

// apply happens under the lock, all of it or nothing.
func (c *Cluster) apply(one *call) (int, any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case one.what.sub == "eviction":
		return c.evict(one)
	case one.what.verb == "create" && one.what.name == "":
		return c.create(one)
	case one.what.verb == "delete" && one.what.sub == "":
		return c.delete(one)
	case one.what.sub == scalePart && (one.what.verb == "update" || one.what.verb == "patch"):
		return c.rescale(one)
	case one.what.verb == "update" || one.what.verb == "patch":
		return c.update(one)
	}
	return 0, nil, apierrors.NewMethodNotSupported(one.kind.groupResource(), one.what.verb)
}

// keep stores unless it is a rehearsal.
func (c *Cluster) keep(one *call, o Object) {
	if one.dryRun {
		return
	}
	c.store.put(one.kind, o)
	one.received.Applied = true
}

func (c *Cluster) create(one *call) (int, any, error) {
	o := one.kind.empty()
	if err := one.decode(o); err != nil {
		return 0, nil, err
	}
	if o.GetNamespace() != "" && o.GetNamespace() != one.place() {
		return 0, nil, apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	o.SetNamespace(one.place())
	if o.GetName() == "" && o.GetGenerateName() != "" {
		o.SetName(o.GetGenerateName() + suffix())
	}
	if _, there := c.store.get(one.kind, one.place(), o.GetName()); there {
		return 0, nil, apierrors.NewAlreadyExists(one.kind.groupResource(), o.GetName())
	}
	if _, ok := c.store.get(namespaces, "", one.place()); one.place() != "" && !ok {
		return 0, nil, apierrors.NewNotFound(namespaces.groupResource(), one.place())
	}
	if o.GetResourceVersion() != "" {
		return 0, nil, apierrors.NewBadRequest("resourceVersion should not be set on objects to be created")
	}
	o.SetUID("")
	o.SetCreationTimestamp(metav1.Time{})
	o.SetGeneration(0)
	o.GetObjectKind().SetGroupVersionKind(nameless)
	keepPart(one.kind.empty(), o, "Status")
	fill(o)
	if err := check(one.kind, nil, o); err != nil {
		return 0, nil, err
	}
	sign(one, nil, o)
	if one.dryRun {
		o.SetUID(newUID())
		o.SetCreationTimestamp(now())
		return http.StatusCreated, labelled(one.kind, o), nil
	}
	c.born(one.kind, o)
	one.received.Applied, one.received.Name = true, o.GetName()
	return http.StatusCreated, labelled(one.kind, o), nil
}

// update is a PUT or a PATCH of an object or of its status.
func (c *Cluster) update(one *call) (int, any, error) {
	old, err := c.named(one)
	if err != nil {
		return 0, nil, err
	}
	o := one.kind.empty()
	if one.what.verb == "patch" {
		err = one.patched(labelled(one.kind, old), o)
	} else {
		err = one.decode(o)
	}
	if err != nil {
		return 0, nil, err
	}
	o.GetObjectKind().SetGroupVersionKind(nameless)
	if err := sameThing(one, old, o); err != nil {
		return 0, nil, err
	}
	settle(one, old, o)
	if err := check(one.kind, old, o); err != nil {
		return 0, nil, err
	}
	if apiequality.Semantic.DeepEqual(old, o) {
		return http.StatusOK, labelled(one.kind, old), nil
	}
	sign(one, old, o)
	c.keep(one, o)
	return http.StatusOK, labelled(one.kind, o), nil
}

// sameThing refuses a change that was made for another version, another object
// of the same name, or another name.
func sameThing(one *call, old, o Object) error {
	switch {
	case o.GetName() != one.what.name:
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", o.GetName(), one.what.name))
	case o.GetNamespace() != one.place() && o.GetNamespace() != "":
		return apierrors.NewBadRequest(fmt.Sprintf("the namespace of the object (%s) does not match the namespace on the request (%s)", o.GetNamespace(), one.place()))
	case o.GetUID() != "" && o.GetUID() != old.GetUID():
		return apierrors.NewConflict(one.kind.groupResource(), one.what.name, wording(fmt.Sprintf("Precondition failed: UID in precondition: %v, UID in object meta: %v", o.GetUID(), old.GetUID())))
	case o.GetResourceVersion() != "" && o.GetResourceVersion() != old.GetResourceVersion():
		return apierrors.NewConflict(one.kind.groupResource(), one.what.name, wording("the object has been modified; please apply your changes to the latest version and try again"))
	}
	return nil
}

// settle puts back what a change cannot change, and counts the generation: it
// moves when what is wished moves, not with labels, annotations or status.
func settle(one *call, old, o Object) {
	o.SetNamespace(old.GetNamespace())
	o.SetUID(old.GetUID())
	o.SetCreationTimestamp(old.GetCreationTimestamp())
	o.SetDeletionTimestamp(old.GetDeletionTimestamp())
	o.SetGeneration(old.GetGeneration())
	o.SetResourceVersion(old.GetResourceVersion())
	o.SetManagedFields(old.GetManagedFields())
	if one.what.sub == statusPart {
		keepPart(old, o, "Spec")
		o.SetLabels(old.GetLabels())
		o.SetAnnotations(old.GetAnnotations())
		o.SetOwnerReferences(old.GetOwnerReferences())
		return
	}
	keepPart(old, o, "Status")
	fill(o)
	spec := part(o, "Spec")
	if spec.IsValid() && old.GetGeneration() > 0 && !apiequality.Semantic.DeepEqual(part(old, "Spec").Interface(), spec.Interface()) {
		o.SetGeneration(old.GetGeneration() + 1)
	}
}

// decode reads the body as an object of the call's kind.
func (one *call) decode(into Object) error {
	if err := one.unmarshal(into); err != nil {
		return err
	}
	said := into.GetObjectKind().GroupVersionKind()
	if said.Kind != "" && said != one.kind.groupVersion().WithKind(one.kind.kind) {
		return apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", said.GroupVersion(), one.kind.groupVersion()))
	}
	return nil
}
