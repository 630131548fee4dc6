package telemetry

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// finder replaces many strings at once. Most text holds none of them, so every
// position is first looked up in a bitmap of the first four bytes: that makes a
// mask cost about as much as copying the text.
type finder struct {
	first [1 << 16 / 64]uint64
	forms map[uint32][]string // by their first four bytes, longest first
}

// newFinder makes a finder; all forms have at least `shortest` bytes.
func newFinder(forms []string) *finder {
	f := &finder{forms: make(map[uint32][]string)}
	for _, form := range forms {
		head := headOf(form)
		f.forms[head] = append(f.forms[head], form)
		bit := fold(head)
		f.first[bit/64] |= 1 << (bit % 64)
	}
	for _, some := range f.forms {
		// Longer forms come first, so that no rest of a longer one remains when a
		// shorter one is its start.
		slices.SortFunc(some, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	}
	return f
}

func headOf(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}

// fold spreads four bytes over the bitmap (a multiplicative hash, Knuth 6.4).
func fold(head uint32) uint32 { return (head * 2654435761) >> 16 }

// replace answers the text without the forms; the very same text when it holds
// none.
func (f *finder) replace(text string) string {
	var out strings.Builder
	kept := 0
	for at := 0; at+4 <= len(text); {
		size := f.at(text[at:])
		if size == 0 {
			at++
			continue
		}
		out.WriteString(text[kept:at])
		out.WriteString(redacted)
		at += size
		kept = at
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// at is the length of the form that the text begins with, 0 when there is none.
func (f *finder) at(text string) int {
	head := headOf(text)
	bit := fold(head)
	if f.first[bit/64]&(1<<(bit%64)) == 0 {
		return 0
	}
	for _, form := range f.forms[head] {
		if n := shown(form, text); n > 0 {
			return n
		}
	}
	return 0
}

// cutLeast is how much of a form must be there for a piece of it to be masked.
const cutLeast = 8

// shown is how much of a form stands at the beginning of a text: all of it, or the
// greater part where whoever wrote the text cut it off there. 0 when it does not.
func shown[T string | []byte](form string, text T) int {
	n := 0
	for n < len(form) && n < len(text) && form[n] == text[n] {
		n++
	}
	rest := string(text[n:min(n+len("…"), len(text))])
	switch {
	case n == len(form):
		return n
	case n >= cutLeast && 2*n >= len(form) && (rest == "…" || rest == "..."):
		return n
	}
	return 0
}

// holds reports whether some of the bytes would be replaced.
func (f *finder) holds(text []byte) bool {
	for at := 0; at+4 <= len(text); at++ {
		head := binary.LittleEndian.Uint32(text[at:])
		bit := fold(head)
		if f.first[bit/64]&(1<<(bit%64)) == 0 {
			continue
		}
		for _, form := range f.forms[head] {
			if shown(form, text[at:]) > 0 {
				return true
			}
		}
	}
	return false
}
