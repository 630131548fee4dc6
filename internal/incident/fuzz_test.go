package incident

import (
	"bytes"
	"testing"
)

// FuzzIDs: names of incidents and rows are read back as they were written.
func FuzzIDs(f *testing.F) {
	for _, s := range []string{"", "INC-1", "inc-42", "#7", "42", "INC-0", "INC--1", "INC-99999999999999999999", "INC-1:x", "INC-1:", ":", "INC-\x00", " 3 ", "#INC-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseID(s); err == nil {
			if again, err := ParseID(FormatID(n)); n <= 0 || err != nil || again != n {
				t.Errorf("%q is %d, and that is read as %d, %v", s, n, again, err)
			}
		}
		if n, id, err := ParseWakeRow(s); err == nil {
			if again, idAgain, err := ParseWakeRow(WakeRow(n, id)); err != nil || again != n || idAgain != id {
				t.Errorf("%q is %d %q, and that is read as %d %q, %v", s, n, id, again, idAgain, err)
			}
		}
		_, _ = ParseSeverity(s)
		_, _ = ParseRole(s)
	})
}

// FuzzBody: the body of an entry of any kind is read, or refused, and what was read
// is written in a form that is read as the same.
func FuzzBody(f *testing.F) {
	for kind := range bodies {
		f.Add(kind, []byte(`{}`))
		f.Add(kind, []byte(`[]`))
	}
	f.Add("nonsense", []byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		body, err := DecodeBody(kind, raw)
		if err != nil {
			return
		}
		first, err := EncodeBody(body)
		if err != nil {
			return // a value that JSON cannot write
		}
		again, err := DecodeBody(kind, first)
		if err != nil {
			t.Fatalf("%s: %s cannot be read: %v", kind, first, err)
		}
		if second, err := EncodeBody(again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: %s became %s, %v", kind, first, second, err)
		}
	})
}
