package playbooks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func yml(name, text string) Source { return Source{Name: name + ".yaml", Text: []byte(text)} }

func runs(name, other string) Source {
	return yml(name, fmt.Sprintf("name: %s\nsay: s\nsteps:\n  - run: %s\n", name, other))
}

func TestNestedPlaybooks(t *testing.T) {
	leaf := yml("leaf", "name: leaf\nsay: s\nsteps: [{tell: x}]\n")
	for _, c := range []struct {
		name    string
		sources []Source
		want    []string
	}{
		{"unknown", []Source{runs("x", "laef"), leaf}, []string{"x.yaml:4:5: unknown playbook `laef`. Did you mean `leaf`?"}},
		{"circle", []Source{runs("x", "y"), runs("y", "x")}, []string{
			"x.yaml:4:5: the playbook `y` has errors of its own. Mend it first.",
			"y.yaml:4:5: playbooks run in a circle: x, y, x."}},
		{"itself", []Source{runs("x", "x")}, []string{"x.yaml:4:5: playbooks run in a circle: x, x."}},
		{"three deep", []Source{runs("a", "b"), runs("b", "c"), runs("c", "leaf"), leaf}, nil},
		{"four deep", []Source{runs("x", "a"), runs("a", "b"), runs("b", "c"), runs("c", "leaf"), leaf}, []string{
			"x.yaml:4:5: playbooks run one another at most 3 deep."}},
		{"missing with", []Source{runs("x", "y"), yml("y", asksDB)}, []string{"x.yaml:4:5: the playbook `y` needs `db`, the name of a connection. Add `with: {db: …}`."}},
		{"with an unknown input", []Source{yml("x", steps("  - run: y\n    with: {dbb: payments-db}\n")), yml("y", asksDB)}, []string{"x.yaml:5:12: unknown input `dbb`. Did you mean `db`?"}},
		{"with an unknown connection", []Source{yml("x", steps("  - run: y\n    with: {db: payment-db}\n")), yml("y", asksDB)}, []string{"x.yaml:5:16: unknown connection `payment-db`. Did you mean `payments-db`?"}},
		{"with another type", []Source{yml("x", steps(checked, "  - run: y\n    with: {db: $web.status}\n")), yml("y", asksDB)}, []string{"x.yaml:7:16: `db` is the name of a connection, and `$web.status` is a whole number."}},
		{"with a connection of another system", []Source{yml("x", head+"ask: [c]\nsteps:\n  - web.check: $c\n  - run: y\n    with: {db: $c}\n"), yml("y", asksDB)}, []string{"x.yaml:7:16: `db` is a connection of `pg`, and `$c` is one of `web`."}},
		{"twice", []Source{leaf, {Name: "leaf.yml", Text: leaf.Text}}, []string{"leaf.yml: the playbook `leaf` is already in leaf.yaml. Rename one of the files."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := Load(fakeCatalogue(), c.sources...)
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABadPlaybookLeavesTheOthers(t *testing.T) {
	bad, good := yml("bad", "name: bad\n"), yml("good", "name: good\nsay: s\nsteps: [{tell: x}]\n")
	book, problems := Load(fakeCatalogue(), bad, good, runs("parent", "bad"))
	if diff := cmp.Diff([]string{"good"}, book.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if err := AsFault(problems); err == nil || !strings.Contains(err.Error(), "E24") {
		t.Errorf("fault: got %v, want one with E24", err)
	}
}

func TestAFileReplacesABuiltIn(t *testing.T) {
	mine := yml("kill-queries", "name: kill-queries\nsay: mine\nsteps: [{tell: x}]\n")
	for _, order := range [][]Source{append(BuiltIn(), mine), append([]Source{mine}, BuiltIn()...)} {
		book, problems := Load(fakeCatalogue(), order...)
		p, ok := book.Get("kill-queries")
		if !ok || p.Say != "mine" || p.BuiltIn || AsFault(problems) != nil {
			t.Errorf("got %+v, %v, %v", p, ok, problems)
		}
	}
}

func TestForListsTheServiceFirstAndTheUnreachableLast(t *testing.T) {
	one := func(name, extra string) Source {
		return yml(name, "name: "+name+"\nsay: s\n"+extra+"steps: [{tell: x}]\n")
	}
	mq := yml("a-purge", "name: a-purge\nsay: s\nask: [on]\nfor: [search]\nsteps:\n  - mq.purge: {on: $on, queue: q}\n")
	book, problems := Load(fakeCatalogue(), one("b", ""), one("c", "for: [checkout]\n"), one("a", "for: [checkout]\n"), one("z", "for: [search]\n"), mq)
	if err := AsFault(problems); err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]string{"search": "z a b c a-purge", "checkout": "a c b z a-purge", "": "a b c z a-purge"} {
		var got []string
		for _, p := range book.For(service) {
			got = append(got, p.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("for %q: got %v, want %s", service, got, want)
		}
	}
}

func TestManyNestedStepsAreRefused(t *testing.T) {
	wide := func(name, other string) Source {
		return yml(name, "name: "+name+"\nsay: s\nsteps:\n"+strings.Repeat("  - run: "+other+"\n", 20))
	}
	leaf := yml("leaf", "name: leaf\nsay: s\nsteps: [{tell: x}]\n")
	_, problems := Load(fakeCatalogue(), wide("x", "y"), wide("y", "leaf"), leaf)
	want := "x.yaml: with the playbooks that it runs the file has 820 steps, and at most 200 are allowed."
	if len(problems) != 1 || problems[0].String() != want {
		t.Errorf("got %v, want %s", problems, want)
	}
}
