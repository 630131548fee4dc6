package discord

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// threadDraft is a thread as a caller writes it, or a change of a channel.
type threadDraft struct {
	Name      *string `json:"name"`
	Topic     *string `json:"topic"`
	Archive   *int    `json:"auto_archive_duration"`
	Slow      *int    `json:"rate_limit_per_user"`
	Type      *int    `json:"type"`
	Archived  *bool   `json:"archived"`
	Locked    *bool   `json:"locked"`
	Invitable *bool   `json:"invitable"`
}

var archiveTimes = []int{60, 1440, 4320, 10080}

func (t *threadDraft) check(f *form, needName bool) {
	if t.Name == nil && needName {
		f.required("name")
	}
	if t.Name != nil {
		f.length("name", *t.Name, 1, 100)
	}
	if t.Archive != nil && !slices.Contains(archiveTimes, *t.Archive) {
		f.choices("auto_archive_duration", "60, 1440, 4320, 10080")
	}
	if t.Topic != nil {
		f.length("topic", *t.Topic, 0, 1024)
	}
	if t.Slow != nil && (*t.Slow < 0 || *t.Slow > 21600) {
		f.bad("rate_limit_per_user", "NUMBER_TYPE_MAX", "int value should be less than or equal to 21600.")
	}
}

func (d *Discord) readThread(c *call, needName bool) (*threadDraft, error) {
	body, _, err := readBody(c)
	if err != nil {
		return nil, err
	}
	t := &threadDraft{}
	if err := decode(body, t); err != nil {
		return nil, err
	}
	f := &form{}
	t.check(f, needName)
	return t, f.err()
}

