package config

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

const redacted = "[redacted]"

const secretHint = "Put the value into an environment variable and write env:NAME, or into a file and write file:/path."

var (
	envName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	filePath = regexp.MustCompile(`^(/|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Za-z_])`)
)

// Secret is a reference to a value that must not be seen. It can be copied; the
// copies share what was read. The zero Secret is "not set".
type Secret struct {
	// A pointer, so that printing a struct that holds a Secret in an unexported
	// field, where fmt does not call methods, shows an address and no value.
	src *source
}

// NewSecret makes a secret from its value, for tests and for the demo, whose
// secrets are made up at start. Configuration never comes this way.
func NewSecret(literal string) Secret {
	return Secret{src: &source{ref: "literal", read: func() (string, error) { return literal, nil }}}
}

// IsZero reports whether the secret is not set.
func (s Secret) IsZero() bool { return s.src == nil }

// Ref is the reference, "env:PD_SECRET", for messages.
func (s Secret) Ref() string {
	if s.src == nil {
		return ""
	}
	return s.src.ref
}

// String hides the value.
func (s Secret) String() string { return redacted }

// GoString hides the value.
func (s Secret) GoString() string { return redacted }

// Format hides the value from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON hides the value.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML hides the value.
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// UnmarshalConfig takes a reference. What is no reference is never repeated in the
// error, since it may be the secret itself.
func (s *Secret) UnmarshalConfig(sec Section) error {
	if sec.node == nil {
		return sec.misplaced()
	}
	if sec.node.kind == nullKind {
		return sec.refuse(named(sec.path)+" has no value.", secretHint)
	}
	src, problem := parseReference(sec.node)
	if problem != "" {
		return sec.refuse(named(sec.path)+" "+problem, secretHint)
	}
	src.tell = sec.file.revealed
	sec.file.decoded(src)
	s.src = src
	return nil
}

func (s Section) refuse(text, hint string) error {
	return mistakes{{line: s.at.line, col: s.at.col, text: text, hint: hint}}.fault(s.name())
}

func parseReference(n *node) (*source, string) {
	if n.kind == listKind || n.kind == mapKind {
		return nil, "takes one reference, env:NAME or file:/path."
	}
	text := n.text
	if looksLikeToken(text) {
		return nil, "holds a literal secret. Secrets do not stand in this file."
	}
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if !envName.MatchString(name) {
			return nil, "names no environment variable: a name has letters, digits and _."
		}
		return &source{ref: text, read: func() (string, error) { return readEnv(name) }}, ""
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		if !filePath.MatchString(path) {
			return nil, "needs an absolute path after file:, or one that begins with ${NAME}."
		}
		return &source{ref: text, read: (&fileSource{path: path}).read}, ""
	}
	if looksRandom(text) {
		return nil, "looks like a literal secret. Secrets do not stand in this file."
	}
	return nil, "is a secret and takes only a reference, env:NAME or file:/path."
}
