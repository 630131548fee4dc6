package discord

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Types of commands and their options.
const (
	cmdSlash   = 1
	cmdUser    = 2
	cmdMessage = 3

	optSub     = 1
	optGroup   = 2
	optString  = 3
	optInteger = 4
	optBool    = 5
	optUser    = 6
	optChannel = 7
	optRole    = 8
	optMention = 9
	optNumber  = 10
	optFile    = 11
)

// command is a registered command.
type command struct {
	id, version string
	Type        int      `json:"type"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Options     []option `json:"options"`
	Rights      *string  `json:"default_member_permissions"`
	raw         json.RawMessage
}

// option of a command, or a command below it.
type option struct {
	Type         int             `json:"type"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Required     bool            `json:"required"`
	Options      []option        `json:"options"`
	Choices      []commandChoice `json:"choices"`
	Autocomplete bool            `json:"autocomplete"`
	MinLength    *int            `json:"min_length"`
	MaxLength    *int            `json:"max_length"`
	MinValue     *float64        `json:"min_value"`
	MaxValue     *float64        `json:"max_value"`
}

type commandChoice struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Command is a registered command, for tests.
type Command struct {
	ID, Name, Description string
	Type                  int
	Raw                   json.RawMessage // as it was registered
}

// Commands are what is registered.
func (d *Discord) Commands() []Command {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Command
	for _, c := range d.commands {
		out = append(out, Command{ID: c.id, Name: c.Name, Description: c.Description, Type: c.Type, Raw: c.raw})
	}
	return out
}

var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

