package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"mayday/integrations"
)

// Reference writes the list of actions for people, as Markdown. It derives from
// the same fields that the linter checks with, so that the two cannot differ.
func Reference(cat Catalogue) string {
	actions := slices.Clone(cat.Actions)
	slices.SortFunc(actions, func(a, b integrations.Action) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	for i, a := range actions {
		if i > 0 {
			b.WriteString("\n")
		}
		writeAction(&b, a)
	}
	return b.String()
}

func writeAction(b *strings.Builder, a integrations.Action) {
	fmt.Fprintf(b, "### `%s`\n\n%s. Grade: %s", a.Name, strings.TrimSuffix(cell(a.Summary), "."), a.Grade)
	switch {
	case a.IsLook():
		b.WriteString(".\n")
	case a.Undo != nil && a.Back != "":
		fmt.Fprintf(b, ". Undo: %s.\n", cell(strings.TrimSuffix(a.Back, ".")))
	case a.Undo != nil:
		b.WriteString(". Undo: yes.\n")
	default:
		b.WriteString(". Undo: no.\n")
	}
	if a.Settle > 0 {
		fmt.Fprintf(b, "\nIts effect is watched for up to %s; the run waits for it.\n", short(a.Settle))
	}
	if len(a.Checks) > 0 {
		fmt.Fprintf(b, "\nChecked before it: %s.\n", cell(strings.Join(a.Checks, "; ")))
	}
	if a.Rights != "" {
		fmt.Fprintf(b, "\nRights: %s.\n", cell(strings.TrimSuffix(a.Rights, ".")))
	}
	writeFields(b, "parameter", a.Params)
	writeFields(b, "output", a.Output)
	if a.IsLook() {
		if rows, ok := rowsOf(a); ok {
			writeFields(b, "column of a row", rows.Columns)
		}
	}
}

func writeFields(b *strings.Builder, title string, list []integrations.Field) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| %s | type | |\n|---|---|---|\n", title)
	for _, f := range list {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, f.Kind, cell(about(f)))
	}
}

func about(f integrations.Field) string {
	var parts []string
	if f.Say != "" {
		parts = append(parts, f.Say)
	}
	switch {
	case f.Default != nil:
		parts = append(parts, fmt.Sprintf("default %v", f.Default))
	case f.Required:
		parts = append(parts, "required")
	}
	if len(f.OneOf) > 0 {
		parts = append(parts, "one of "+strings.Join(f.OneOf, ", "))
	}
	if f.Match != "" {
		parts = append(parts, "matches `"+f.Match+"`")
	}
	return strings.Join(parts, "; ")
}

// cell keeps a text inside its cell of a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
