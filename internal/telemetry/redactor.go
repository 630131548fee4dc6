package telemetry

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	redacted = "[redacted]"
	// shortest is the least length of a value that is masked: shorter ones stand in
	// ordinary words, and masking those would tell the secret by its gaps.
	shortest = 6
)

// dsnPassword finds the password in a connection string of the form key=value.
var dsnPassword = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// Redactor replaces registered secrets by [redacted]. The zero Redactor is ready
// and masks nothing; it is safe for concurrent use.
type Redactor struct {
	mu    sync.Mutex
	known map[string]bool
	forms []string
	mask  atomic.Pointer[strings.Replacer]
}

// Add registers a value: as it is, in base64 (standard and URL alphabet, with and
// without padding), URL-escaped, in hex and as JSON writes it. Of a connection
// string the password is registered as well, since drivers repeat it alone.
// Values shorter than 6 characters are ignored. It fits config.File.OnReveal.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	added := false
	for _, value := range append([]string{secret}, passwordsIn(secret)...) {
		added = r.add(value) || added
	}
	if added {
		r.mask.Store(replacer(r.forms))
	}
}

func (r *Redactor) add(value string) bool {
	if len(value) < shortest || r.known[value] || strings.Contains(redacted, value) {
		return false
	}
	if r.known == nil {
		r.known = make(map[string]bool)
	}
	r.known[value] = true
	r.forms = append(r.forms, encodings(value)...)
	return true
}

// Mask replaces every registered secret in text.
func (r *Redactor) Mask(text string) string {
	if m := r.mask.Load(); m != nil {
		return m.Replace(text)
	}
	return text
}

// replacer tries longer forms first, so that no rest of a longer one remains when
// a shorter one is its start.
func replacer(forms []string) *strings.Replacer {
	sorted := slices.Clone(forms)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	pairs := make([]string, 0, 2*len(sorted))
	for _, f := range sorted {
		pairs = append(pairs, f, redacted)
	}
	return strings.NewReplacer(pairs...)
}

func passwordsIn(secret string) []string {
	var found []string
	if u, err := url.Parse(secret); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok {
			found = append(found, p)
		}
	}
	if m := dsnPassword.FindStringSubmatch(secret); m != nil {
		found = append(found, strings.Trim(m[1], "'"))
	}
	return found
}