func (d *Discord) startThread(c *call, at *channel) (int, any, error) {
	t, err := d.readThread(c, true)
	if err != nil {
		return 0, nil, err
	}
	if at.thread() {
		return 0, nil, refuse(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	}
	if !d.may(at, CreatePublicThreads) {
		return 0, nil, missingRights()
	}
	m := at.message(c.args["message_id"])
	if m == nil {
		return 0, nil, unknownMessage()
	}
	if m.thread {
		return 0, nil, refuse(http.StatusBadRequest, 160004, "A thread has already been created for this message")
	}
	if err := d.oneMoreThread(); err != nil {
		return 0, nil, err
	}
	m.thread = true
	m.flags |= 1 << 5 // HAS_THREAD
	one := d.newThread(at, m.id, typePublicThread, t)
	return http.StatusCreated, d.channelJSON(one), nil
}

func (d *Discord) startThreadAlone(c *call, at *channel) (int, any, error) {
	t, err := d.readThread(c, true)
	if err != nil {
		return 0, nil, err
	}
	kind := orElse(t.Type, typePrivateThread) // who forgets the type gets a private thread
	need := CreatePrivateThreads
	if kind == typePublicThread {
		need = CreatePublicThreads
	}
	if kind != typePublicThread && kind != typePrivateThread {
		f := &form{}
		f.choices("type", "10, 11, 12")
		return 0, nil, f.err()
	}
	if at.thread() {
		return 0, nil, refuse(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	}
	if !d.may(at, need) {
		return 0, nil, missingRights()
	}
	if err := d.oneMoreThread(); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, d.channelJSON(d.newThread(at, d.newID(), kind, t)), nil
}

const maxThreads = 1000

// oneMoreThread refuses when the guild has as many active threads as it may have.
func (d *Discord) oneMoreThread() error {
	active := 0
	for _, c := range d.world.channels {
		if c.thread() && !c.archived {
			active++
		}
	}
	if active < d.o.Threads {
		return nil
	}
	return refuse(http.StatusBadRequest, 160006, "Maximum number of active threads reached")
}

func (d *Discord) newThread(at *channel, id string, kind int, t *threadDraft) *channel {
	now := d.now()
	one := &channel{
		id: id, name: *t.Name, kind: kind, parent: at.id, owner: d.world.bot, archive: orElse(t.Archive, 4320),
		made: now, changed: now, members: []string{d.world.bot},
	}
	d.world.channels = append(d.world.channels, one)
	d.event("THREAD_CREATE", intentGuilds, d.channelJSON(one))
	return one
}

func (d *Discord) getChannel(_ *call, at *channel) (int, any, error) {
	return http.StatusOK, d.channelJSON(at), nil
}

func (d *Discord) getArchivedThreads(_ *call, at *channel) (int, any, error) {
	if !d.may(at, ReadMessageHistory) {
		return 0, nil, missingRights()
	}
	threads := []any{}
	for _, c := range slices.Backward(d.world.channels) {
		if c.parent == at.id && c.archived && c.kind == typePublicThread {
			threads = append(threads, d.channelJSON(c))
		}
	}
	return http.StatusOK, object{"threads": threads, "members": []any{}, "has_more": false}, nil
}

func (d *Discord) joinThread(_ *call, at *channel) (int, any, error) {
	if !at.thread() {
		return 0, nil, refuse(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	}
	if !slices.Contains(at.members, d.world.bot) {
		at.members = append(at.members, d.world.bot)
	}
	return http.StatusNoContent, nil, nil
}

const (
	renames    = 2
	renameTime = 10 * time.Minute
)

func (d *Discord) patchChannel(c *call, at *channel) (int, any, error) {
	t, err := d.readThread(c, false)
	if err != nil {
		return 0, nil, err
	}
	if err := d.mayChange(at, t); err != nil {
		return 0, nil, err
	}
	if t.Name != nil && *t.Name != at.name {
		if wait := d.limits.secret("rename "+at.id, renames, renameTime); wait > 0 {
			return 0, nil, limited(wait, "shared", false)
		}
		at.name = *t.Name
	}
	if t.Topic != nil {
		at.topic = *t.Topic
	}
	if t.Archive != nil {
		at.archive = *t.Archive
	}
	if t.Locked != nil {
		at.locked = *t.Locked
	}
	if t.Archived != nil && *t.Archived != at.archived {
		at.archived, at.changed = *t.Archived, d.now()
	}
	name := "CHANNEL_UPDATE"
	if at.thread() {
		name = "THREAD_UPDATE"
	}
	d.event(name, intentGuilds, d.channelJSON(at))
	return http.StatusOK, d.channelJSON(at), nil
}

// mayChange knows who may change a thread: its owner may rename it and put it
// away; a moderator may do all.
func (d *Discord) mayChange(at *channel, t *threadDraft) error {
	if !at.thread() {
		if d.may(at, ManageChannels) {
			return nil
		}
		return missingRights()
	}
	opens := t.Archived != nil && !*t.Archived
	if at.archived && !opens && (t.Name != nil || t.Locked != nil || t.Archive != nil) {
		return archivedThread()
	}
	if at.archived && opens {
		if err := d.oneMoreThread(); err != nil {
			return err
		}
	}
	if d.may(at, ManageThreads) {
		return nil
	}
	changesLock := t.Locked != nil && *t.Locked != at.locked
	if at.owner != d.world.bot || changesLock || at.locked {
		return missingRights()
	}
	return nil
}

func (d *Discord) getPins(_ *call, at *channel) (int, any, error) {
	items := []any{}
	for _, p := range slices.Backward(at.pins) {
		if m := at.message(p.message); m != nil {
			items = append(items, object{"pinned_at": stamp(p.at), "message": d.messageJSON(m)})
		}
	}
	return http.StatusOK, object{"items": items, "has_more": false}, nil
}

// getOldPins is the older way to ask, which only lists them.
func (d *Discord) getOldPins(_ *call, at *channel) (int, any, error) {
	out := []any{}
	for _, p := range slices.Backward(at.pins) {
		if m := at.message(p.message); m != nil {
			out = append(out, d.messageJSON(m))
		}
	}
	return http.StatusOK, out, nil
}

func (d *Discord) typing(_ *call, at *channel) (int, any, error) {
	if !d.may(at, SendMessages) {
		return 0, nil, missingRights()
	}
	return http.StatusNoContent, nil, nil
}

const maxPins = 250

func (d *Discord) putPin(c *call, at *channel) (int, any, error) {
	id := c.args["message_id"]
	if err := d.mayPin(at, id); err != nil {
		return 0, nil, err
	}
	if slices.ContainsFunc(at.pins, func(p pin) bool { return p.message == id }) {
		return http.StatusNoContent, nil, nil
	}
	if len(at.pins) >= maxPins {
		return 0, nil, refuse(http.StatusBadRequest, 30003, fmt.Sprintf("Maximum number of pins reached for the channel (%d)", maxPins))
	}
	at.pins = append(at.pins, pin{message: id, at: d.now()})
	d.event("CHANNEL_PINS_UPDATE", intentGuilds, object{"guild_id": d.world.id, "channel_id": at.id, "last_pin_timestamp": stamp(d.now())})
	return http.StatusNoContent, nil, nil
}

func (d *Discord) deletePin(c *call, at *channel) (int, any, error) {
	id := c.args["message_id"]
	if err := d.mayPin(at, id); err != nil {
		return 0, nil, err
	}
	at.pins = slices.DeleteFunc(at.pins, func(p pin) bool { return p.message == id })
	return http.StatusNoContent, nil, nil
}

func (d *Discord) mayPin(at *channel, id string) error {
	if !d.may(at, PinMessages) {
		return missingRights()
	}
	if at.message(id) == nil {
		return unknownMessage()
	}
	if at.archived {
		return archivedThread()
	}
	return nil
}
