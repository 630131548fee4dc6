package discord

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"mayday/bot/chat"
)

// always are the characters that mean something anywhere in a line: a backslash
// before punctuation makes it plain.
const always = "\\*_~`|[]<@"

// escape makes words inert: nothing in them formats, links or calls somebody.
// atStart says that only spaces stand before them in their line, where a few more
// characters begin a heading, a quote or a list.
func escape(s string, atStart bool) string {
	s = chat.Clean(s)
	var b strings.Builder
	b.Grow(len(s) + 8)
	begun := !atStart
	for i, r := range s {
		switch {
		case strings.ContainsRune(always, r),
			!begun && strings.ContainsRune("#>-+", r),
			r == ':' && strings.HasPrefix(s[i:], "://"),
			atStart && (r == '.' || r == ')') && numbered(s[:i]):
			b.WriteByte('\\')
		}
		begun = begun || r != ' '
		b.WriteRune(r)
	}
	return b.String()
}

// numbered reports whether a line begins like the item of a numbered list.
func numbered(before string) bool {
	before = strings.TrimLeft(before, " ")
	return before != "" && strings.Trim(before, "0123456789") == ""
}

// code shows words to be copied. Inside of backticks nothing is special but the
// backticks themselves.
func code(s string, atStart bool) string {
	s = chat.Clean(s)
	switch {
	case strings.TrimSpace(s) == "":
		return s
	case !strings.Contains(s, "`"):
		return "`" + s + "`"
	case !strings.Contains(s, "``") && !strings.HasPrefix(s, "`") && !strings.HasSuffix(s, "`"):
		return "``" + s + "``"
	}
	return escape(s, atStart)
}

// link is a masked link. The brackets around the address keep previews away.
func link(text, address string, atStart bool) string {
	safe, ok := safeURL(address)
	if !ok || strings.TrimSpace(text) == "" {
		return escape(text, atStart)
	}
	return "[" + escape(text, false) + "](<" + safe + ">)"
}

// maxURL is the longest address that Discord takes on a button; links keep to it
// as well, so that an address cannot fill a message.
const maxURL = 512

// safeURL answers an address that cannot end its own brackets.
func safeURL(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return "", false
	}
	var b strings.Builder
	for _, r := range u.String() {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return "", false
		case strings.ContainsRune("<>()\\`\"", r):
			fmt.Fprintf(&b, "%%%02X", r)
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > maxURL {
		return "", false
	}
	return b.String(), true
}

// size is how Discord counts characters, on the safe side: what takes two units
// in UTF-16 counts as two.
func size(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// clip cuts to n as size counts.
func clip(s string, n int) string {
	if size(s) <= n {
		return s
	}
	var b strings.Builder
	left := n - 1
	for _, r := range s {
		left -= size(string(r))
		if left < 0 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}
