package kubernetes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
)

// protobufMark opens every protobuf body.
var protobufMark = []byte{'k', '8', 's', 0}

const protobufType = "application/vnd.kubernetes.protobuf"

// unmarshal reads the body of a call. The typed clients write protobuf unless told
// otherwise, and the API's own types can read it; answers are JSON all the same.
func (one *call) unmarshal(into any) error {
	kind, _, err := mime.ParseMediaType(one.Header.Get("Content-Type"))
	if err != nil {
		kind = "application/json"
	}
	switch kind {
	case "application/json":
		err = json.Unmarshal(one.body, into)
	case protobufType:
		err = fromProtobuf(one.body, into)
	default:
		return unsupported("application/json", protobufType)
	}
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized: %v", err))
	}
	return nil
}

func fromProtobuf(body []byte, into any) error {
	rest, ok := bytes.CutPrefix(body, protobufMark)
	reader, can := into.(interface{ Unmarshal(raw []byte) error })
	if !ok || !can {
		return wording("the body is not in the protobuf notation of this kind")
	}
	var envelope runtime.Unknown
	if err := envelope.Unmarshal(rest); err != nil {
		return fmt.Errorf("read the envelope: %w", err)
	}
	if err := reader.Unmarshal(envelope.Raw); err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	return nil
}
