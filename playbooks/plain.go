package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mayday/integrations"
	"mayday/internal/incident"
)

// missing reports whether a value is as good as none. An act never runs with one.
func missing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(x) == ""
	case incident.Row:
		return x.ID == ""
	case []incident.Row:
		return len(x) == 0
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	case time.Time:
		return x.IsZero()
	}
	return false
}

// plainText is what a text may be unless its field says otherwise.
var plainText = regexp.MustCompile(`^[A-Za-z0-9_.:@/-]*$`)

const maxText = 200

// badText says why a text may not be given for a field, "" when it may.
func badText(f integrations.Field, s string) string {
	switch {
	case len(f.OneOf) > 0 && !slices.Contains(f.OneOf, s):
		return fmt.Sprintf("is one of %s, not %s", someOf(f.OneOf), quotedText(s))
	case utf8.RuneCountInString(s) > maxText && f.Match == "":
		return fmt.Sprintf("has at most %d characters", maxText)
	case strings.HasPrefix(s, "-") && f.Match == "":
		return "must not begin with a dash"
	case f.Match != "" && !matches(f.Match, s):
		return fmt.Sprintf("does not look right: %s (it must match %s)", quotedText(s), f.Match)
	case f.Match == "" && len(f.OneOf) == 0 && !plainText.MatchString(s):
		return fmt.Sprintf("has only letters, digits and _.:@/-, not %s", quotedText(s))
	}
	return ""
}

// matches tests a whole text. A pattern that does not compile matches nothing.
func matches(pattern, s string) bool {
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	return err == nil && re.MatchString(s)
}

func someOf(words []string) string {
	if len(words) > 8 {
		words = append(slices.Clone(words[:8]), "…")
	}
	return strings.Join(words, ", ")
}
