package discord

import (
	"net/http"
	"slices"
	"time"
)

func (d *Discord) postCallback(c *call) (int, any, error) {
	body, files, err := readBody(c)
	if err != nil {
		return 0, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	in := d.interactions[c.args["token"]]
	if in == nil || in.id != c.args["interaction_id"] {
		return 0, nil, unknownInteraction()
	}
	if err := d.respond(in, body, files); err != nil {
		return 0, nil, err
	}
	if c.URL.Query().Get("with_response") != "true" {
		return http.StatusNoContent, nil, nil
	}
	return http.StatusOK, d.callbackJSON(in), nil
}

func (d *Discord) callbackJSON(in *interaction) object {
	about := object{"id": in.id, "type": in.kind, "channel_id": in.channel, "guild_id": d.world.id}
	out := object{"interaction": about}
	if in.original != nil {
		about["response_message_id"], about["response_message_loading"] = in.original.id, in.loading
		about["response_message_ephemeral"] = in.original.flags&flagEphemeral != 0
		out["resource"] = object{"type": in.answer, "message": d.messageJSON(in.original)}
	}
	return out
}

// hooked finds the interaction of a token that still lives, under mu.
func (d *Discord) hooked(c *call) (*interaction, error) {
	in := d.interactions[c.args["token"]]
	if in == nil || c.args["webhook_id"] != d.o.ApplicationID || d.now().Sub(in.at) > tokenLife {
		return nil, badToken()
	}
	if in.answer == 0 {
		return nil, refuse(http.StatusNotFound, 10015, "Unknown Webhook")
	}
	return in, nil
}

func (d *Discord) postWebhook(c *call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, err := d.hooked(c)
	if err != nil {
		return 0, nil, err
	}
	m, err := readDraft(c)
	if err != nil {
		return 0, nil, err
	}
	if err := m.check(nil); err != nil {
		return 0, nil, err
	}
	d.wantMentions("a follow-up to "+in.what, m)
	if in.loading {
		// The first follow-up after a deferral takes the place of the loading
		// message, and cannot choose who sees it.
		d.settle(in, m)
		return http.StatusOK, d.messageJSON(in.original), nil
	}
	one := d.say(in, m, m.has(flagEphemeral))
	in.settle()
	return http.StatusOK, d.messageJSON(one), nil
}

// settle turns the loading message into the answer.
func (d *Discord) settle(in *interaction, m *draft) {
	in.loading = false
	in.original.flags &^= flagLoading
	d.change(in.original, m)
	in.original.flags |= m.silent()
	in.original.edited, in.original.edits = time.Time{}, 0
	d.ring(in.original)
	in.settle()
}

// target finds the message of a webhook call.
func (d *Discord) hookMessage(in *interaction, id string) (*message, error) {
	if id == "@original" {
		if in.original == nil || in.gone(d, in.original) {
			return nil, unknownMessage()
		}
		return in.original, nil
	}
	n := slices.IndexFunc(in.made, func(m *message) bool { return m.id == id })
	if n >= 0 && !in.gone(d, in.made[n]) {
		return in.made[n], nil
	}
	if in.source != nil && in.source.id == id && !in.gone(d, in.source) {
		return in.source, nil
	}
	return nil, unknownMessage()
}

// gone reports whether a message was deleted.
func (in *interaction) gone(d *Discord, m *message) bool {
	if m.viewer != "" {
		return !slices.Contains(d.ephemerals[m.viewer], m)
	}
	c := d.world.channel(m.channel)
	return c == nil || c.message(m.id) == nil
}

func (d *Discord) getWebhookMessage(c *call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, err := d.hooked(c)
	if err != nil {
		return 0, nil, err
	}
	m, err := d.hookMessage(in, c.args["message"])
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, d.messageJSON(m), nil
}

func (d *Discord) patchWebhookMessage(c *call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, err := d.hooked(c)
	if err != nil {
		return 0, nil, err
	}
	one, err := d.hookMessage(in, c.args["message"])
	if err != nil {
		return 0, nil, err
	}
	m, err := readDraft(c)
	if err != nil {
		return 0, nil, err
	}
	if err := m.check(one); err != nil {
		return 0, nil, err
	}
	if at := d.world.channel(one.channel); at != nil && at.archived {
		return 0, nil, archivedThread()
	}
	d.wantMentions("an edit of the answer to "+in.what, m)
	if in.loading && one == in.original {
		d.settle(in, m)
		return http.StatusOK, d.messageJSON(one), nil
	}
	d.change(one, m)
	in.settle()
	return http.StatusOK, d.messageJSON(one), nil
}

func (d *Discord) deleteWebhookMessage(c *call) (int, any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, err := d.hooked(c)
	if err != nil {
		return 0, nil, err
	}
	one, err := d.hookMessage(in, c.args["message"])
	if err != nil {
		return 0, nil, err
	}
	if one.viewer != "" {
		d.ephemerals[one.viewer] = slices.DeleteFunc(d.ephemerals[one.viewer], func(m *message) bool { return m == one })
	}
	if at := d.world.channel(one.channel); at != nil {
		d.removeMessage(at, one.id)
	}
	if in.loading && one == in.original {
		in.loading = false
		in.settle()
	}
	return http.StatusNoContent, nil, nil
}
