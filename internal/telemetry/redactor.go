package telemetry

import (
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
	// wordy is up to which length a value of small letters alone may be an
	// ordinary word, "postgres" or "checkout": see Data.
	wordy = 16
)

var (
	// dsnPassword finds the password in a connection string of the form key=value.
	dsnPassword = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)
	ordinary    = regexp.MustCompile(`^[a-z]+([-_.][a-z]+)*$`)
)

// Redactor replaces registered secrets by [redacted]. The zero Redactor is ready
// and masks nothing; it is safe for concurrent use.
type Redactor struct {
	mu     sync.Mutex
	known  map[string]bool
	forms  []string
	strong []string // forms of values that are no ordinary words
	words  atomic.Pointer[finder]
	data   atomic.Pointer[finder]
}

// Add registers a value: as it is, in base64 (standard and URL alphabet, with and
// without padding), URL-escaped, in hex and as JSON writes it. Of a connection
// string the password is registered as well, since drivers repeat it alone.
// Values shorter than 6 characters are ignored. It fits config.File.OnReveal.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	added := false
	for _, value := range slices.Concat([]string{secret}, passwordsIn(secret), linesOf(secret)) {
		added = r.add(value) || added
	}
	if added {
		r.words.Store(newFinder(r.forms))
		r.data.Store(newFinder(r.strong))
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
	forms := encodings(value)
	r.forms = append(r.forms, forms...)
	if Wordy(value) {
		// As it is it may be anything; encoded it is the secret.
		forms = slices.DeleteFunc(slices.Clone(forms), func(f string) bool { return f == value })
	}
	r.strong = append(r.strong, forms...)
	return true
}

// Wordy reports whether a secret looks like an ordinary word or name, which
// masks cannot tell from one.
func Wordy(secret string) bool { return len(secret) <= wordy && ordinary.MatchString(secret) }

// Mask replaces every registered secret in words for people.
func (r *Redactor) Mask(text string) string {
	if f := r.words.Load(); f != nil {
		return f.replace(text)
	}
	return text
}

func passwordsIn(secret string) []string {
	var found []string
	if u, err := url.Parse(secret); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok {
			found = append(found, p)
		}
	}
	found = append(found, partsOf(secret)...)
	if m := dsnPassword.FindStringSubmatch(secret); m != nil {
		found = append(found, strings.Trim(m[1], "'"))
	}
	return found
}

// partsOf are the parts of a web address that make it a secret: long pieces of its
// path, and values of its query.
func partsOf(secret string) []string {
	u, err := url.Parse(secret)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil
	}
	var found []string
	for piece := range strings.SplitSeq(u.EscapedPath(), "/") {
		if text, err := url.PathUnescape(piece); err == nil && len(text) > wordy {
			found = append(found, text)
		}
	}
	for _, values := range u.Query() {
		found = append(found, values...)
	}
	return slices.DeleteFunc(found, Wordy)
}

// linesOf are the lines of a key in PEM or the like; nothing for other secrets.
func linesOf(secret string) []string {
	if !strings.Contains(secret, "\n") {
		return nil
	}
	return slices.DeleteFunc(strings.Split(secret, "\n"), func(line string) bool {
		return len(line) <= wordy || strings.HasPrefix(line, "-----")
	})
}
