package slack

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

var menus = []string{
	"static_select", "external_select", "users_select", "conversations_select", "channels_select",
	"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
}

var pickers = []string{"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"}

var (
	actionElements = append(append([]string{"button", "overflow", "workflow_button"}, menus...), pickers...)
	inputElements  = append(append([]string{"plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input", "file_input"}, menus...), pickers...)
)

func (k *check) elements(at string, b object, most int, allowed []string) {
	all, _ := b["elements"].([]any)
	if len(all) == 0 {
		k.wrong(at+"/elements", "must have at least 1 item")
	}
	if len(all) > most {
		k.wrong(at+"/elements", "no more than %d items allowed", most)
	}
	for n, v := range all {
		e, ok := v.(object)
		if !ok {
			k.wrong(fmt.Sprintf("%s/elements/%d", at, n), "must be an object")
			continue
		}
		k.element(fmt.Sprintf("%s/elements/%d", at, n), e, allowed)
	}
}

func (k *check) element(at string, e object, allowed []string) {
	kind, _ := e["type"].(string)
	if !slices.Contains(allowed, kind) {
		k.wrong(at+"/type", "unsupported type: %s", kind)
		return
	}
	if kind == "image" {
		k.image(at, e)
		return
	}
	k.actionID(at, e)
	if v := e["confirm"]; v != nil {
		k.confirm(at+"/confirm", v)
	}
	switch {
	case kind == "button":
		k.button(at, e)
	case kind == "overflow":
		k.options(at, e, 1, 5)
	case strings.HasSuffix(kind, "static_select"):
		k.placeholder(at, e)
		k.groups(at, e)
	case kind == "checkboxes" || kind == "radio_buttons":
		k.options(at, e, 1, 10)
	case slices.Contains(menus, kind):
		k.placeholder(at, e)
	case kind == "plain_text_input":
		k.textInput(at, e)
	}
}

func (k *check) actionID(at string, e object) {
	id, _ := e["action_id"].(string)
	if id == "" {
		return
	}
	if utf8.RuneCountInString(id) > 255 {
		k.wrong(at+"/action_id", "must be less than 256 characters")
	}
	if k.actions[id] {
		k.wrong(at+"/action_id", "`action_id` %s already exists", id)
	}
	k.actions[id] = true
}

func (k *check) confirm(at string, v any) {
	o, ok := v.(object)
	if !ok {
		k.wrong(at, "must be an object")
		return
	}
	k.text(at+"/title", o["title"], 100, true, "plain_text")
	k.text(at+"/text", o["text"], 300, true, "plain_text", "mrkdwn")
	k.text(at+"/confirm", o["confirm"], 30, true, "plain_text")
	k.text(at+"/deny", o["deny"], 30, true, "plain_text")
}

func (k *check) button(at string, e object) {
	k.text(at+"/text", e["text"], 75, true, "plain_text")
	if v, _ := e["value"].(string); utf8.RuneCountInString(v) > 2000 {
		k.wrong(at+"/value", "must be less than 2001 characters")
	}
	if v, _ := e["url"].(string); len(v) > 3000 {
		k.wrong(at+"/url", "must be less than 3001 characters")
	}
	if v, ok := e["style"]; ok && v != "primary" && v != "danger" {
		k.wrong(at+"/style", "must be a valid enum value")
	}
	if v, _ := e["accessibility_label"].(string); utf8.RuneCountInString(v) > 75 {
		k.wrong(at+"/accessibility_label", "must be less than 76 characters")
	}
}

func (k *check) placeholder(at string, e object) {
	k.text(at+"/placeholder", e["placeholder"], 150, false, "plain_text")
}

// groups checks the options of a menu, which may stand in groups.
func (k *check) groups(at string, e object) {
	all, ok := e["option_groups"].([]any)
	if !ok {
		k.options(at, e, 1, 100)
		return
	}
	if len(all) == 0 || len(all) > 100 {
		k.wrong(at+"/option_groups", "must have 1 to 100 items")
	}
	for n, v := range all {
		g, _ := v.(object)
		where := fmt.Sprintf("%s/option_groups/%d", at, n)
		k.text(where+"/label", g["label"], 75, true, "plain_text")
		k.options(where, g, 1, 100)
	}
}

func (k *check) options(at string, e object, least, most int) {
	all, _ := e["options"].([]any)
	if len(all) < least {
		k.wrong(at+"/options", "must have at least %d item", least)
	}
	if len(all) > most {
		k.wrong(at+"/options", "no more than %d items allowed", most)
	}
	for n, v := range all {
		o, _ := v.(object)
		where := fmt.Sprintf("%s/options/%d", at, n)
		k.text(where+"/text", o["text"], 75, true, "plain_text", "mrkdwn")
		value, _ := o["value"].(string)
		if value == "" {
			k.wrong(where+"/value", "must be more than 0 characters")
		}
		if utf8.RuneCountInString(value) > 150 {
			k.wrong(where+"/value", "must be less than 151 characters")
		}
		if o["description"] != nil {
			k.text(where+"/description", o["description"], 75, false, "plain_text", "mrkdwn")
		}
	}
}

func (k *check) textInput(at string, e object) {
	k.placeholder(at, e)
	most := 3000.0
	if v, ok := e["max_length"].(float64); ok {
		if v < 1 || v > 3000 {
			k.wrong(at+"/max_length", "must be between 1 and 3000")
		}
		most = v
	}
	if v, ok := e["min_length"].(float64); ok && (v < 0 || v > 3000 || v > most) {
		k.wrong(at+"/min_length", "must be between 0 and 3000")
	}
	if v, _ := e["initial_value"].(string); float64(utf8.RuneCountInString(v)) > most {
		k.wrong(at+"/initial_value", "must be less than %d characters", int(most)+1)
	}
}

func (k *check) input(at string, b object) {
	k.text(at+"/label", b["label"], 2000, true, "plain_text")
	k.text(at+"/hint", b["hint"], 2000, false, "plain_text")
	e, ok := b["element"].(object)
	if !ok {
		k.wrong(at+"/element", "missing required field: element")
		return
	}
	k.element(at+"/element", e, inputElements)
}
