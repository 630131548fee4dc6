package house

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// root is the module, seen from this package.
var root = os.DirFS("../..")

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// documents are all Markdown files of the module.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if path.Ext(name) == ".md" {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// block is a fenced piece of code: "```text nudge" has the language text and the
// note nudge.
type block struct{ language, note, code string }

var fence = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([^\n]*))?\n(.*?)^```$")

func blocks(document string) []block {
	var all []block
	for _, m := range fence.FindAllStringSubmatch(document, -1) {
		all = append(all, block{language: m[1], note: m[2], code: m[3]})
	}
	return all
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchor  = regexp.MustCompile(`<a id="([^"]+)">`)
	noSlug  = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the places in a document that a link can lead to.
func anchors(document string) map[string]bool {
	found := map[string]bool{}
	plain := fence.ReplaceAllString(document, "")
	for _, m := range heading.FindAllStringSubmatch(plain, -1) {
		found[strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	for _, m := range anchor.FindAllStringSubmatch(plain, -1) {
		found[m[1]] = true
	}
	return found
}

// cells are the first cells of the tables under a head row, without backticks.
func cells(document, head string) []string {
	_, after, _ := strings.Cut(document, "| "+head+" |")
	lines := strings.Split(after, "\n")
	var all []string
	for _, l := range lines[min(2, len(lines)):] {
		first, ok := strings.CutPrefix(l, "| ")
		if !ok {
			break
		}
		first, _, _ = strings.Cut(first, " |")
		all = append(all, strings.Trim(first, "`"))
	}
	return all
}
