package discord

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// channelEndpoint answers a call about a channel; the lock is held.
type channelEndpoint func(c *call, at *channel) (status int, value any, err error)

// inChannel is for calls that name a channel or thread that the bot must see.
func (d *Discord) inChannel(next channelEndpoint) endpoint {
	return func(c *call) (int, any, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		at := d.world.channel(c.args["channel_id"])
		if at == nil {
			return 0, nil, unknownChannel()
		}
		if !d.may(at, ViewChannel) {
			return 0, nil, missingAccess()
		}
		return next(c, at)
	}
}

// may reports whether the bot has rights in a channel.
func (d *Discord) may(at *channel, rights Permission) bool {
	return d.world.member && d.world.rights(d.world.person(d.world.bot), at).has(rights)
}

const (
	nonceLife   = 5 * time.Minute
	oldMessage  = time.Hour
	oldEdits    = 3
	oldEditTime = 20 * time.Second
)

func (d *Discord) postMessage(c *call, at *channel) (int, any, error) {
	m, err := readDraft(c)
	if err != nil {
		return 0, nil, err
	}
	if err := m.check(nil); err != nil {
		return 0, nil, err
	}
	if err := d.maySend(at, m); err != nil {
		return 0, nil, err
	}
	d.wantMentions("POST "+c.URL.Path, m)
	if before := d.sameNonce(at, m); before != nil {
		return http.StatusOK, d.messageJSON(before), nil
	}
	one := &message{id: d.newID(), channel: at.id, author: d.world.bot, at: d.now(), nonce: m.Nonce, files: d.store(m)}
	m.put(one, flagsNew)
	if err := d.reply(at, m, one); err != nil {
		return 0, nil, err
	}
	d.add(at, one)
	return http.StatusOK, d.messageJSON(one), nil
}

// maySend knows what a message needs of rights, and of its thread.
func (d *Discord) maySend(at *channel, m *draft) error {
	need := SendMessages
	if at.thread() {
		need = SendMessagesInThreads
	}
	if m.Embeds != nil && len(*m.Embeds) > 0 {
		need |= EmbedLinks
	}
	if len(m.uploads) > 0 {
		need |= AttachFiles
	}
	if !d.may(at, need) {
		return missingRights()
	}
	if at.locked && at.archived && !d.may(at, ManageThreads) {
		return archivedThread()
	}
	if at.archived {
		return d.oneMoreThread() // posting opens it again
	}
	return nil
}

func (d *Discord) wantMentions(what string, m *draft) {
	shows := m.Content != nil || m.Embeds != nil || m.Components != nil
	if m.Mentions == nil && shows {
		d.audit.breach("%s has no explicit allowed_mentions", what)
	}
}

// sameNonce finds what was posted with this nonce a little while ago.
func (d *Discord) sameNonce(at *channel, m *draft) *message {
	if !m.Enforce || m.Nonce == nil {
		return nil
	}
	since := d.now().Add(-nonceLife)
	for _, one := range slices.Backward(at.messages) {
		if one.author == d.world.bot && one.nonce != nil && fmt.Sprint(one.nonce) == fmt.Sprint(m.Nonce) && one.at.After(since) {
			return one
		}
	}
	return nil
}

// reply looks at what a message answers.
func (d *Discord) reply(at *channel, m *draft, one *message) error {
	if m.Reference == nil {
		return nil
	}
	if !d.may(at, ReadMessageHistory) {
		return refuse(http.StatusForbidden, 160002, "Cannot reply without permission to read message history")
	}
	if at.message(m.Reference.Message) == nil && orElse(m.Reference.Fail, true) {
		f := &form{}
		f.bad("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
		return f.err()
	}
	one.kind, one.answers = 19, m.Reference.Message
	return nil
}

func (d *Discord) store(m *draft) []file {
	out := slices.Clone(m.uploads)
	for n := range out {
		out[n].id = d.newID()
	}
	return out
}

func (d *Discord) getMessages(c *call, at *channel) (int, any, error) {
	limit, err := strconv.Atoi(orElse(nonEmpty(c.URL.Query().Get("limit")), "50"))
	if err != nil || limit < 1 || limit > 100 {
		f := &form{}
		f.bad("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
		return 0, nil, f.err()
	}
	out := []any{}
	if !d.may(at, ReadMessageHistory) {
		return http.StatusOK, out, nil
	}
	q := c.URL.Query()
	for _, m := range slices.Backward(at.messages) {
		if len(out) < limit && older(m.id, q.Get("before"), true) && older(q.Get("after"), m.id, false) {
			out = append(out, d.messageJSON(m))
		}
	}
	return http.StatusOK, out, nil
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// older compares ids; what is not given is true.
func older(a, b string, second bool) bool {
	if (second && b == "") || (!second && a == "") {
		return true
	}
	return len(a) < len(b) || (len(a) == len(b) && a < b)
}

func (d *Discord) getMessage(c *call, at *channel) (int, any, error) {
	if !d.may(at, ReadMessageHistory) {
		return 0, nil, missingRights()
	}
	m := at.message(c.args["message_id"])
	if m == nil {
		return 0, nil, unknownMessage()
	}
	return http.StatusOK, d.messageJSON(m), nil
}

func (d *Discord) patchMessage(c *call, at *channel) (int, any, error) {
	m, err := readDraft(c)
	if err != nil {
		return 0, nil, err
	}
	one := at.message(c.args["message_id"])
	if one == nil {
		return 0, nil, unknownMessage()
	}
	if one.author != d.world.bot {
		return 0, nil, refuse(http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
	}
	if at.archived {
		return 0, nil, archivedThread()
	}
	if err := m.check(one); err != nil {
		return 0, nil, err
	}
	d.wantMentions("PATCH "+c.URL.Path, m)
	if err := d.oldEdit(at, one); err != nil {
		return 0, nil, err
	}
	d.change(one, m)
	return http.StatusOK, d.messageJSON(one), nil
}

// oldEdit is the limit on edits of messages that are over an hour old.
func (d *Discord) oldEdit(at *channel, one *message) error {
	if d.now().Sub(one.at) <= oldMessage {
		return nil
	}
	wait := d.limits.secret("old edits "+at.id, oldEdits, oldEditTime)
	if wait == 0 {
		return nil
	}
	r := limited(wait, userScope, false)
	r.code, r.message = 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later."
	return r
}

func (d *Discord) change(one *message, m *draft) {
	m.put(one, flagsEdit)
	one.edited = d.now()
	one.edits++
	if m.Attachments != nil {
		one.files = slices.DeleteFunc(one.files, func(f file) bool {
			return !slices.ContainsFunc(*m.Attachments, func(a attached) bool { return fmt.Sprint(a.ID) == f.id })
		})
	}
	one.files = append(one.files, d.store(m)...)
	if one.viewer == "" {
		d.messageEvent("MESSAGE_UPDATE", one)
	}
}

func (d *Discord) deleteMessage(c *call, at *channel) (int, any, error) {
	one := at.message(c.args["message_id"])
	if one == nil {
		return 0, nil, unknownMessage()
	}
	if one.author != d.world.bot && !d.may(at, ManageMessages) {
		return 0, nil, missingRights()
	}
	if at.archived {
		return 0, nil, archivedThread()
	}
	d.removeMessage(at, one.id)
	return http.StatusNoContent, nil, nil
}
