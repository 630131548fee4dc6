package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// Limits of ARCHITECTURE. They are the far end, not the aim.
const (
	maxFileLines = 600
	maxFuncLines = 80
	maxMethods   = 6
)

func checkLength(m *module) []violation {
	var found []violation
	for _, f := range m.files {
		if ast.IsGenerated(f.ast) {
			continue
		}
		if f.lines > maxFileLines {
			found = append(found, violation{path: f.path, what: f.path, message: fmt.Sprintf("has %d lines, %d is the limit: split it by concept", f.lines, maxFileLines)})
		}
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := m.fset.Position(fn.End()).Line - m.line(fn) + 1; lines > maxFuncLines {
				found = append(found, violation{path: f.path, line: m.line(fn), what: fn.Name.Name, message: fmt.Sprintf("%s has %d lines, %d is the limit", fn.Name.Name, lines, maxFuncLines)})
			}
		}
	}
	return found
}

func checkInterfaces(m *module) []violation {
	return m.inspect(everything, func(f *file, n ast.Node) (what, message string) {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return "", ""
		}
		iface, ok := spec.Type.(*ast.InterfaceType)
		if !ok || iface.Methods.NumFields() <= maxMethods {
			return "", ""
		}
		return spec.Name.Name, fmt.Sprintf("interface %s has %d methods, %d is the limit", spec.Name.Name, iface.Methods.NumFields(), maxMethods)
	})
}

func checkInit(m *module) []violation {
	outside := func(f *file) bool { return f.pkg != "commands" }
	return m.inspect(outside, func(_ *file, n ast.Node) (what, message string) {
		if fn, ok := n.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			return "init", "init() is allowed in commands/ only"
		}
		return "", ""
	})
}

// exits end the process under everybody's feet.
var exits = []string{"log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln", "os.Exit", "runtime.Goexit", "panic"}

func checkExit(m *module) []violation {
	product := func(f *file) bool { return !strings.HasSuffix(f.path, "_test.go") && f.path != "main.go" }
	return m.inspect(product, func(_ *file, n ast.Node) (what, message string) {
		name, ok := called(n)
		if !ok || !slices.Contains(exits, name) {
			return "", ""
		}
		return name, name + " is allowed in main.go only"
	})
}

// checkSleep holds for product code too: a sleep there does not hear ctx end.
func checkSleep(m *module) []violation {
	return m.inspect(everything, func(_ *file, n ast.Node) (what, message string) {
		if pkg, name, ok := selector(n); ok && pkg == "time" && name == "Sleep" {
			return "time.Sleep", "time.Sleep: wait for the thing itself, with a deadline"
		}
		return "", ""
	})
}

func checkSkip(m *module) []violation {
	tests := func(f *file) bool { return f.test }
	return m.inspect(tests, func(_ *file, n ast.Node) (what, message string) {
		name, ok := called(n)
		if !ok {
			return "", ""
		}
		_, method, _ := strings.Cut(name, ".")
		if slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, method) {
			return name, name + ": no test is skipped; what it needs is installed by make test"
		}
		return "", ""
	})
}

// clockAndGoroutines are what a pure function has not got: now is an argument.
func (m *module) clockAndGoroutines(f *file) []violation {
	only := func(g *file) bool { return g == f }
	return m.inspect(only, func(_ *file, n ast.Node) (what, message string) {
		if _, ok := n.(*ast.GoStmt); ok {
			return "go", "the domain starts no goroutine"
		}
		pkg, name, ok := selector(n)
		if ok && pkg == "time" && slices.Contains([]string{"Now", "Since", "Until", "NewTimer", "NewTicker", "After", "AfterFunc"}, name) {
			return "time." + name, "time." + name + ": in the domain, now is an argument"
		}
		return "", ""
	})
}

var platformName = regexp.MustCompile(`(?i)slack|discord`)

// platformPlaces may name platforms; so may tests.
var platformPlaces = []string{"bot/slack", "bot/discord", "internal/practice", plugins}

// checkPlatformNames looks at identifiers and strings. Comments may explain.
func checkPlatformNames(m *module) []violation {
	elsewhere := func(f *file) bool {
		return !f.test && !slices.ContainsFunc(platformPlaces, func(p string) bool { return within(f.path, p) })
	}
	return m.inspect(elsewhere, func(_ *file, n ast.Node) (what, message string) {
		var text string
		switch n := n.(type) {
		case *ast.Ident:
			text = n.Name
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				text = n.Value
			}
		}
		name := strings.ToLower(platformName.FindString(text))
		if name == "" {
			return "", ""
		}
		return name, fmt.Sprintf("names a chat platform: %.60s", text)
	})
}

func everything(*file) bool { return true }

// inspect shows every node of the chosen files to look, which names a breach.
func (m *module) inspect(choose func(*file) bool, look func(*file, ast.Node) (what, message string)) []violation {
	var found []violation
	for _, f := range m.files {
		if !choose(f) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if n == nil {
				return false
			}
			if what, message := look(f, n); message != "" {
				found = append(found, violation{path: f.path, line: m.line(n), what: what, message: message})
			}
			return true
		})
	}
	return found
}

// selector takes pkg.Name apart.
func selector(n ast.Node) (pkg, name string, ok bool) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", "", false
	}
	return id.Name, sel.Sel.Name, true
}

// called names the function of a call: "panic", "os.Exit", "t.Skip".
func called(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	if id, ok := call.Fun.(*ast.Ident); ok {
		return id.Name, true
	}
	pkg, name, ok := selector(call.Fun)
	return pkg + "." + name, ok
}
