package playbooks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is not built yet is refused by name, after its shape has been checked.
func TestWhatIsNotBuiltIsRefusedByName(t *testing.T) {
	file := head + strings.Join([]string{"postmortem: 10m", "drill: practice", ""}, "\n") + "steps: [{tell: x}]\n"
	_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
	var want []string
	for _, at := range []string{"3:1 postmortem", "4:1 drill"} {
		where, name, _ := strings.Cut(at, " ")
		want = append(want, fmt.Sprintf("%s: `%s` is part of the language but this version cannot run it yet.", where, name))
	}
	if diff := cmp.Diff(want, said(problems, "x.yaml")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestShapeOfWhatIsNotBuiltIsChecked(t *testing.T) {
	for key, want := range map[string]string{
		"postmortem: sometimes": "3:13: `postmortem` is a duration like 10m, always or never, not \"sometimes\".",
		"drill: 5":              "3:8: `drill` is text, and 5 is a number for YAML. Put it in quotes: '5'.",
	} {
		file := head + key + "\nsteps: [{tell: x}]\n"
		_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
		all := strings.Join(said(problems, "x.yaml"), "\n")
		if !strings.Contains(all, want) || !strings.Contains(all, "cannot run it yet") {
			t.Errorf("%s:\ngot  %s\nwant %s", key, all, want)
		}
	}
}

func TestUntilIsForLooks(t *testing.T) {
	file := steps("  - k8s.rollback: cart\n    until: x > 1\n")
	_, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(file)})
	want := []string{"5:5: `until` repeats looks, and `k8s.rollback` is none."}
	if diff := cmp.Diff(want, said(problems, "x.yaml")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
