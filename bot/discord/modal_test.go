package discord

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
)

// fiveFields is the widest form that there is.
func fiveFields() chat.Form {
	options := []chat.Choice{{Value: "investigating", Label: "investigating"}, {Value: "identified", Label: "identified"}}
	return chat.Form{Title: "Update INC-42", Submit: "submit-5", Label: "Write update", Note: "Readers do not know your words", Fields: []chat.Field{
		{Name: "state", Label: "State", Type: chat.FieldOne, Required: true, Value: "identified", Options: options},
		{Name: "impact", Label: "Users see", Type: chat.FieldArea, Required: true, Value: "Paying fails.", Max: 400},
		{Name: "doing", Label: "We are doing", Type: chat.FieldText, Max: 400},
		{Name: "pods", Label: "Pods", Type: chat.FieldMany, Options: options, Value: []any{"investigating"}},
		{Name: "next", Label: "Next update in a label that is far too long for Discord to take", Type: chat.FieldText, Hint: "30m"},
	}}
}

func TestModalGolden(t *testing.T) {
	raw, err := json.Marshal(newModal(fiveFields()))
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	compare(t, "modal.json", pretty.Bytes())
}

func TestFilled(t *testing.T) {
	const sent = `[{"type":18,"component":{"type":3,"custom_id":"state","values":["identified"]}},
		{"type":18,"component":{"type":4,"custom_id":"impact","value":"Paying fails."}},
		{"type":18,"component":{"type":3,"custom_id":"pods[]","values":["a","b"]}},
		{"type":18,"component":{"type":3,"custom_id":"none[]","values":[]}},
		{"type":1,"components":[{"type":4,"custom_id":"old","value":"style"}]},{"type":10}]`
	var all []component
	if err := json.Unmarshal([]byte(sent), &all); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"state": "identified", "impact": "Paying fails.", "pods": []string{"a", "b"}, "none": []string{}, "old": "style"}
	if diff := cmp.Diff(want, filled(all)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyOptions(t *testing.T) {
	f := chat.Field{Name: "one", Label: "Which", Type: chat.FieldOne}
	for range 40 {
		f.Options = append(f.Options, chat.Choice{Value: "v", Label: "l"})
	}
	c := choice(f)
	if len(c.Options) != maxOptions || c.Placeholder == "" {
		t.Errorf("got %d options and the hint %q", len(c.Options), c.Placeholder)
	}
	if w := newModal(chat.Form{Title: "x", Fields: []chat.Field{{Name: "a", Label: "a", Type: chat.FieldOne}}}); w.Components[0].Component.Type != typeInput {
		t.Error("a choice without options must be typed")
	}
}
