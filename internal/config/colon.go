package config

import "strings"

// In YAML a colon ends a key only before a space, a line end or a bracket. The
// scanner of the parser forgets that inside of {}: it splits [env:A] and refuses
// [x:@y] there. So colons that cannot end a key pass through it as a character of
// the private use area, which keeps every column as it is.
const hiddenColon = '\ue03a'

// hideColons leaves the colon after a quote alone: {"a":1} is a key in JSON style.
func hideColons(src string) string {
	runes := []rune(src)
	for i, r := range runes {
		if r != ':' || i+1 == len(runes) || strings.ContainsRune(" \t\r\n,[]{}", runes[i+1]) {
			continue
		}
		if i > 0 && (runes[i-1] == '"' || runes[i-1] == '\'') {
			continue
		}
		runes[i] = hiddenColon
	}
	return string(runes)
}

func showColons(text string) string {
	return strings.ReplaceAll(text, string(hiddenColon), ":")
}
