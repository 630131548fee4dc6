package house

import (
	"path"
	"slices"
	"strings"
)

// row says which packages of the module a package may import. The first row
// whose pattern matches counts.
type row struct {
	pkg    string
	may    []string
	reason string // where the row is more than ARCHITECTURE gives
}

// table is "Who may import whom". A package without a row fails.
var table = []row{
	{pkg: "", may: []string{"internal/cli"}},

	{pkg: "internal/fault"},
	{pkg: "internal/incident", may: []string{"internal/fault"}},

	{pkg: "bot/chat", may: []string{"internal/fault", "internal/config"},
		reason: "config.Section is the argument of every adapter's New"},
	{pkg: "integrations", may: []string{"internal/fault", "internal/incident", "internal/config"},
		reason: "config.Section is the argument of every adapter's New"},
	{pkg: "playbooks", may: []string{"internal/fault", "internal/incident", "integrations"}},
	{pkg: "bot", may: []string{"internal/fault", "internal/incident", "bot/chat", "integrations", "playbooks", "internal/chart"},
		reason: "pictures and sparklines are pure, and the cards show them"},

	{pkg: "bot/web", may: []string{"internal/fault", "internal/incident", "bot", "bot/chat", "internal/config", "internal/telemetry"}},
	{pkg: "bot/*", may: []string{"internal/fault", "bot/chat", "internal/config", "internal/telemetry"}},
	{pkg: "commands", may: []string{"internal/fault", "internal/incident", "bot", "bot/chat", "playbooks"}},
	{pkg: "integrations/*", may: []string{"internal/fault", "internal/incident", "integrations", "internal/config", "internal/telemetry"}},

	{pkg: "internal/store", may: []string{"internal/fault", "internal/incident"}},
	{pkg: "internal/queue", may: []string{"internal/fault", "internal/incident"}},
	{pkg: "internal/chart"},
	{pkg: "internal/config", may: []string{"internal/fault"}},
	{pkg: "internal/telemetry", may: []string{"internal/fault", "internal/config"}},
	{pkg: "internal/practice", may: []string{"internal/fault"}},
	{pkg: "internal/practice/*", may: []string{"internal/fault", "internal/practice"}},

	{pkg: "internal/chattest", may: []string{"internal/fault", "internal/practice", "internal/practice/*", "bot/chat"}},
	{pkg: "internal/integrationtest", may: []string{"internal/fault", "internal/practice", "integrations", "internal/incident"},
		reason: "the structs of the integration port are defined in incident"},
	{pkg: "internal/storetest", may: []string{"internal/fault", "internal/practice", "internal/store", "internal/incident", "internal/queue", "bot"},
		reason: "what a store keeps is defined in incident"},
	{pkg: "internal/*test", may: []string{"internal/fault", "internal/practice"}},
	{pkg: "internal/house", may: []string{"internal/app", "internal/config", "internal/telemetry", "commands"},
		reason: "its tests hold the documentation against what the program really does"},

	{pkg: "internal/app", may: []string{"*", "*/*", "internal/practice/*"}},
	{pkg: "internal/app/processtest", reason: "it tests the binary from outside, with the practice range as sender"},
	{pkg: "internal/cli", may: []string{"internal/app", "internal/config", "internal/fault"}},
}

// testsMayAlso is what tests import beyond their package's row.
var testsMayAlso = []string{"internal/*test", "internal/practice", "internal/practice/*", "internal/store"}

func rowOf(pkg string) (row, bool) {
	i := slices.IndexFunc(table, func(r row) bool { return matches(r.pkg, pkg) })
	if i < 0 {
		return row{}, false
	}
	return table[i], true
}

func checkImports(m *module) []violation {
	var found []violation
	for _, pkg := range m.packages() {
		r, ok := rowOf(pkg[0].pkg)
		if !ok {
			found = append(found, violation{path: pkg[0].path, what: pkg[0].pkg, message: "package " + pkg[0].pkg + " has no row in the import table"})
			continue
		}
		for _, f := range pkg {
			found = append(found, m.strayImports(f, r)...)
		}
	}
	return found
}

func (m *module) strayImports(f *file, r row) []violation {
	inTestFile := strings.HasSuffix(f.path, "_test.go")
	var found []violation
	for _, i := range m.imports(f) {
		allowed := matchesAny(r.may, i.path) && (inTestFile || !forTests(i.path))
		alsoInTests := inTestFile && (i.path == f.pkg || matchesAny(testsMayAlso, i.path))
		if !i.ours || allowed || alsoInTests {
			continue
		}
		found = append(found, violation{path: f.path, line: i.line, what: i.path,
			message: "must not import " + i.path + " (see the import table)"})
	}
	return found
}

// checkSiblings: an adapter never imports another one, not even in its tests.
func checkSiblings(m *module) []violation {
	var found []violation
	for _, f := range m.files {
		parent := path.Dir(f.pkg)
		if parent != "bot" && parent != "integrations" {
			continue
		}
		for _, i := range m.imports(f) {
			if i.ours && path.Dir(i.path) == parent && i.path != f.pkg && i.path != "bot/chat" {
				found = append(found, violation{path: f.path, line: i.line, what: i.path, message: "imports its sibling " + i.path})
			}
		}
	}
	return found
}

// pure packages may import nothing from outside the standard library.
var pure = []string{"internal/fault", "internal/incident", "bot/chat", "integrations"}

// noIO is what the domain may not touch: it computes, others act.
var noIO = []string{"os", "os/*", "net", "net/*", "io/fs", "io/ioutil", "database/sql", "log", "log/*", "sync", "sync/*", "syscall", "context"}

func checkPureDomain(m *module) []violation {
	var found []violation
	for _, f := range m.files {
		if f.test || !slices.Contains(pure, f.pkg) {
			continue
		}
		for _, i := range m.imports(f) {
			if i.vendor() || f.pkg == "internal/incident" && matchesAny(noIO, i.path) {
				found = append(found, violation{path: f.path, line: i.line, what: i.path, message: "must stay pure, but imports " + i.path})
			}
		}
		if f.pkg == "internal/incident" {
			found = append(found, m.clockAndGoroutines(f)...)
		}
	}
	return found
}
