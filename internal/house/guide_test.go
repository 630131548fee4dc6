package house

import (
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/app"
	"mayday/internal/config"
)

// The guide (CONTRIBUTING.md) says how to add one more of each. Its code is laid
// over the module and built, so that it works when somebody copies it.

// guide is what CONTRIBUTING.md tells people to write.
type guide struct {
	files map[string]string   // new ones, by path
	lines map[string][]string // of a list in plugins.go
	books map[string]string   // playbooks
}

func readGuide(t *testing.T) guide {
	t.Helper()
	g := guide{files: map[string]string{}, lines: map[string][]string{}, books: map[string]string{}}
	for _, b := range blocks(text(t, "CONTRIBUTING.md")) {
		head, rest, _ := strings.Cut(b.code, "\n")
		name := strings.TrimLeft(head, "/# ")
		list, isLine := strings.CutPrefix(name, plugins+" ")
		switch {
		case b.language == "yaml":
			g.books[name] = b.code
		case b.language == "go" && isLine:
			g.lines[list] = append(g.lines[list], strings.TrimSpace(rest))
		case b.language == "go":
			g.files[name] = b.code
		}
	}
	if len(g.files) != 3 || len(g.lines) != 2 || len(g.books) != 1 {
		t.Fatalf("got %d files, %d lists and %d playbooks, want a command, an integration and a platform, two lists, one playbook", len(g.files), len(g.lines), len(g.books))
	}
	return g
}

// plugged is plugins.go with the guide's lines and their imports.
func (g guide) plugged(t *testing.T) string {
	t.Helper()
	source := text(t, plugins)
	for list, lines := range g.lines {
		at := strings.Index(source, "\t"+list+" = ")
		if at < 0 {
			t.Fatalf("%s has no list %q", plugins, list)
		}
		end := at + strings.Index(source[at:], "\n") + 1
		source = source[:end] + "\t\t" + strings.Join(lines, "\n\t\t") + "\n" + source[end:]
	}
	for name := range g.files {
		if pkg := path.Dir(name); pkg != "commands" {
			source = strings.Replace(source, "import (\n", "import (\n\t\""+modulePath+"/"+pkg+"\"\n", 1)
		}
	}
	return source
}

const commandTest = `package commands

import "testing"

func TestTheGuidesCommandIsThere(t *testing.T) {
	for _, c := range All() {
		if c.Name == "count" {
			return
		}
	}
	t.Error("the command of the guide is not in the list")
}
`

const appTest = `package app

import "testing"

func TestTheGuidesAdaptersAreLinked(t *testing.T) {
	found := map[string]bool{}
	for _, p := range platforms {
		found[p.Name] = true
	}
	for _, i := range outside {
		found[i.Name] = true
	}
	if !found["console"] || !found["resolver"] {
		t.Errorf("got %v, want the adapters of the guide as well", found)
	}
}
`

func TestTheGuidesCodeBuildsAndIsLinked(t *testing.T) {
	g := readGuide(t)
	over := overlay{t: t, dir: t.TempDir(), Replace: map[string]string{}}
	for name, source := range g.files {
		over.write(name, source)
	}
	over.write(plugins, g.plugged(t))
	over.hideTests("commands")
	over.hideTests("internal/app")
	over.write("commands/guide_test.go", commandTest)
	over.write("internal/app/guide_test.go", appTest)
	file := over.save()
	// The adapters are built because the list of plugins imports them. Vet would
	// change into their folders, which are not there.
	goTest(t, "-run", "Guide", "-overlay", file, modulePath+"/commands", modulePath+"/internal/app")
}

func TestTheGuidesCodeKeepsTheRules(t *testing.T) {
	g := readGuide(t)
	changed := map[string]string{plugins: "// Package app.\npackage app\nimport (\n\"mayday/bot/slack\"\n\"mayday/bot/console\"\n\"mayday/integrations/redis\"\n\"mayday/integrations/resolver\"\n)\n" +
		"var all = []int{slack.Platform, console.Platform, redis.Integration, resolver.Integration}\n"}
	for name, source := range g.files {
		changed[name] = source
		formatted, err := format.Source([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(formatted), source); diff != "" {
			t.Errorf("%s is not formatted (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{}, breaches(t, changed)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheGuidesPlaybookIsValid(t *testing.T) {
	g := readGuide(t)
	dir := t.TempDir()
	for name, code := range g.books {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte("playbooks: "+dir+"\nconnect: {postgres: {shop: {dsn: env:SHOP_DSN}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	problems, err := app.Validate(f, config.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if _, ours := g.books[strings.SplitN(p.String(), ":", 2)[0]]; ours {
			t.Errorf("the playbook of the guide: %s", p.String())
		}
	}
}

// overlay lays files over the module without touching it (go help build).
type overlay struct {
	t       *testing.T
	dir     string
	Replace map[string]string
}

func (o *overlay) at(name string) string {
	o.t.Helper()
	abs, err := filepath.Abs(filepath.Join("../..", name))
	if err != nil {
		o.t.Fatal(err)
	}
	return abs
}

func (o *overlay) write(name, source string) {
	o.t.Helper()
	file := filepath.Join(o.dir, strings.ReplaceAll(name, "/", "_")+".txt")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.Replace[o.at(name)] = file
}

// hideTests leaves a package's own tests out: they have run elsewhere.
func (o *overlay) hideTests(pkg string) {
	o.t.Helper()
	found, err := filepath.Glob(o.at(pkg) + "/*_test.go")
	if err != nil {
		o.t.Fatal(err)
	}
	for _, name := range found {
		o.Replace[name] = ""
	}
}

func (o *overlay) save() string {
	o.t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		o.t.Fatal(err)
	}
	file := filepath.Join(o.dir, "overlay.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return file
}

func goTest(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-v", "-vet=off"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go test: %v\n%s", err, out)
	}
	if strings.Count(string(out), "--- PASS") != 2 {
		t.Fatalf("got\n%s\nwant two passed tests", out)
	}
}
