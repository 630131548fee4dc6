package discord

import (
	"context"
	"fmt"
	"slices"
)

// Press presses a button of a message, by its custom_id or its label.
func (d *Discord) Press(ctx context.Context, user, channel, messageID, button string) (Seen, error) {
	return d.touch(ctx, user, channel, messageID, button, nil)
}

// Choose chooses values of a menu, by its custom_id or its placeholder.
func (d *Discord) Choose(ctx context.Context, user, channel, messageID, menu string, values ...string) (Seen, error) {
	return d.touch(ctx, user, channel, messageID, menu, list(values))
}

// PressEphemeral presses a button of a message that only this person sees; ""
// is the last one.
func (d *Discord) PressEphemeral(ctx context.Context, user, messageID, button string) (Seen, error) {
	return d.touch(ctx, user, "", messageID, button, nil)
}

// ChooseEphemeral chooses values of a menu that only this person sees.
func (d *Discord) ChooseEphemeral(ctx context.Context, user, messageID, menu string, values ...string) (Seen, error) {
	return d.touch(ctx, user, "", messageID, menu, list(values))
}

func (d *Discord) touch(ctx context.Context, user, channel, id, name string, values []string) (Seen, error) {
	in, err := d.touched(user, channel, id, name, values)
	if err != nil {
		return Seen{}, err
	}
	return d.deliver(ctx, in)
}

func (d *Discord) touched(user, channel, id, name string, values []string) (*interaction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.world.mustPerson(user); err != nil {
		return nil, err
	}
	m, err := d.onPhone(user, channel, id)
	if err != nil {
		return nil, err
	}
	c, err := d.seen(m).control(name, values != nil)
	if err != nil {
		return nil, err
	}
	data := object{"component_type": c.Type, "custom_id": c.CustomID, "id": c.ID}
	if values != nil {
		if err := c.accepts(values); err != nil {
			return nil, err
		}
		data["values"] = values
	}
	in := d.begin(kindComponent, user, m.channel, "a press of "+name)
	in.source = m
	return in, d.write(in, data)
}

// onPhone finds a message that this person sees.
func (d *Discord) onPhone(user, channel, id string) (*message, error) {
	own := d.ephemerals[user]
	if id == "" && channel == "" && len(own) > 0 {
		return own[len(own)-1], nil
	}
	if n := slices.IndexFunc(own, func(m *message) bool { return m.id == id }); n >= 0 {
		return own[n], nil
	}
	if c := d.world.channel(channel); c != nil {
		if m := c.message(id); m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%s sees no message %q there", d.author(user).name, id)
}

// control finds a button or a menu.
func (m Message) control(name string, menu bool) (component, error) {
	var all []string
	var found *component
	m.walk(func(c component) {
		if (c.Type == compSelect) != menu || (c.Type != compSelect && c.Type != compButton) {
			return
		}
		all = append(all, c.Label+c.Placeholder)
		if found == nil && c.Style != styleLink && slices.Contains([]string{c.CustomID, c.Label, c.Placeholder}, name) {
			found = &c
		}
	})
	if found == nil {
		return component{}, fmt.Errorf("there is no %q to press on that message, only %q", name, all)
	}
	if found.Disabled {
		return component{}, fmt.Errorf("%q cannot be pressed", name)
	}
	return *found, nil
}

// accepts looks that the values are on the menu, and that they are enough.
func (c component) accepts(values []string) error {
	menu := c.menu()
	for _, v := range values {
		if !slices.ContainsFunc(menu.Options, func(o Choice) bool { return o.Value == v }) {
			return fmt.Errorf("%q is not on the menu", v)
		}
	}
	if len(values) < menu.Min || len(values) > menu.Max {
		return fmt.Errorf("%d values were chosen, the menu takes %d to %d", len(values), menu.Min, menu.Max)
	}
	return nil
}
