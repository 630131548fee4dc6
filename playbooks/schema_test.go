package playbooks

import (
	"bytes"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schemaOf(t *testing.T, cat Catalogue) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(cat)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("playbook.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("playbook.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestSchemaTakesWhatTheLinterTakes(t *testing.T) {
	s := schemaOf(t, fakeCatalogue())
	sources := slices.Concat(BuiltIn(), readmeSources(t), []Source{
		longRun, propertyRun, takesBack, inner, yml("e", reindex),
		yml("page", steps("  - core.page:\n", "  - core.page: {}\n")),
		yml("guards", head+"checks: [business_hours, {no_other_incident: true, override: false}, {backup_fresh: {on: payments-db, max_age: 1d}}]\n"+
			"impact: all of it\nwho: commander\nask: [a, {b: 5m}, {c: [x, y]}, {d: {type: int, default: 3}}]\nsteps:\n"+scaled),
	})
	for _, src := range sources {
		if err := valid(t, s, src.Text); err != nil {
			t.Errorf("%s: %v", src.Name, err)
		}
	}
}

// Whatever the linter takes the schema takes, in all examples of mistakes too:
// some of those are only worth a warning.
func TestSchemaIsNeverStricterThanTheLinter(t *testing.T) {
	s := schemaOf(t, fakeCatalogue())
	for _, c := range slices.Concat(lintCases, actLintCases) {
		_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(c.file)})
		if AsFault(problems) == nil && valid(t, s, []byte(c.file)) != nil {
			t.Errorf("%s: %v", c.name, valid(t, s, []byte(c.file)))
		}
	}
}

// Mistakes of the shape are seen while typing.
func TestSchemaRefusesMistakesOfShape(t *testing.T) {
	s := schemaOf(t, fakeCatalogue())
	seen := []string{
		"key of a file", "key of a step", "key that is no kind", "action", "no kind", "two kinds", "parameter", "missing parameter", "no parameters", "empty parameter",
		"duration", "number as text", "text as number", "one of", "leading dash", "map in a map", "connection", "connection of another",
		"each is a word", "max over the limit", "id of capitals", "one option", "no options", "long label", "key of an option", "no name", "role", "for is a word",
		"severity of impact", "long say", "no steps", "41 steps", "yes is no bool", "field of another kind", "detail of an input", "type of an input", "limit that is none",
		"two inputs in one", "row as a literal", "undo of a reference", "undo of nothing", "remind of an undo", "remind of a look", "remind soon", "each of an undo", "check", "check in a map",
		"check without its value", "checks that are none", "check that is false", "check of a word", "backup without an age", "backup of another", "key of a backup",
		"no guard", "two guards", "override of no bool", "say of another check", "checks of a look", "checks of a tell", "grade lowered to look", "grade", "grade of a choose",
		"program", "program of a reference", "program as a line", "no program", "argument of a list", "undo of a program as a word", "show of another kind", "exec as an action", "undo beside an act",
	}
	tried := 0
	for _, c := range slices.Concat(lintCases, actLintCases) {
		if !slices.Contains(seen, c.name) {
			continue
		}
		tried++
		if valid(t, s, []byte(c.file)) == nil {
			t.Errorf("%s: was taken:\n%s", c.name, c.file)
		}
	}
	if tried != len(seen) {
		t.Errorf("only %d of %d cases are there", tried, len(seen))
	}
}

// What this version cannot run is no key of the schema.
func TestSchemaHasNothingThatIsRefusedByName(t *testing.T) {
	s := schemaOf(t, fakeCatalogue())
	for _, line := range []string{"postmortem: 10m\n", "drill: x\n"} {
		if valid(t, s, []byte(head+line+"steps: [{tell: x}]\n")) == nil {
			t.Errorf("was taken: %s", line)
		}
	}
}

func TestSchemaIsTheSameEveryTime(t *testing.T) {
	cat := fakeCatalogue()
	again := fakeCatalogue()
	slices.Reverse(again.Actions)
	if !bytes.Equal(Schema(cat), Schema(again)) {
		t.Error("the order of actions changes it")
	}
	schemaOf(t, Catalogue{})
}
