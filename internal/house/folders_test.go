package house

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// folders are the rooms of the house: these, and no others.
var folders = []string{"bot", "commands", "deploy", "integrations", "internal", "playbooks"}

// built holds what make builds and git ignores.
var built = []string{"bin", "data", "screenshots"}

const mainLines = 30

func checkFolders(m *module) []violation {
	var found []violation
	for _, name := range m.folders {
		if !slices.Contains(folders, name) && !slices.Contains(built, name) {
			found = append(found, violation{path: name, what: name, message: "is not one of the folders of the house: " + strings.Join(folders, " ")})
		}
	}
	for _, name := range folders {
		if !slices.Contains(m.folders, name) {
			found = append(found, violation{path: name, what: name, message: "this folder of the house is missing"})
		}
	}
	for _, f := range m.files {
		if f.pkg != "" {
			continue
		}
		if f.path != "main.go" && !f.test {
			found = append(found, violation{path: f.path, what: f.path, message: "only main.go stands at the top"})
		}
		if f.path == "main.go" && f.lines > mainLines {
			found = append(found, violation{path: f.path, what: f.path, message: "main is thin: 30 lines at most"})
		}
	}
	return found
}

func checkPackageDocs(m *module) []violation {
	var found []violation
	for _, pkg := range m.packages() {
		documented := slices.ContainsFunc(pkg, func(f *file) bool {
			return f.ast.Doc != nil && !strings.HasSuffix(f.path, "_test.go")
		})
		if !documented {
			found = append(found, violation{path: pkg[0].path, what: pkg[0].pkg, message: "the package has no package doc"})
		}
	}
	return found
}

// emptyNames say nothing about what is inside.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared", "base"}

func checkPackageNames(m *module) []violation {
	var found []violation
	for _, pkg := range m.packages() {
		for _, name := range []string{path.Base(pkg[0].pkg), pkg[0].ast.Name.Name} {
			if slices.Contains(emptyNames, name) {
				found = append(found, violation{path: pkg[0].path, what: name, message: "a package named " + name + " says nothing about what is inside"})
				break
			}
		}
	}
	return found
}

// plugins is the file that links every adapter.
const plugins = "internal/app/plugins.go"

// checkLinked: each folder that holds an adapter has its line in plugins.go.
func checkLinked(m *module) []violation {
	linked := m.linked()
	var found []violation
	for _, f := range m.files {
		parent := path.Dir(f.pkg)
		if f.test || parent != "bot" && parent != "integrations" {
			continue
		}
		for _, name := range []string{"Integration", "Platform"} {
			if declaresVar(f.ast, name) && !linked[f.pkg+"."+name] {
				found = append(found, violation{path: f.path, what: f.pkg, message: f.pkg + "." + name + " is not linked in " + plugins})
			}
		}
	}
	return found
}

// linked holds what plugins.go mentions, as "integrations/redis.Integration".
func (m *module) linked() map[string]bool {
	mentioned := map[string]bool{}
	i := slices.IndexFunc(m.files, func(f *file) bool { return f.path == plugins })
	if i < 0 {
		return mentioned
	}
	folder := map[string]string{}
	for n, spec := range m.files[i].ast.Imports {
		imp := m.imports(m.files[i])[n]
		name := path.Base(imp.path)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		folder[name] = imp.path
	}
	ast.Inspect(m.files[i].ast, func(n ast.Node) bool {
		if pkg, name, ok := selector(n); ok && folder[pkg] != "" {
			mentioned[folder[pkg]+"."+name] = true
		}
		return true
	})
	return mentioned
}

func declaresVar(tree *ast.File, name string) bool {
	for _, decl := range tree.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			isName := func(id *ast.Ident) bool { return id.Name == name }
			if slices.ContainsFunc(spec.(*ast.ValueSpec).Names, isName) {
				return true
			}
		}
	}
	return false
}
