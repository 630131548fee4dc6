package playbooks

import (
	"regexp"
	"slices"

	"mayday/integrations"
)

// secretShapes are the forms in which secrets are handed out. A playbook names a
// secret of the configuration and never holds one.
var secretShapes = []*regexp.Regexp{
	regexp.MustCompile(`\bxox[a-z]-[A-Za-z0-9-]{8,}`),
	regexp.MustCompile(`\bxapp-[A-Za-z0-9-]{8,}`),
	regexp.MustCompile(`\b(?:ghp|gho|ghs|ghu|glpat|github_pat)[_-][A-Za-z0-9_-]{16,}`),
	regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`),
	regexp.MustCompile(`\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}`),
	regexp.MustCompile(`\b(?:api|sdk|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-`),
	regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.`),
	regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	regexp.MustCompile(`://[^/\s:@]+:[^/\s@$]+@`),
	regexp.MustCompile(`(?i)\b(?:password|passwd|secret|token|api_?key)\s*[=:]\s*[^\s$<{][^\s]{5,}`),
	regexp.MustCompile(`(?i)\bbearer\s+[A-Za-z0-9._~+/-]{16,}`),
	regexp.MustCompile(`\b[0-9a-f]{40,}\b`),
}

func looksSecret(s string) bool {
	return slices.ContainsFunc(secretShapes, func(re *regexp.Regexp) bool { return re.MatchString(s) })
}

// hostShapes are addresses. A playbook names a connection, whose address and
// rights stand in the configuration.
var hostShapes = []*regexp.Regexp{
	regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`),
	regexp.MustCompile(`^localhost(?::\d+)?$`),
	regexp.MustCompile(`^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+:\d{1,5}$`),
	regexp.MustCompile(`^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|net|org|io|dev|app|cloud|internal|local|svc)$`),
	regexp.MustCompile(`^\[[0-9a-fA-F:]+\](?::\d+)?$`),
}

var bareAddress = regexp.MustCompile(`^\d{1,3}(?:\.\d{1,3}){3}$`)

func looksHost(s string, f integrations.Field) bool {
	if slices.ContainsFunc(hostShapes, func(re *regexp.Regexp) bool { return re.MatchString(s) }) {
		return true
	}
	return f.Match == "" && bareAddress.MatchString(s)
}

func (l *lint) noSecret(n *node) {
	if looksSecret(n.text) {
		l.fail(n.place, "this looks like a secret", "Put it into the configuration and name it here")
	}
}
