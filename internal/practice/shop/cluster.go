package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const namespace = "prod"

// podList is as much of the cluster's answer as the shop looks at.
type podList struct {
	Items []struct {
		Metadata struct {
			Labels            map[string]string
			DeletionTimestamp *time.Time
		}
		Spec struct {
			Containers []struct{ Image string }
		}
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
}

// look finds the pods that serve now.
func (s *Shop) look(ctx context.Context) ([]pod, error) {
	var list podList
	if err := s.call(ctx, http.MethodGet, "/api/v1/namespaces/"+namespace+"/pods", s.o.Token, "", nil, &list); err != nil {
		return nil, fmt.Errorf("look at the pods: %w", err)
	}
	var out []pod
	for _, p := range list.Items {
		serves := false
		for _, c := range p.Status.Conditions {
			serves = serves || c.Type == "Ready" && c.Status == "True"
		}
		if serves && p.Metadata.DeletionTimestamp == nil && len(p.Spec.Containers) > 0 {
			out = append(out, pod{app: p.Metadata.Labels["app"], image: p.Spec.Containers[0].Image})
		}
	}
	return out, nil
}

// DeployBadVersion is what the pipeline does at the worst moment: it deploys the
// second version of the cart, with its change cause.
func (s *Shop) DeployBadVersion(ctx context.Context) error {
	return s.deploy(ctx, "checkout", "cart", BadCart, "cart v2")
}

// JamQueue deploys an importer that puts every job back. Its queue grows until it
// is rolled back, and drains after.
func (s *Shop) JamQueue(ctx context.Context) error {
	return s.deploy(ctx, "importer", "importer", BadImporter, "importer: check the totals")
}

// deploy is `kubectl set image` of a pipeline, whose field manager is "ci".
func (s *Shop) deploy(ctx context.Context, deployment, container, image, cause string) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{
			"kubernetes.io/change-cause": cause, "shop.example/deployed-by": "ci", "shop.example/commit": "7f3c2ab",
		}},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []map[string]string{{"name": container, "image": image}},
		}}},
	})
	if err != nil {
		return fmt.Errorf("write the deploy: %w", err)
	}
	path := "/apis/apps/v1/namespaces/" + namespace + "/deployments/" + deployment + "?fieldManager=ci"
	if err := s.call(ctx, http.MethodPatch, path, s.o.PipelineToken, "application/strategic-merge-patch+json", body, nil); err != nil {
		return fmt.Errorf("deploy %s: %w", image, err)
	}
	return nil
}

func (s *Shop) call(ctx context.Context, method, path, token, kind string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.o.Cluster+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	res, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("ask the cluster: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the cluster answers %d: %s", res.StatusCode, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("understand the answer: %w", err)
	}
	return nil
}
