package house

import (
	"os"
	"testing"
)

// rule looks at the whole module and names what breaks it.
type rule struct {
	name  string
	check func(*module) []violation
}

var rules = []rule{
	{"folders", checkFolders},
	{"imports", checkImports},
	{"siblings", checkSiblings},
	{"vendors", checkVendors},
	{"platform names", checkPlatformNames},
	{"pure domain", checkPureDomain},
	{"package doc", checkPackageDocs},
	{"package name", checkPackageNames},
	{"length", checkLength},
	{"interface size", checkInterfaces},
	{"init", checkInit},
	{"exit", checkExit},
	{"sleep", checkSleep},
	{"skip", checkSkip},
	{"linked", checkLinked},
}

func TestTheHouse(t *testing.T) {
	m, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.files) < 10 {
		t.Fatalf("got %d Go files, want the whole module", len(m.files))
	}
	used := map[exception]bool{}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, v := range r.check(m) {
				if e, ok := excepted(exceptions, r.name, v); ok {
					used[e] = true
					continue
				}
				t.Errorf("%s", v)
			}
		})
	}
	t.Run("every exception is needed", func(t *testing.T) {
		for _, e := range exceptions {
			if m.has(e.path) && !used[e] {
				t.Errorf("%s: the exception for %s %q is no longer needed: %s", e.rule, e.path, e.what, e.reason)
			}
		}
	})
}

func TestEveryExceptionHasAReason(t *testing.T) {
	known := map[string]bool{}
	for _, r := range rules {
		known[r.name] = true
	}
	for _, e := range exceptions {
		if len(e.reason) < 20 {
			t.Errorf("exception for %s %q: got reason %q, want a sentence", e.path, e.what, e.reason)
		}
		if !known[e.rule] {
			t.Errorf("exception for %s: there is no rule %q", e.path, e.rule)
		}
	}
}
