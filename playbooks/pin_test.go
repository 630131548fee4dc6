package playbooks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPinCoversEverythingThatMatters(t *testing.T) {
	inputs := map[string]any{"database": "payments-db", "older_than": "5m", "spare": int64(2)}
	p := load(t, longRun)
	hash, pinned := p.Pin(inputs)
	if again, _ := load(t, longRun).Pin(throughJSON(t, inputs)); again != hash || len(hash) != 64 {
		t.Errorf("the same playbook: got %s and %s", hash, again)
	}
	other := func(name string, cat Catalogue, change func(string) string, in map[string]any) {
		t.Helper()
		sources := BuiltIn()
		for i := range sources {
			sources[i].Text = []byte(change(string(sources[i].Text)))
		}
		book, _ := Load(cat, append(sources, yml("long", change(string(longRun.Text))))...)
		q, ok := book.Get("long")
		if !ok {
			t.Fatalf("%s: does not load", name)
		}
		if got, _ := q.Pin(in); got == hash {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	same := func(s string) string { return s }
	other("an input", fakeCatalogue(), same, map[string]any{"database": "orders-db", "older_than": "5m", "spare": int64(2)})
	other("the text", fakeCatalogue(), func(s string) string { return strings.Replace(s, "Done.", "Over.", 1) }, inputs)
	other("a nested text", fakeCatalogue(), func(s string) string { return strings.Replace(s, "root blockers", "roots", 1) }, inputs)
	newer := fakeCatalogue()
	newer.Actions[2].Version++ // pg.terminate, which only the nested playbook has
	other("a version", newer, same, inputs)

	q, err := Unpin(fakeCatalogue(), "long", pinned)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := q.Pin(inputs); got != hash {
		t.Errorf("unpinned: got %s, want %s", got, hash)
	}
	if diff := cmp.Diff(names(fields(p.Ask)), names(fields(q.Ask))); diff != "" {
		t.Errorf("inputs (-pinned +unpinned):\n%s", diff)
	}
}

func TestUnpinRefusesWhatNoLongerFits(t *testing.T) {
	_, pinned := load(t, longRun).Pin(nil)
	cat := fakeCatalogue()
	cat.Actions = cat.Actions[1:]
	if _, err := Unpin(cat, "long", pinned); err == nil || !strings.Contains(err.Error(), "unknown action `pg.list_queries`") {
		t.Errorf("an action is gone: got %v", err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"long": "say: x"}`, `{"long": 5}`} {
		if _, err := Unpin(fakeCatalogue(), "long", []byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
