package kubernetes

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

func (c *Cluster) read(one *call) (int, any, error) {
	if one.what.sub == "log" {
		return c.logs(one)
	}
	if one.what.verb == "get" {
		c.mu.Lock()
		defer c.mu.Unlock()
		o, err := c.named(one)
		if err != nil {
			return 0, nil, err
		}
		if one.what.sub == scalePart {
			return http.StatusOK, scaleOf(o), nil
		}
		return http.StatusOK, labelled(one.kind, o), nil
	}
	pick, err := pickerOf(one.kind, one.what.name, one.URL.Query())
	if err != nil {
		return 0, nil, err
	}
	if one.what.verb == "watch" {
		return c.watch(one, pick)
	}
	return c.list(one, pick)
}

// place is the namespace that a kind is kept under.
func (one *call) place() string {
	if one.kind.namespaced {
		return one.what.namespace
	}
	return ""
}

// named is the object of a call, under mu.
func (c *Cluster) named(one *call) (Object, error) {
	o, ok := c.store.get(one.kind, one.place(), one.what.name)
	if !ok {
		return nil, apierrors.NewNotFound(one.kind.groupResource(), one.what.name)
	}
	return o, nil
}

// labelled is a copy that says what it is, which what is kept does not.
func labelled(k *kind, o Object) Object {
	out := clone(o)
	out.GetObjectKind().SetGroupVersionKind(k.groupVersion().WithKind(k.kind))
	return out
}

// picker says which objects a reader asked for.
type picker func(Object) bool

func pickerOf(k *kind, name string, q url.Values) (picker, error) {
	byLabel, err := labels.Parse(q.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(q.Get("fieldSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	for _, r := range byField.Requirements() {
		if _, ok := fieldsOf(k.empty())[r.Field]; !ok {
			return nil, apierrors.NewBadRequest(`field label not supported: ` + r.Field)
		}
	}
	return func(o Object) bool {
		return (name == "" || o.GetName() == name) && byLabel.Matches(labels.Set(o.GetLabels())) && byField.Matches(fieldsOf(o))
	}, nil
}

// fieldsOf are the fields that can be selected by, for each kind its own.
func fieldsOf(o Object) fields.Set {
	set := fields.Set{"metadata.name": o.GetName(), "metadata.namespace": o.GetNamespace()}
	switch o := o.(type) {
	case *corev1.Event:
		about := o.InvolvedObject
		set["involvedObject.kind"], set["involvedObject.namespace"], set["involvedObject.name"] = about.Kind, about.Namespace, about.Name
		set["involvedObject.uid"], set["involvedObject.apiVersion"] = string(about.UID), about.APIVersion
		set["involvedObject.resourceVersion"], set["involvedObject.fieldPath"] = about.ResourceVersion, about.FieldPath
		set["reason"], set["type"], set["source"], set["reportingComponent"] = o.Reason, o.Type, o.Source.Component, o.ReportingController
	case *corev1.Pod:
		set["spec.nodeName"], set["spec.restartPolicy"], set["spec.schedulerName"] = o.Spec.NodeName, string(o.Spec.RestartPolicy), o.Spec.SchedulerName
		set["status.phase"], set["status.podIP"], set["spec.serviceAccountName"] = string(o.Status.Phase), o.Status.PodIP, o.Spec.ServiceAccountName
	case *corev1.Node:
		set["spec.unschedulable"] = strconv.FormatBool(o.Spec.Unschedulable)
	case *appsv1.ReplicaSet:
		set["status.replicas"] = strconv.Itoa(int(o.Status.Replicas))
	}
	return set
}

type listOf struct {
	metav1.TypeMeta
	metav1.ListMeta `json:"metadata"`
	Items           []Object `json:"items"`
}

func (c *Cluster) list(one *call, pick picker) (int, any, error) {
	q := one.URL.Query()
	from, err := continued(q.Get("continue"))
	if err != nil {
		return 0, nil, err
	}
	limit, _ := strconv.Atoi(q.Get("limit")) // no number is no limit
	c.mu.Lock()
	defer c.mu.Unlock()
	out := listOf{TypeMeta: metav1.TypeMeta{Kind: one.kind.kind + "List", APIVersion: one.kind.groupVersion().String()}, Items: []Object{}}
	out.ResourceVersion = strconv.FormatInt(c.store.version, 10)
	for _, o := range c.store.list(one.kind, one.place()) {
		at := o.GetNamespace() + "/" + o.GetName()
		if at <= from || !pick(o) {
			continue
		}
		if limit > 0 && len(out.Items) == limit {
			last := out.Items[limit-1]
			out.Continue = base64.RawURLEncoding.EncodeToString([]byte(last.GetNamespace() + "/" + last.GetName()))
			break
		}
		out.Items = append(out.Items, o)
	}
	return http.StatusOK, out, nil
}

func continued(token string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", apierrors.NewBadRequest("continue key is not valid: " + err.Error())
	}
	return string(raw), nil
}
