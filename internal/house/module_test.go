package house

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// modulePath is what import paths of our own begin with.
const modulePath = "mayday"

// module is every Go file of the module, parsed, and the names at its top.
// Nested modules are not part of it.
type module struct {
	fset    *token.FileSet
	files   []*file
	folders []string
	fsys    fs.FS
}

// file is one Go file. Its package is named by its folder: "" is the main one.
type file struct {
	path  string
	pkg   string
	test  bool // of a _test.go file, or of a package that exists for tests
	lines int
	ast   *ast.File
}

// violation is one breach. what names the thing, so that an exception can say
// exactly which one it means.
type violation struct {
	path, what, message string
	line                int
}

func (v violation) String() string {
	if v.line == 0 {
		return fmt.Sprintf("%s: %s", v.path, v.message)
	}
	return fmt.Sprintf("%s:%d: %s", v.path, v.line, v.message)
}

// exception allows one thing in one file, or in a folder and all below it.
type exception struct{ rule, path, what, reason string }

func excepted(list []exception, ruleName string, v violation) (exception, bool) {
	for _, e := range list {
		if e.rule == ruleName && e.what == v.what && within(v.path, e.path) {
			return e, true
		}
	}
	return exception{}, false
}

func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func (m *module) has(name string) bool {
	_, err := fs.Stat(m.fsys, name)
	return err == nil
}

func load(fsys fs.FS) (*module, error) {
	m := &module{fset: token.NewFileSet(), fsys: fsys}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return m.enter(name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		return m.parse(name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	return m, nil
}

func (m *module) enter(dir string) error {
	if dir == "." {
		return nil
	}
	base := path.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || m.has(dir+"/go.mod") {
		return fs.SkipDir
	}
	if !strings.Contains(dir, "/") {
		m.folders = append(m.folders, dir)
	}
	return nil
}

func (m *module) parse(name string) error {
	src, err := fs.ReadFile(m.fsys, name)
	if err != nil {
		return err
	}
	tree, err := parser.ParseFile(m.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	if pkg == "." {
		pkg = ""
	}
	m.files = append(m.files, &file{
		path:  name,
		pkg:   pkg,
		test:  strings.HasSuffix(name, "_test.go") || forTests(pkg),
		lines: m.fset.File(tree.Pos()).LineCount(),
		ast:   tree,
	})
	return nil
}

// forTests tells the packages that exist for tests only: internal/*test, house.
func forTests(pkg string) bool {
	return pkg == "internal/house" || matches("internal/*test", pkg)
}

// packages groups the files by package, in order of the name.
func (m *module) packages() [][]*file {
	groups := map[string][]*file{}
	for _, f := range m.files {
		groups[f.pkg] = append(groups[f.pkg], f)
	}
	all := make([][]*file, 0, len(groups))
	for _, group := range groups {
		all = append(all, group)
	}
	slices.SortFunc(all, func(a, b []*file) int { return cmp.Compare(a[0].pkg, b[0].pkg) })
	return all
}

func (m *module) line(n ast.Node) int { return m.fset.Position(n.Pos()).Line }

// imported is one import of a file. ours tells that path is inside the module.
type imported struct {
	path string
	ours bool
	line int
}

func (m *module) imports(f *file) []imported {
	var all []imported
	for _, spec := range f.ast.Imports {
		name, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		rest, ours := strings.CutPrefix(name, modulePath+"/")
		all = append(all, imported{path: rest, ours: ours, line: m.line(spec)})
	}
	return all
}

// vendor tells an import from outside the standard library: its first element
// is a host name.
func (i imported) vendor() bool {
	first, _, _ := strings.Cut(i.path, "/")
	return !i.ours && strings.Contains(first, ".")
}

// matches compares with a pattern in which * stands for one path element or a
// part of one.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}
