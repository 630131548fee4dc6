package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// tokens are the shapes of credentials that no other value has. They are looked
// for in every place of the file, so they must not match names, hosts or queries.
var tokens = regexp.MustCompile(strings.Join([]string{
	`\bxox[a-z](\.xox[a-z])?-[A-Za-z0-9-]{4,}`, `\bxapp-[A-Za-z0-9-]{4,}`, `\bxwfp-[A-Za-z0-9-]{4,}`,
	`\b(api|sdk|mob|rel)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`,
	`\b[srp]k_(live|test)_[A-Za-z0-9]{4,}`, `\bsk_[A-Za-z0-9_]{16,}`, `\bsk-[A-Za-z0-9_-]{20,}`, `\bwhsec_[A-Za-z0-9+/=]{8,}`,
	`\bgh[pousr]_[A-Za-z0-9]{8,}`, `\bgithub_pat_[A-Za-z0-9_]{8,}`, `\bglpat-[A-Za-z0-9_-]{8,}`,
	`\bhc[abx][il]k_[A-Za-z0-9]{8,}`, `\bnpm_[A-Za-z0-9]{20,}`, `\bglsa_[A-Za-z0-9_]{16,}`, `\bhvs\.[A-Za-z0-9_-]{16,}`,
	`\b(AKIA|ASIA)[0-9A-Z]{16}\b`, `\bAIza[0-9A-Za-z_-]{30,}`,
	`-----BEGIN [A-Z0-9 ]*PRIVATE KEY`,
	`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`,
	`\b[MNO][A-Za-z0-9_-]{22,30}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}`,
	`/services/T[0-9A-Z]{6,}/B[0-9A-Z]{6,}/[A-Za-z0-9]{16,}`, `/api/webhooks/[0-9]{15,}/[A-Za-z0-9_-]{30,}`,
	`\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*:[^\s/?#@]+@`, // a password in an address
}, "|"))

func looksLikeToken(text string) bool { return tokens.MatchString(text) }

// looksRandom is a guess that only changes the wording for a field that takes no
// literal anyway.
func looksRandom(text string) bool {
	if len(text) < 16 || strings.ContainsFunc(text, unicode.IsSpace) {
		return false
	}
	return strings.ContainsFunc(text, unicode.IsDigit) && strings.ContainsFunc(text, unicode.IsLetter)
}

// LintSecrets refuses values and keys anywhere in the file that look like a
// credential, in sections that nobody decodes too. It never repeats them.
func (f *File) LintSecrets() error {
	var found mistakes
	seen := map[*node]bool{}
	f.root.walk("", seen, func(path, text string, line, col int) {
		if !looksLikeToken(text) {
			return
		}
		where := "A key"
		if path != "" {
			where = named(path)
		}
		found = append(found, mistake{
			line: line, col: col, hint: secretHint,
			text: fmt.Sprintf("%s holds a literal secret. Secrets do not stand in this file.", where),
		})
	})
	return found.fault(f.name)
}

// walk visits every key and scalar once.
func (n *node) walk(path string, seen map[*node]bool, visit func(path, text string, line, col int)) {
	if seen[n] {
		return
	}
	seen[n] = true
	if n.kind != mapKind && n.kind != listKind {
		visit(path, n.text, n.line, n.col)
	}
	for i, item := range n.items {
		item.walk(fmt.Sprintf("%s[%d]", path, i), seen, visit)
	}
	for _, e := range n.entries {
		visit("", e.key, e.line, e.col)
		e.value.walk(join(path, e.key), seen, visit)
	}
}
