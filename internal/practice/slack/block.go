package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// surface is where blocks are shown.
type surface string

const (
	surfaceMessage surface = "message"
	surfaceModal   surface = "modal"
	surfaceHome    surface = "home"
)

// sumMost is the sum of characters over all blocks that the vendor was seen to
// take.
const sumMost = 13200

// blockTypes are those that a surface shows.
var blockTypes = map[string][]surface{
	"section": {surfaceMessage, surfaceModal, surfaceHome}, "divider": {surfaceMessage, surfaceModal, surfaceHome},
	"context": {surfaceMessage, surfaceModal, surfaceHome}, "actions": {surfaceMessage, surfaceModal, surfaceHome},
	"header": {surfaceMessage, surfaceModal, surfaceHome}, "image": {surfaceMessage, surfaceModal, surfaceHome},
	"input": {surfaceMessage, surfaceModal, surfaceHome}, "rich_text": {surfaceMessage, surfaceModal, surfaceHome},
}

// check finds what is wrong with blocks.
type check struct {
	surface  surface
	root     string // of the pointers: "" or "/view"
	messages []string
	ids      map[string]bool // block_id
	actions  map[string]bool // action_id within the surface
	sum      int
}

func (k *check) wrong(pointer, format string, args ...any) {
	k.messages = append(k.messages, fmt.Sprintf("[ERROR] "+format, args...)+" [json-pointer:"+k.root+pointer+"]")
}

// readBlocks checks blocks, and gives those without ids some, as the vendor does.
func readBlocks(raw json.RawMessage, on surface) ([]object, error) {
	var blocks []object
	if json.Unmarshal(raw, &blocks) != nil {
		return nil, refuse("invalid_blocks_format")
	}
	k := &check{surface: on, ids: map[string]bool{}, actions: map[string]bool{}}
	most, name := 50, "invalid_blocks"
	if on != surfaceMessage {
		most, name, k.root = 100, "invalid_arguments", "/view"
	}
	if len(blocks) > most {
		k.wrong("/blocks", "no more than %d items allowed", most)
	}
	for n, b := range blocks {
		k.block(fmt.Sprintf("/blocks/%d", n), b)
	}
	if len(k.messages) > 0 {
		return nil, refuse(name, k.messages...)
	}
	if k.sum > sumMost && on == surfaceMessage {
		return nil, refuse("msg_blocks_too_long")
	}
	serial := 0
	for _, b := range blocks {
		fillIDs(b, &serial)
	}
	return blocks, nil
}

func (k *check) block(at string, b object) {
	kind, _ := b["type"].(string)
	where, ok := blockTypes[kind]
	if !ok || !slices.Contains(where, k.surface) {
		k.wrong(at+"/type", "unsupported type: %s", kind)
		return
	}
	k.blockID(at, b)
	switch kind {
	case "section":
		k.section(at, b)
	case "context":
		k.context(at, b)
	case "actions":
		k.elements(at, b, 25, actionElements)
	case "header":
		k.text(at+"/text", b["text"], 150, true, "plain_text")
	case "image":
		k.image(at, b)
	case "input":
		k.input(at, b)
	case "rich_text":
		k.sum += richLength(b)
	}
}

func (k *check) blockID(at string, b object) {
	id, ok := b["block_id"].(string)
	if !ok || id == "" {
		return
	}
	if utf8.RuneCountInString(id) > 255 {
		k.wrong(at+"/block_id", "must be less than 256 characters")
	}
	if k.ids[id] {
		k.wrong(at+"/block_id", "`block_id` %s already exists", id)
	}
	k.ids[id] = true
}

