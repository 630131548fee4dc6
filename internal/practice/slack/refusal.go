package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// refusal is an answer with ok:false. The status is 200 unless set.
type refusal struct {
	name     string
	messages []string // response_metadata.messages
	extra    object
	status   int
	after    int // seconds; Retry-After
}

func (r *refusal) Error() string { return strings.Join(append([]string{r.name}, r.messages...), ": ") }

func refuse(name string, messages ...string) *refusal {
	return &refusal{name: name, messages: messages}
}

func limited(seconds int) *refusal { return &refusal{name: "ratelimited", status: 429, after: seconds} }

func (r *refusal) body() object {
	out := object{"ok": false, "error": r.name}
	for k, v := range r.extra {
		out[k] = v
	}
	if len(r.messages) > 0 {
		out["response_metadata"] = object{"messages": r.messages}
		var bare []string
		for _, m := range r.messages {
			bare = append(bare, strings.TrimPrefix(m, "[ERROR] "))
		}
		if r.name == "invalid_blocks" {
			out["errors"] = bare
		}
	}
	return out
}

func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	return refuse("internal_error")
}

// encode writes what was made here, which always can be.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
