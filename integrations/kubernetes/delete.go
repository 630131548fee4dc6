package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// deletePod deletes one pod, if it is still the one with this uid.
func (c *cluster) deletePod(ctx context.Context, namespace, name, uid string) error {
	id := types.UID(uid)
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"},
		Preconditions: &metav1.Preconditions{UID: &id},
	})
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	_, err = c.change(ctx, change{access: access{verb: "delete", resource: "pods", namespace: namespace, name: name}, body: body})
	return err
}

// heedWithin is how long the controller is waited for before broken pods are
// deleted: one that has not seen the new template yet would make them anew from
// the old one.
const heedWithin = 5 * time.Second

// heeded waits until the controller has seen the generation of a patch, or for a
// while.
func (w workload) heeded(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, heedWithin)
	defer cancel()
	for {
		now, err := w.inspect(ctx)
		if err != nil || now.progress.observed >= w.meta.Generation || !wait(ctx, tryPause) {
			return
		}
	}
}
