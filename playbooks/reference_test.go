package playbooks

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/incident"
)

func TestReference(t *testing.T) {
	cat := Catalogue{Actions: []integrations.Action{
		{Name: "z.act", Summary: "Do it.", Grade: incident.GradeChange, Undo: func(context.Context, integrations.Receipt) (integrations.Plan, error) {
			return integrations.Plan{}, nil
		},
			Params: []integrations.Field{{Name: "how", Kind: integrations.Text, Say: "a | b\nand c", OneOf: []string{"x", "y"}, Default: "x"}}},
		{Name: "a.act", Summary: "End it", Grade: incident.GradeDanger, Settle: 10 * time.Minute, Checks: []string{"still the same", "nobody else"}, Rights: "patch on | all."},
		{Name: "m.look", Summary: "Look", Grade: incident.GradeLook, Look: fakeLook, Params: []integrations.Field{{Name: "on", Kind: integrations.Connection, Required: true}},
			Output: []integrations.Field{{Name: "rows", Kind: integrations.Rows, Say: "worst first", Columns: []integrations.Field{{Name: "pid", Kind: integrations.Int}}}}},
	}}
	want := strings.Join([]string{
		"### `a.act`", "", "End it. Grade: danger. Undo: no.", "", "Its effect is watched for up to 10m; the run waits for it.", "",
		"Checked before it: still the same; nobody else.", "", `Rights: patch on \| all.`, "",
		"### `m.look`", "", "Look. Grade: look.", "",
		"| parameter | type | |", "|---|---|---|", "| `on` | connection | required |", "",
		"| output | type | |", "|---|---|---|", "| `rows` | rows | worst first |", "",
		"| column of a row | type | |", "|---|---|---|", "| `pid` | int |  |", "",
		"### `z.act`", "", "Do it. Grade: change. Undo: yes.", "",
		"| parameter | type | |", "|---|---|---|", `| ` + "`how`" + ` | text | a \| b and c; default x; one of x, y |`, "",
	}, "\n")
	if diff := cmp.Diff(want, Reference(cat)); diff != "" {
		t.Errorf("reference (-want +got):\n%s", diff)
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readmeSources are the playbooks that the README shows.
func readmeSources(t *testing.T) []Source {
	t.Helper()
	var out []Source
	for _, block := range regexp.MustCompile("(?s)```yaml\nname: ([a-z-]+)\n.*?```").FindAllStringSubmatch(readme(t), -1) {
		text := strings.TrimSuffix(strings.TrimPrefix(block[0], "```yaml\n"), "```")
		out = append(out, yml(block[1], text))
	}
	if len(out) < 2 {
		t.Fatalf("the README shows %d playbooks", len(out))
	}
	return out
}

// The playbooks in the README are ones that load.
func TestReadmeShowsPlaybooksThatLoad(t *testing.T) {
	shown := readmeSources(t)
	book, problems := Load(fakeCatalogue(), append(BuiltIn(), shown...)...)
	for _, src := range shown {
		if _, ok := book.Get(src.playbook()); !ok {
			t.Errorf("%s: %v", src.Name, problems)
		}
	}
}

// The README names every key, and says of all that cannot run yet that it cannot.
func TestReadmeKnowsTheLanguage(t *testing.T) {
	text := readme(t)
	sentence := regexp.MustCompile(`refused by name: ([^;]*);`).FindStringSubmatch(text)
	if sentence == nil {
		t.Fatal("the README does not say what is refused")
	}
	var refused []string
	for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(sentence[1], -1) {
		refused = append(refused, m[1])
	}
	all := slices.Concat(fileKeys, stepKeyNames(), wordKinds)
	for _, word := range all {
		if !strings.Contains(text, "`"+word) {
			t.Errorf("%s is not in the README", word)
		}
		later := refusedByName(word)
		if got := slices.Contains(refused, word); got != later {
			t.Errorf("%s: the README refuses it: %v, the linter: %v", word, got, later)
		}
	}
	for _, word := range refused {
		if !slices.Contains(all, word) {
			t.Errorf("%s is no key", word)
		}
	}
}

func refusedByName(word string) bool {
	value := map[string]string{"exec": "[reindex]", "checks": "[business_hours]", "then": "[{tell: x}]", "after": "[{tell: x}]", "remind": "5m",
		"postmortem": "10m", "until": "x", "grade": "danger", "show": "[a]"}[word]
	if value == "" {
		value = "x"
	}
	kind := "web.check: shop"
	switch {
	case slices.Contains(wordKinds, word):
		kind = "id: y"
	case word == "grade" || word == "remind":
		kind = "k8s.rollback: cart"
	case word == "show":
		kind = "exec: [reindex]"
	}
	said := "`" + word + "` is part of the language but this version cannot run it yet"
	for _, file := range []string{head + word + ": " + value + "\nsteps: [{tell: x}]\n", steps("  - " + kind + "\n    " + word + ": " + value + "\n")} {
		_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
		if slices.ContainsFunc(problems, func(p Problem) bool { return p.What == said }) {
			return true
		}
	}
	return false
}
