package app

import (
	"log/slog"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/playbooks"
)

const referenceFile = "../../playbooks/REFERENCE.md"

const referenceHead = `# Actions

Every action that playbooks can use, generated from the code: what it does, its parameters, grade, checks, undo and the rights that its target must grant.
A plan may raise the grade by its effect; nothing lowers it. Run the test of this file with -update after a change.

`

// TestEveryActionHasItsRow: the reference is what the linked actions say of
// themselves, and each act says what it checks, what it needs and how it is taken
// back.
func TestEveryActionHasItsRow(t *testing.T) {
	var all playbooks.Catalogue
	for _, i := range outside {
		parts, err := i.New(config.Section{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%s without configuration: %v", i.Name, err)
		}
		all.Actions = append(all.Actions, parts.Actions...)
		if parts.Close != nil {
			parts.Close()
		}
	}
	for _, a := range all.Actions {
		for what, missing := range map[string]bool{
			"a summary": a.Summary == "", "rights": a.Rights == "", "checks": !a.IsLook() && len(a.Checks) == 0, "how it is taken back": a.Undo != nil && a.Back == "",
		} {
			if missing {
				t.Errorf("%s does not say %s", a.Name, what)
			}
		}
		for _, p := range a.Params {
			if p.Say == "" && p.Kind != integrations.Connection {
				t.Errorf("%s: parameter %s says nothing", a.Name, p.Name)
			}
		}
	}
	want := referenceHead + playbooks.Reference(all)
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the actions say; -update mends it (-want +got):\n%s", referenceFile, diff)
	}
}
