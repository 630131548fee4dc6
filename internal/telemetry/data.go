package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Data replaces registered secrets in what a program reads again: a body that
// came in, a message, the details of an entry. JSON stays JSON, and keys are
// masked like values. A secret that is an ordinary word (see Wordy) is left where it stands
// as it is: with the password "incident" no alert would be understood any more.
// The same bytes come back when they hold no secret.
func (r *Redactor) Data(raw []byte) []byte {
	f := r.data.Load()
	if f == nil || !f.holds(raw) {
		return raw
	}
	if !json.Valid(raw) {
		return []byte(f.replace(string(raw)))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	var out bytes.Buffer
	if err := f.copyJSON(dec, &out, raw); err != nil {
		return []byte(f.replace(string(raw)))
	}
	return out.Bytes()
}

// DataText is Data for one string.
func (r *Redactor) DataText(text string) string {
	if f := r.data.Load(); f != nil {
		return f.replace(text)
	}
	return text
}

// copyJSON copies token by token and not by decoding into maps, so that the order
// of keys, repeated keys and long numbers stay what they were.
func (f *finder) copyJSON(dec *json.Decoder, out *bytes.Buffer, raw []byte) error {
	from := int64(0)
	for {
		tok, err := dec.Token()
		if tok == nil && err != nil {
			break
		}
		to := dec.InputOffset()
		piece := raw[from:to]
		from = to
		text, isText := tok.(string)
		if !isText {
			out.Write(piece)
			continue
		}
		masked := f.replace(text)
		if masked == text {
			out.Write(piece)
			continue
		}
		quoted, err := json.Marshal(masked)
		if err != nil {
			return err
		}
		out.Write(piece[:bytes.IndexByte(piece, '"')]) // what stood before it: , or : and space
		out.Write(quoted)
	}
	out.Write(raw[from:])
	return nil
}

// Clean is Data for a value that is JSON when it is kept, a message of a chat for
// example. Fields that JSON leaves out stay as they are only when no secret is
// found, which is the case but for accidents.
func Clean[T any](r *Redactor, value T) (T, error) {
	if r.data.Load() == nil {
		return value, nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return value, fmt.Errorf("look for secrets: %w", err)
	}
	clean := r.Data(raw)
	if bytes.Equal(clean, raw) {
		return value, nil
	}
	var out T
	if err := json.Unmarshal(clean, &out); err != nil {
		return out, fmt.Errorf("take out secrets: %w", err)
	}
	return out, nil
}
