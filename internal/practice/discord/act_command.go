package discord

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Command types a slash command: "mayday", or "mayday run" for one below it. The
// options are by name; ids stand for people, channels and roles.
func (d *Discord) Command(ctx context.Context, user, channel, name string, options map[string]string) (Seen, error) {
	in, err := d.typed(kindCommand, user, channel, name, options, "")
	if err != nil {
		return Seen{}, err
	}
	return d.deliver(ctx, in)
}

// Autocomplete types the beginning of an option and answers the suggestions.
func (d *Discord) Autocomplete(ctx context.Context, user, channel, name, option, prefix string, others map[string]string) ([]Choice, error) {
	all := map[string]string{option: prefix}
	for k, v := range others {
		all[k] = v
	}
	in, err := d.typed(kindAutocomplete, user, channel, name, all, option)
	if err != nil {
		return nil, err
	}
	seen, err := d.deliver(ctx, in)
	return seen.Choices, err
}

func (d *Discord) typed(kind int, user, channel, name string, given map[string]string, focused string) (*interaction, error) {
	path := commandWords(name)
	if len(path) == 0 {
		return nil, fmt.Errorf("no command was typed")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.present(user, channel); err != nil {
		return nil, err
	}
	k, options, err := d.findCommand(cmdSlash, path)
	if err != nil {
		return nil, err
	}
	if err := d.mayUse(user, channel, k); err != nil {
		return nil, err
	}
	resolved := object{}
	values, err := d.fill(options, given, focused, resolved)
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", strings.Join(path, " "), err)
	}
	data := object{"id": k.id, "name": k.Name, "type": cmdSlash, "guild_id": d.world.id}
	if nested := nest(k.Options, path[1:], values); len(nested) > 0 {
		data["options"] = nested
	}
	if len(resolved) > 0 {
		data["resolved"] = resolved
	}
	in := d.begin(kind, user, channel, "/"+strings.Join(path, " "))
	return in, d.write(in, data)
}

// present looks that both are there.
func (d *Discord) present(user, channel string) error {
	if _, err := d.world.mustPerson(user); err != nil {
		return err
	}
	_, err := d.world.mustChannel(channel)
	return err
}

// mayUse knows where and by whom a command can be used.
func (d *Discord) mayUse(user, channel string, k *command) error {
	p, c := d.world.person(user), d.world.channel(channel)
	if !d.world.member {
		return fmt.Errorf("the bot is not in this server, so its commands are not offered")
	}
	if c.archived {
		return fmt.Errorf("commands cannot be used in an archived thread")
	}
	rights := d.world.rights(p, c)
	if !rights.has(UseCommands) {
		return fmt.Errorf("%s may not use commands here", p.name)
	}
	if k.Rights == nil {
		return nil
	}
	need, err := strconv.ParseUint(*k.Rights, 10, 64)
	if err == nil && (need == 0 || !rights.has(Permission(need))) && !rights.has(Administrator) {
		return fmt.Errorf("the command %q is not offered to %s", k.Name, p.name)
	}
	return nil
}

// nest puts the values below the commands that were chosen.
func nest(options []option, path []string, values []object) []object {
	if len(path) == 0 {
		return values
	}
	n := slices.IndexFunc(options, func(o option) bool { return o.Name == path[0] })
	below := nest(options[n].Options, path[1:], values)
	return []object{{"name": path[0], "type": options[n].Type, "options": list(below)}}
}

// fill checks the options given against those registered.
func (d *Discord) fill(options []option, given map[string]string, focused string, resolved object) ([]object, error) {
	var out []object
	left := len(given)
	for _, o := range options {
		text, ok := given[o.Name]
		if !ok {
			if o.Required && focused == "" {
				return nil, fmt.Errorf("the option %q is required", o.Name)
			}
			continue
		}
		left--
		one := object{"name": o.Name, "type": o.Type}
		if o.Name == focused {
			if !o.Autocomplete {
				return nil, fmt.Errorf("the option %q does not complete", o.Name)
			}
			one["value"], one["focused"] = text, true
			out = append(out, one)
			continue
		}
		value, err := d.value(o, text, resolved)
		if err != nil {
			return nil, fmt.Errorf("option %q: %w", o.Name, err)
		}
		one["value"] = value
		out = append(out, one)
	}
	if left > 0 {
		return nil, fmt.Errorf("there is an option among %v that was not registered", given)
	}
	return out, nil
}

