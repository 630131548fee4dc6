package prometheus

import (
	"strconv"
	"strings"
	"unicode"
)

// oneLine makes text from outside harmless: control and invisible characters
// go, white space becomes one space.
func oneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.C, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}

// clip shortens to at most n characters.
func clip(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return strings.TrimRight(string(runes[:n-1]), " ") + "…"
}

// figure writes a value with four figures, as people read it.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
