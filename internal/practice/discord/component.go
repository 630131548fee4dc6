package discord

import (
	"encoding/json"
	"fmt"
)

// Types of components.
const (
	compRow          = 1
	compButton       = 2
	compSelect       = 3
	compInput        = 4
	compUserSelect   = 5
	compRoleSelect   = 6
	compMention      = 7
	compChannel      = 8
	compSection      = 9
	compText         = 10
	compThumbnail    = 11
	compMedia        = 12
	compFile         = 13
	compSeparator    = 14
	compContainer    = 17
	compLabel        = 18
	styleLink        = 5
	maxV2            = 40
	maxRows          = 5
	maxButtonsPerRow = 5
)

// component is any component; what is not of its type stays empty.
type component struct {
	Type        int         `json:"type"`
	ID          int         `json:"id"`
	CustomID    string      `json:"custom_id"`
	Label       string      `json:"label"`
	Description string      `json:"description"`
	Style       int         `json:"style"`
	URL         string      `json:"url"`
	Disabled    bool        `json:"disabled"`
	Placeholder string      `json:"placeholder"`
	MinValues   *int        `json:"min_values"`
	MaxValues   *int        `json:"max_values"`
	MinLength   *int        `json:"min_length"`
	MaxLength   *int        `json:"max_length"`
	Required    *bool       `json:"required"`
	Value       string      `json:"value"`
	Content     string      `json:"content"`
	Emoji       *object     `json:"emoji"`
	Options     []selection `json:"options"`
	Components  []component `json:"components"`
	Component   *component  `json:"component"`
	Accessory   *component  `json:"accessory"`
}

type selection struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description"`
	Default     bool   `json:"default"`
}

// checker walks through components of one message or modal.
type checker struct {
	*form
	seen  map[string]bool
	v2    bool
	total int
}

func readComponents(f *form, raw []json.RawMessage) []component {
	var out []component
	for n, one := range raw {
		var c component
		if err := json.Unmarshal(one, &c); err != nil {
			f.bad(fmt.Sprintf("components.%d", n), "UNION_TYPE_CHOICES", "Value of field \"type\" does not fit the component.")
			continue
		}
		out = append(out, c)
	}
	return out
}

// checkComponents knows the layout of messages.
func checkComponents(f *form, raw []json.RawMessage, v2 bool) {
	k := &checker{form: f, seen: map[string]bool{}, v2: v2}
	if !v2 && len(raw) > maxRows {
		f.bad("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
	}
	for n, c := range readComponents(f, raw) {
		k.top(fmt.Sprintf("components.%d", n), c)
	}
	if v2 && k.total > maxV2 {
		f.bad("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum number of total components (40) was exceeded")
	}
}

func (k *checker) top(at string, c component) {
	k.total++
	if c.Type == compRow {
		k.row(at, c)
		return
	}
	if !k.v2 {
		k.choices(at+".type", "1,")
		return
	}
	switch c.Type {
	case compText:
		k.length(at+".content", c.Content, 1, 4000)
	case compContainer, compSection:
		for n, inner := range c.Components {
			k.top(fmt.Sprintf("%s.components.%d", at, n), inner)
		}
		if c.Accessory != nil {
			k.leaf(at+".accessory", *c.Accessory)
		}
	case compThumbnail, compMedia, compFile, compSeparator:
	default:
		k.choices(at+".type", "1, 9, 10, 12, 13, 14, 17")
	}
}

func (k *checker) row(at string, c component) {
	k.count(at+".components", len(c.Components), 1, maxButtonsPerRow)
	selects := 0
	for n, inner := range c.Components {
		k.total++
		k.leaf(fmt.Sprintf("%s.components.%d", at, n), inner)
		if inner.Type != compButton {
			selects++
		}
	}
	if selects > 0 && len(c.Components) > 1 {
		k.bad(at+".components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
	}
}

func (k *checker) leaf(at string, c component) {
	switch c.Type {
	case compButton:
		k.button(at, c)
	case compSelect:
		k.choice(at, c)
	case compUserSelect, compRoleSelect, compMention, compChannel:
		k.customID(at, c)
		k.values(at, c, 25)
	case compThumbnail:
	default:
		k.choices(at+".type", "2, 3, 5, 6, 7, 8")
	}
}

func (k *checker) customID(at string, c component) {
	k.length(at+".custom_id", c.CustomID, 1, 100)
	if c.CustomID != "" && k.seen[c.CustomID] {
		k.bad(at+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
	}
	k.seen[c.CustomID] = true
}

func (k *checker) button(at string, c component) {
	k.length(at+".label", c.Label, 0, 80)
	if c.Label == "" && c.Emoji == nil {
		k.bad(at, "BUTTON_COMPONENT_INVALID_EMOJI", "A button must have a label or an emoji.")
	}
	switch {
	case c.Style == styleLink:
		k.length(at+".url", c.URL, 1, 512)
		k.link(at+".url", c.URL)
		if c.CustomID != "" {
			k.bad(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified")
		}
	case c.Style >= 1 && c.Style <= 4:
		k.customID(at, c)
		if c.URL != "" {
			k.bad(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified")
		}
	default:
		k.choices(at+".style", "1, 2, 3, 4, 5, 6")
	}
}

func (k *checker) choice(at string, c component) {
	k.customID(at, c)
	k.length(at+".placeholder", c.Placeholder, 0, 150)
	k.count(at+".options", len(c.Options), 1, 25)
	k.values(at, c, len(c.Options))
	values, chosen := map[string]bool{}, 0
	for n, o := range c.Options {
		here := fmt.Sprintf("%s.options.%d", at, n)
		k.length(here+".label", o.Label, 1, 100)
		k.length(here+".value", o.Value, 1, 100)
		k.length(here+".description", o.Description, 0, 100)
		if values[o.Value] {
			k.bad(here+".value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		values[o.Value] = true
		if o.Default {
			chosen++
		}
	}
	if most := orElse(c.MaxValues, 1); chosen > most {
		k.bad(at+".options", "SELECT_COMPONENT_MAX_DEFAULT_VALUES", "More defaults than may be chosen")
	}
}

func (k *checker) values(at string, c component, most int) {
	low, high := orElse(c.MinValues, 1), orElse(c.MaxValues, 1)
	if low < 0 || low > 25 {
		k.bad(at+".min_values", "NUMBER_TYPE_MAX", "int value should be between 0 and 25.")
	}
	if high < 1 || high > 25 || high > most || high < low {
		k.bad(at+".max_values", "BASE_TYPE_BAD_INT", fmt.Sprintf("int value should be between %d and %d.", max(1, low), min(25, most)))
	}
}

func orElse[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