func (d *Discord) value(o option, text string, resolved object) (any, error) {
	if len(o.Choices) > 0 {
		return chosen(o, text)
	}
	switch o.Type {
	case optString:
		return text, bounds(float64(len([]rune(text))), intBound(o.MinLength), intBound(o.MaxLength))
	case optInteger:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > 1<<53 || n < -(1<<53) {
			return nil, fmt.Errorf("%q is no integer", text)
		}
		return n, bounds(float64(n), o.MinValue, o.MaxValue)
	case optNumber:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return n, bounds(n, o.MinValue, o.MaxValue)
	case optBool:
		return strconv.ParseBool(text)
	case optUser, optChannel, optRole, optMention:
		return d.resolve(o.Type, text, resolved)
	}
	return nil, fmt.Errorf("options of type %d cannot be filled in", o.Type)
}

func chosen(o option, text string) (any, error) {
	for _, c := range o.Choices {
		if c.Name == text || fmt.Sprint(c.Value) == text {
			return c.Value, nil
		}
	}
	return nil, fmt.Errorf("%q is none of the choices", text)
}

func intBound(n *int) *float64 {
	if n == nil {
		return nil
	}
	out := float64(*n)
	return &out
}

func bounds(n float64, low, high *float64) error {
	if (low != nil && n < *low) || (high != nil && n > *high) {
		return fmt.Errorf("out of bounds")
	}
	return nil
}

// resolve looks up an id, by which the vendor adds the whole object.
func (d *Discord) resolve(kind int, id string, resolved object) (any, error) {
	put := func(name string, v any) {
		m, ok := resolved[name].(object)
		if !ok {
			m = object{}
			resolved[name] = m
		}
		m[id] = v
	}
	if p := d.world.person(id); p != nil && (kind == optUser || kind == optMention) {
		member := d.memberJSON(p)
		delete(member, "user")
		put("users", userJSON(p))
		put("members", member)
		return id, nil
	}
	if r := d.world.role(id); r != nil && (kind == optRole || kind == optMention) {
		put("roles", roleJSON(r))
		return id, nil
	}
	if c := d.world.channel(id); c != nil && kind == optChannel {
		put("channels", d.channelJSON(c))
		return id, nil
	}
	return nil, fmt.Errorf("%q is nobody and nothing here", id)
}

// MessageCommand uses a command of a message's menu.
func (d *Discord) MessageCommand(ctx context.Context, user, name, channel, messageID string) (Seen, error) {
	in, err := d.onMessage(user, name, channel, messageID)
	if err != nil {
		return Seen{}, err
	}
	return d.deliver(ctx, in)
}

func (d *Discord) onMessage(user, name, channel, id string) (*interaction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.present(user, channel); err != nil {
		return nil, err
	}
	k, _, err := d.findCommand(cmdMessage, []string{name})
	if err != nil {
		return nil, err
	}
	if err := d.mayUse(user, channel, k); err != nil {
		return nil, err
	}
	m := d.world.channel(channel).message(id)
	if m == nil {
		return nil, fmt.Errorf("there is no message %q in that channel", id)
	}
	in := d.begin(kindCommand, user, channel, "the message command "+name)
	return in, d.write(in, object{
		"id": k.id, "name": k.Name, "type": cmdMessage, "guild_id": d.world.id, "target_id": id,
		"resolved": object{"messages": object{id: d.messageJSON(m)}},
	})
}

// Say posts a message as a person, and answers its id.
func (d *Discord) Say(user, channel, text string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.present(user, channel); err != nil {
		return "", err
	}
	m := &message{id: d.newID(), channel: channel, author: user, content: text, at: d.now()}
	d.add(d.world.channel(channel), m)
	return m.id, nil
}
