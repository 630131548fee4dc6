package discord

import (
	"encoding/json"
	"fmt"
)

// modalDraft is a form as a caller writes it.
type modalDraft struct {
	Title      string            `json:"title"`
	CustomID   string            `json:"custom_id"`
	Components []json.RawMessage `json:"components"`
}

// check is the vendor's validation of a modal.
func (m modalDraft) check() error {
	f := &form{}
	k := &checker{form: f, seen: map[string]bool{}}
	f.length("data.title", m.Title, 1, 45)
	f.length("data.custom_id", m.CustomID, 1, 100)
	f.count("data.components", len(m.Components), 1, 5)
	for n, c := range readComponents(f, m.Components) {
		k.modalTop(fmt.Sprintf("data.components.%d", n), c)
	}
	return f.err()
}

// modalTop is a label with one component, a text, or the old row with one input.
func (k *checker) modalTop(at string, c component) {
	switch c.Type {
	case compRow:
		k.count(at+".components", len(c.Components), 1, 1)
		for n, inner := range c.Components {
			here := fmt.Sprintf("%s.components.%d", at, n)
			if inner.Type != compInput {
				k.choices(here+".type", "4,")
				continue
			}
			k.length(here+".label", inner.Label, 1, 45)
			k.input(here, inner)
		}
	case compLabel:
		k.length(at+".label", c.Label, 1, 45)
		k.length(at+".description", c.Description, 0, 100)
		k.labelled(at+".component", c.Component)
	case compText:
		k.length(at+".content", c.Content, 1, 4000)
	default:
		k.choices(at+".type", "1, 10, 18")
	}
}

func (k *checker) labelled(at string, c *component) {
	if c == nil {
		k.required(at)
		return
	}
	switch c.Type {
	case compInput:
		if c.Label != "" {
			k.bad(at+".label", "COMPONENT_LABEL_NOT_ALLOWED", "A text input in a label has no label of its own")
		}
		k.input(at, *c)
	case compSelect:
		k.choice(at, *c)
	case compUserSelect, compRoleSelect, compMention, compChannel:
		k.customID(at, *c)
		k.values(at, *c, 25)
	default:
		k.choices(at+".type", "3, 4, 5, 6, 7, 8, 19, 21, 22, 23")
	}
}

func (k *checker) input(at string, c component) {
	k.customID(at, c)
	if c.Style != 1 && c.Style != 2 {
		k.choices(at+".style", "1, 2")
	}
	low, high := orElse(c.MinLength, 0), orElse(c.MaxLength, 4000)
	if low < 0 || low > 4000 {
		k.bad(at+".min_length", "NUMBER_TYPE_MAX", "int value should be between 0 and 4000.")
	}
	if high < 1 || high > 4000 || high < low {
		k.bad(at+".max_length", "NUMBER_TYPE_MAX", "int value should be between 1 and 4000.")
	}
	k.length(at+".placeholder", c.Placeholder, 0, 100)
	k.length(at+".value", c.Value, 0, high)
}
