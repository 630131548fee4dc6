package kubernetes

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// patched applies the patch of a call to a value and reads the outcome.
func (one *call) patched(from, into any) error {
	before, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("write %T: %w", from, err)
	}
	kind, _, err := mime.ParseMediaType(one.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	after, err := one.mixed(types.PatchType(kind), before, into)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(after, into); err != nil {
		return cannot(err)
	}
	return nil
}

func (one *call) mixed(kind types.PatchType, before []byte, shape any) ([]byte, error) {
	switch kind {
	case types.JSONPatchType:
		p, err := jsonpatch.DecodePatch(one.body)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		after, err := p.Apply(before)
		if err != nil {
			return nil, cannot(err)
		}
		return after, nil
	case types.MergePatchType:
		after, err := jsonpatch.MergePatch(before, one.body)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return after, nil
	case types.StrategicMergePatchType:
		after, err := strategicpatch.StrategicMergePatch(before, one.body, shape)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return after, nil
	}
	return nil, unsupported(string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType))
}

// cannot is the 422 of a patch that reads well and does not fit, a failed test
// among them. The real server makes it the same way.
func cannot(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}
