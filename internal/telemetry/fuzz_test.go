package telemetry_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"mayday/internal/telemetry"
)

// FuzzRedactor: JSON stays JSON, no secret stays, and what holds none stays as it
// is.
func FuzzRedactor(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":"s3cret-Pass-word"}`, `"czNjcmV0LVBhc3Mtd29yZA=="`, `["s3cret-Pass-word",{"s3cret-Pass-word":1}]`, `s3cret-Pass-words3cret-Pass-word`, `{"a":"\u0073"}`, "[1,2", `"\ud800"`, `{"a":1,"a":2}`, "  null "} {
		f.Add([]byte(s))
	}
	var r telemetry.Redactor
	r.Add("s3cret-Pass-word")
	f.Fuzz(func(t *testing.T, raw []byte) {
		clean := r.Data(raw)
		if json.Valid(raw) && !json.Valid(clean) {
			t.Errorf("%q became %q, which is no JSON", raw, clean)
		}
		if bytes.Contains(clean, []byte("s3cret-Pass-word")) {
			t.Errorf("%q became %q", raw, clean)
		}
		if text := string(raw); !strings.Contains(text, "s3cret") && !strings.Contains(strings.ToLower(text), "czNj") && r.Mask(text) == text && !bytes.Equal(clean, raw) {
			t.Errorf("%q has no secret and became %q", raw, clean)
		}
	})
}
