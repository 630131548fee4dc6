package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// Binding is what an approval is bound to beside the plans themselves
// (PROMISES rule 9): the step, the pinned playbook and the expiry.
type Binding struct {
	Step         string
	PlaybookHash string
	Expires      time.Time
}

// Digest is SHA-256 in hex over canonical JSON of one plan or of the ordered
// list of plans of an `each`. Two encodings of the same plan give one digest;
// any change of meaning gives another. Words for people (title, from, to,
// details, check texts) are covered as well: what was shown is what was
// approved.
func Digest(b Binding, plans ...Plan) string {
	canonical := struct {
		Step     string `json:"step"`
		Playbook string `json:"playbook"`
		Expires  int64  `json:"expires"` // microseconds
		Plans    []Plan `json:"plans"`
	}{b.Step, b.PlaybookHash, b.Expires.UnixMicro(), plans}
	h := sha256.New()
	h.Write(Canonical(canonical))
	return hex.EncodeToString(h.Sum(nil))
}

// Code is the part of a digest that people compare: eight characters, shown in
// preview, approval and result.
func Code(digest string) string {
	if len(digest) < 8 {
		return digest
	}
	return digest[:8]
}

// Canonical encodes v as JSON whose bytes depend on its meaning only: object
// keys sorted, numbers that are equal written the same, empty maps and lists
// left out as the `omitempty` of the plan does.
func Canonical(v any) []byte {
	first, err := json.Marshal(v)
	if err != nil {
		// Plans hold JSON values only; anything else is a bug that must not
		// collide with a good digest.
		return fmt.Appendf(nil, "unencodable %T: %v", v, err)
	}
	dec := json.NewDecoder(strings.NewReader(string(first)))
	dec.UseNumber()
	var generic any
	if err := dec.Decode(&generic); err != nil {
		return first
	}
	out, err := json.Marshal(plainNumbers(generic))
	if err != nil {
		return first
	}
	return out
}

// plainNumbers writes 1, 1.0 and 1e0 alike, so that a value that went through
// a float on its way does not void an approval.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = plainNumbers(x[k])
		}
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case json.Number:
		if !strings.ContainsAny(x.String(), ".eE") && x != "-0" {
			return x // a whole number keeps every digit, however many
		}
		if f, err := x.Float64(); err == nil {
			if f > -1e15 && f < 1e15 && f == math.Trunc(f) {
				return int64(f)
			}
			return f
		}
	}
	return v
}