// text checks a text object; it counts towards the sum.
func (k *check) text(at string, v any, most int, needed bool, kinds ...string) {
	if v == nil {
		if needed {
			k.wrong(at, "missing required field: text")
		}
		return
	}
	o, ok := v.(object)
	if !ok {
		k.wrong(at, "must be an object")
		return
	}
	kind, _ := o["type"].(string)
	if !slices.Contains(kinds, kind) {
		k.wrong(at+"/type", "must be a valid enum value")
	}
	text, _ := o["text"].(string)
	n := utf8.RuneCountInString(text)
	if n == 0 {
		k.wrong(at+"/text", "must be more than 0 characters")
	}
	if n > most {
		k.wrong(at+"/text", "must be less than %d characters", most+1)
	}
	if _, emoji := o["emoji"]; emoji && kind == "mrkdwn" {
		k.wrong(at+"/emoji", "unexpected field: emoji")
	}
	if _, verbatim := o["verbatim"]; verbatim && kind == "plain_text" {
		k.wrong(at+"/verbatim", "unexpected field: verbatim")
	}
	k.sum += n
}

func (k *check) section(at string, b object) {
	fields, has := b["fields"].([]any)
	if b["text"] == nil && !has {
		k.wrong(at, "must provide either `text` or `fields`")
	}
	k.text(at+"/text", b["text"], 3000, false, "plain_text", "mrkdwn")
	if len(fields) > 10 {
		k.wrong(at+"/fields", "no more than 10 items allowed")
	}
	for n, f := range fields {
		k.text(fmt.Sprintf("%s/fields/%d", at, n), f, 2000, true, "plain_text", "mrkdwn")
	}
	if a, ok := b["accessory"].(object); ok {
		k.element(at+"/accessory", a, append([]string{"image"}, actionElements...))
	}
}

func (k *check) context(at string, b object) {
	all, _ := b["elements"].([]any)
	if len(all) == 0 {
		k.wrong(at+"/elements", "must have at least 1 item")
	}
	if len(all) > 10 {
		k.wrong(at+"/elements", "no more than 10 items allowed")
	}
	for n, v := range all {
		where := fmt.Sprintf("%s/elements/%d", at, n)
		if o, ok := v.(object); ok && o["type"] == "image" {
			k.image(where, o)
			continue
		}
		k.text(where, v, 3000, true, "plain_text", "mrkdwn")
	}
}

func (k *check) image(at string, b object) {
	address, _ := b["image_url"].(string)
	if address == "" && b["slack_file"] == nil {
		k.wrong(at, "missing required field: image_url")
	}
	if len(address) > 3000 {
		k.wrong(at+"/image_url", "must be less than 3001 characters")
	}
	if alt, _ := b["alt_text"].(string); alt == "" {
		k.wrong(at+"/alt_text", "missing required field: alt_text")
	}
}

// fillIDs names blocks and elements that have no name.
func fillIDs(b object, serial *int) {
	name := func(o object, key string) {
		if v, _ := o[key].(string); v == "" {
			*serial++
			o[key] = fmt.Sprintf("auto%d", *serial)
		}
	}
	name(b, "block_id")
	for _, e := range elementsOf(b) {
		if e["type"] != "image" && e["type"] != "plain_text" && e["type"] != "mrkdwn" && b["type"] != "rich_text" {
			name(e, "action_id")
		}
	}
}

// elementsOf are the elements of a block: of actions, the accessory, the input.
func elementsOf(b object) []object {
	var out []object
	if all, ok := b["elements"].([]any); ok && b["type"] == "actions" {
		for _, v := range all {
			if e, ok := v.(object); ok {
				out = append(out, e)
			}
		}
	}
	for _, key := range []string{"accessory", "element"} {
		if e, ok := b[key].(object); ok {
			out = append(out, e)
		}
	}
	return out
}

// richLength counts the characters of rich text.
func richLength(v any) int {
	n := 0
	switch v := v.(type) {
	case object:
		if text, ok := v["text"].(string); ok {
			n += utf8.RuneCountInString(text)
		}
		n += richLength(v["elements"])
	case []any:
		for _, one := range v {
			n += richLength(one)
		}
	}
	return n
}
