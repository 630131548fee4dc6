package kubernetes

import "regexp"

// secretWords are in the names of things that are secret.
const secretWords = `passw(?:or)?d|passwd|passphrase|(?:\b|[_.-])pass(?:\b|_)|requirepass|pwd|secret|token|api[_.-]?key|access[_.-]?key|(?:private|encryption|signing|master|session)[_.-]?key|credential|dsn`

// What looks like a secret does not leave a cluster: neither in a log line nor in
// the value of a config map. The rules err on the side of too much.
var secrets = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), "[masked key]"},
	{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@"']*):[^\s/@"']*@`), "$1:[masked]@"},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`), "$1 [masked]"},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)?`), "[masked token]"},
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}`), "[masked token]"},
	{regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}`), "[masked token]"},
	{regexp.MustCompile(`\bxox[abeprs]-[A-Za-z0-9-]{8,}|\bsk_(live|test)_[A-Za-z0-9]{8,}`), "[masked token]"},
	{regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:` + secretWords + `|authorization|cookie)[a-z0-9_.-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&]+)`), "$1[masked]"},
	{regexp.MustCompile(`(?i)((?:^|\s)--?[a-z0-9_.-]*(?:` + secretWords + `)[a-z0-9_.-]*\s+)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&-][^\s"',;&]*)`), "$1[masked]"},
	{regexp.MustCompile(`\b[0-9a-fA-F]{40,}\b|\b[A-Za-z0-9+/]{60,}={0,2}`), "[masked]"},
}

// masked is text without what looks like a secret.
func masked(text string) string {
	for _, s := range secrets {
		text = s.find.ReplaceAllString(text, s.put)
	}
	return text
}

// secretKey is a key whose value is a secret whatever it looks like.
var secretKey = regexp.MustCompile(`(?i)` + secretWords)
