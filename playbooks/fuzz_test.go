package playbooks

import (
	"slices"
	"strings"
	"testing"

	"mayday/internal/incident"
)

// FuzzPlaybook: no text of a file ends the process, errors have a place in the
// file, and what loads can be run and pinned.
func FuzzPlaybook(f *testing.F) {
	for _, s := range BuiltIn() {
		f.Add(string(s.Text))
	}
	f.Add(string(longRun.Text))
	f.Add(string(asking.Text))
	f.Add(string(takesBack.Text))
	f.Add(reindex)
	for _, c := range slices.Concat(lintCases, actLintCases) {
		f.Add(c.file)
	}
	cat := fakeCatalogue()
	f.Fuzz(func(t *testing.T, text string) {
		book, problems := Load(cat, Source{Name: "x.yaml", Text: []byte(text)})
		for _, p := range problems {
			if p.What == "" || p.Line < 0 || p.Line > strings.Count(text, "\n")+2 || strings.Contains(p.String(), "\n") {
				t.Fatalf("%+v", p)
			}
		}
		p, ok := book.Get("x")
		if ok == (AsFault(problems) != nil) {
			t.Fatalf("loaded %v with %v", ok, problems)
		}
		if !ok {
			return
		}
		inputs, _, _ := p.Inputs(nil, nil, map[string]any{"service": "checkout"})
		if _, err := p.Next(someFacts, inputs, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Next(someFacts, inputs, map[string]incident.Result{"0": {Outcome: incident.OutDone, Table: sessions(1)}}); err != nil {
			t.Fatal(err)
		}
		hash, pinned := p.Pin(inputs)
		again, err := Unpin(cat, "x", pinned)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := again.Pin(inputs); got != hash {
			t.Fatalf("unpinned %s, want %s", got, hash)
		}
	})
}

// FuzzExpression: no expression ends the process or takes long, and what cannot
// be computed says why.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"n > 1% && b", "q.rows.all(r, r.pid > 3)", "incident.minutes > 5", "not b", "s = 'x'", "web.status / 0 == 1", "x == 1", "r'\\'", `"""a"""`,
		"[1].map(a, [1].map(c, a)).size() == 1", "d > duration('1m')", "has(web.ms)", "b ? n == 1 : x > 2.0", "s + s + s == 'x'", "1%%2", "'%' == s",
	} {
		f.Add(s)
	}
	sc, fr := exprScope()
	vars := fr.vars()
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > maxExpression {
			return
		}
		l := &lint{file: "x.yaml"}
		c := &condition{place: place{1, 1}, src: src}
		c.compile(l, sc)
		for _, p := range l.problems {
			if p.What == "" || strings.Contains(p.What, "\n") || p.Column < 1 {
				t.Fatalf("%+v", p)
			}
		}
		if (c.program == nil) != (l.errors > 0) {
			t.Fatalf("program %v with %v", c.program, l.problems)
		}
		if c.program == nil {
			return
		}
		if v := c.eval(vars); !v.known && v.why == "" {
			t.Fatal("unknown without a reason")
		}
	})
}
