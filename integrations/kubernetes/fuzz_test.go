package kubernetes

import (
	"strings"
	"testing"
)

// FuzzReference: what people and playbooks write for a workload never becomes part
// of a path with anything but names in it (P16).
func FuzzReference(f *testing.F) {
	for _, s := range []string{"", "checkout", "shop/checkout", "prod:shop/checkout", "shop/deploy/checkout", "a:b:c", "../secrets", "shop/../x", "prod:", ":x", "a/b/c/d", "shop/Checkout", "-x", "x-", "shop/checkout?x=1", "shop/%2e%2e", "\x00", strings.Repeat("a", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseRef(s)
		if !ok {
			return
		}
		for _, part := range []string{r.namespace, r.name} {
			if strings.ContainsAny(part, "/?#%\\ \x00\n") || strings.Contains(part, "..") && part != "" && !goodObject.MatchString(part) || strings.HasPrefix(part, "-") {
				t.Errorf("%q has the part %q", s, part)
			}
		}
		if r.name == "" {
			t.Errorf("%q has no name", s)
		}
	})
}