func (f *form) commandName(path, name string) {
	if !commandName.MatchString(name) || strings.ToLower(name) != name {
		f.bad(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
}

func (c *command) check(f *form, at string) {
	if c.Type == cmdUser || c.Type == cmdMessage {
		f.length(at+".name", c.Name, 1, 32)
		if c.Description != "" {
			f.bad(at+".description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", "Context menu commands cannot have description")
		}
		if len(c.Options) > 0 {
			f.bad(at+".options", "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", "Context menu commands cannot have options")
		}
		return
	}
	if c.Type != cmdSlash {
		f.choices(at+".type", "1, 2, 3, 4")
	}
	f.commandName(at+".name", c.Name)
	f.length(at+".description", c.Description, 1, 100)
	sum := len([]rune(c.Name + c.Description))
	checkOptions(f, at+".options", c.Options, 0, &sum)
	if sum > 8000 {
		f.bad(at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
	}
}

// checkOptions knows one level of options; depth is 0 below the command itself.
func checkOptions(f *form, at string, options []option, depth int, sum *int) {
	if len(options) > 25 {
		f.bad(at, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	names, optional, subs := map[string]bool{}, false, 0
	for n, o := range options {
		here := fmt.Sprintf("%s.%d", at, n)
		f.commandName(here+".name", o.Name)
		f.length(here+".description", o.Description, 1, 100)
		*sum += len([]rune(o.Name + o.Description))
		if names[o.Name] {
			f.bad(here, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name is already in use")
		}
		names[o.Name] = true
		if o.Required && optional {
			f.bad(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
		}
		optional = optional || !o.Required
		if o.Type == optSub || o.Type == optGroup {
			subs++
		}
		o.check(f, here, depth, sum)
	}
	if subs > 0 && subs < len(options) {
		f.bad(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
}

func (o option) check(f *form, at string, depth int, sum *int) {
	switch {
	case o.Type < optSub || o.Type > optFile:
		f.choices(at+".type", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11")
	case o.Type == optGroup && depth > 0, o.Type == optSub && depth > 1:
		f.bad(at+".type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command groups cannot be nested")
	case o.Type == optSub || o.Type == optGroup:
		if o.Required {
			f.bad(at+".required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Sub-commands cannot be required")
		}
		next := depth + 1
		if o.Type == optSub {
			next = 2
		}
		checkOptions(f, at+".options", o.Options, next, sum)
	case len(o.Options) > 0:
		f.bad(at+".options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only sub-commands have options")
	}
	if len(o.Choices) > 25 {
		f.bad(at+".choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	if o.Autocomplete && len(o.Choices) > 0 {
		f.bad(at, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "Choices and autocomplete are mutually exclusive")
	}
	if o.Autocomplete && o.Type != optString && o.Type != optInteger && o.Type != optNumber {
		f.bad(at+".autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE", "Only strings and numbers can be completed")
	}
	for n, c := range o.Choices {
		here := fmt.Sprintf("%s.choices.%d", at, n)
		f.length(here+".name", c.Name, 1, 100)
		if text, ok := c.Value.(string); ok {
			f.length(here+".value", text, 0, 100)
			*sum += len([]rune(text))
		}
		*sum += len([]rune(c.Name))
	}
}

func (d *Discord) putCommands(c *call) (int, any, error) {
	var raw []json.RawMessage
	if err := decode(c.body, &raw); err != nil {
		return 0, nil, err
	}
	f, fresh := &form{}, []*command{}
	names, kinds := map[string]bool{}, map[int]int{}
	for n, one := range raw {
		k := &command{raw: one, Type: cmdSlash}
		if err := json.Unmarshal(one, k); err != nil {
			f.bad(fmt.Sprint(n), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
			continue
		}
		k.check(f, fmt.Sprint(n))
		key := fmt.Sprint(k.Type, k.Name)
		if names[key] {
			f.bad(fmt.Sprint(n), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		names[key] = true
		kinds[k.Type]++
		fresh = append(fresh, k)
	}
	if kinds[cmdSlash] > 100 || kinds[cmdUser] > 15 || kinds[cmdMessage] > 15 {
		f.bad("_", "APPLICATION_COMMAND_TOO_MANY", "Maximum number of application commands reached")
	}
	if err := f.err(); err != nil {
		return 0, nil, err
	}
	d.adopt(fresh)
	return d.getCommands(c)
}

// adopt replaces the commands; those that were there keep their ids.
func (d *Discord) adopt(fresh []*command) {
	for _, k := range fresh {
		k.id, k.version = d.newID(), d.newID()
		for _, old := range d.commands {
			if old.Name == k.Name && old.Type == k.Type {
				k.id = old.id
			}
		}
	}
	d.commands = fresh
}

func (d *Discord) getCommands(*call) (int, any, error) {
	out := []any{}
	for _, k := range d.commands {
		out = append(out, d.commandJSON(k))
	}
	return http.StatusOK, out, nil
}

func (d *Discord) commandJSON(k *command) object {
	out := object{"default_member_permissions": nil, "description": "", "nsfw": false, "dm_permission": true, "contexts": nil, "integration_types": []int{0}}
	_ = json.Unmarshal(k.raw, &out) // it was read before
	out["id"], out["application_id"], out["version"], out["guild_id"], out["type"] = k.id, d.o.ApplicationID, k.version, d.world.id, k.Type
	return out
}

func (d *Discord) getGlobalCommands(_ *call) (int, any, error) {
	return http.StatusOK, []any{}, nil
}

// find looks for a command and the options of what was chosen below it.
func (d *Discord) findCommand(kind int, path []string) (*command, []option, error) {
	n := slices.IndexFunc(d.commands, func(k *command) bool { return k.Type == kind && k.Name == path[0] })
	if n < 0 {
		return nil, nil, fmt.Errorf("there is no command %q", path[0])
	}
	options := d.commands[n].Options
	for _, name := range path[1:] {
		i := slices.IndexFunc(options, func(o option) bool { return o.Name == name && (o.Type == optSub || o.Type == optGroup) })
		if i < 0 {
			return nil, nil, fmt.Errorf("%q has no command %q below it", path[0], name)
		}
		options = options[i].Options
	}
	if slices.ContainsFunc(options, func(o option) bool { return o.Type == optSub || o.Type == optGroup }) {
		return nil, nil, fmt.Errorf("%q needs one of the commands below it", strings.Join(path, " "))
	}
	return d.commands[n], options, nil
}

// commandWords takes "/mayday run" apart.
func commandWords(name string) []string {
	return strings.FieldsFunc(strings.TrimPrefix(name, "/"), unicode.IsSpace)
}
