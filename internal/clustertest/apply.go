package clustertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// Apply creates the objects of a YAML text, or changes them to what it says.
// Those that belong into a namespace and name none go into the test's. A custom
// resource definition is served when Apply returns.
func (s *Space) Apply(text string) {
	s.tb.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			s.tb.Fatalf("read YAML: %v\n%s", err, text)
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := s.apply(object); err != nil {
			s.tb.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

func (s *Space) apply(object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := s.cluster.mapping(kind)
	if err != nil {
		return err
	}
	_, err = s.into(mapping, object).Apply(s.tb.Context(), object.GetName(), object, metav1.ApplyOptions{FieldManager: "clustertest", Force: true})
	if err != nil || kind.Kind != "CustomResourceDefinition" {
		return err
	}
	return s.served(object.GetName())
}

// mapping asks again when a kind is unknown: it may have come with a definition
// since the last time.
func (c *Cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return mapping, err
}

func (s *Space) into(mapping *meta.RESTMapping, object *unstructured.Unstructured) dynamic.ResourceInterface {
	resources := s.cluster.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return resources
	}
	if object.GetNamespace() != "" {
		return resources.Namespace(object.GetNamespace())
	}
	return resources.Namespace(s.Name)
}

// served waits until the definition is established and discovery has its kind.
func (s *Space) served(definition string) error {
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	return s.try(func(ctx context.Context) (bool, error) {
		crd, err := s.cluster.client.Resource(definitions).Get(ctx, definition, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		s.cluster.mapper.Reset()
		_, err = s.cluster.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
		return err == nil, err
	})
}

// Deployment is the YAML of a small one, labelled app: name, to be applied as
// it is or joined with other documents.
func Deployment(name, image string, replicas int) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, labels: {app: %[1]s}}
spec:
  replicas: %[3]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers: [{name: %[1]s, image: "%[2]s"}]
`, name, image, replicas)
}
