package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// world keeps incidents and messages in memory and answers what the desk and the
// store would, as far as the war room asks.
type world struct {
	mu        sync.Mutex
	clock     time.Time
	incidents map[int64]*incident.Incident
	entries   map[int64][]incident.Entry
	posted    []incident.Posted
	feed      []incident.FeedRow
	bodies    []incident.Received
	presses   map[string]func(chat.Interaction) (chat.Message, error)
	said      []chat.Interaction
	onText    func(chat.Interaction) (chat.Message, error)
}

var start = time.Date(2026, 3, 10, 14, 8, 0, 0, time.UTC)

func newWorld() *world {
	return &world{clock: start, incidents: map[int64]*incident.Incident{}, entries: map[int64][]incident.Entry{},
		presses: map[string]func(chat.Interaction) (chat.Message, error){}}
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }

func (w *world) advance(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.clock = w.clock.Add(d) }

// add opens an incident.
func (w *world) add(i *incident.Incident) *incident.Incident {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.incidents[i.Number] = i
	w.row(i.ID(), "entry", "1")
	return i
}

func (w *world) row(id, kind, ref string) {
	w.feed = append(w.feed, incident.FeedRow{ID: int64(len(w.feed) + 1), At: w.clock, Incident: id, Kind: kind, Ref: ref})
}

// change replaces an incident, as a commit does.
func (w *world) change(number int64, f func(*incident.Incident)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.incidents[number].Clone()
	f(c)
	w.incidents[number] = c
	w.row(c.ID(), "entry", "2")
}

// tell appends to a timeline.
func (w *world) tell(number int64, at time.Time, actor, text string, body incident.Body) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := incident.NewEntry(actor, text, body)
	e.Seq, e.At = int64(len(w.entries[number])+1), at
	w.entries[number] = append(w.entries[number], e)
	w.row(incident.FormatID(number), "entry", strconv.FormatInt(e.Seq, 10))
}

// post puts a message up, or replaces the one with its key.
func (w *world) post(m chat.Message, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m = m.Finish()
	body, _ := json.Marshal(m)
	p := incident.Posted{Key: m.Key, Room: m.Room, Thread: m.Thread, Kind: m.Kind, Body: body, Ref: m.Key, SentAt: at}
	w.row(m.Incident, "message", m.Key)
	for n := range w.posted {
		if w.posted[n].Key == m.Key {
			p.SentAt, p.EditedAt = w.posted[n].SentAt, at
			w.posted[n] = p
			return
		}
	}
	w.posted = append(w.posted, p)
}

func (w *world) on(button string, f func(chat.Interaction) (chat.Message, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.presses[button] = f
}

func (w *world) heard() []chat.Interaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

// Handle implements chat.Handler.
func (w *world) Handle(_ context.Context, in chat.Interaction) (chat.Message, error) {
	w.mu.Lock()
	w.said = append(w.said, in)
	f, text := w.presses[in.Button], w.onText
	w.mu.Unlock()
	switch {
	case in.Button == "" && text != nil:
		return text(in)
	case in.Button == "":
		return reply(in.Incident, "You said: "+in.Text), nil
	case f == nil:
		return chat.Message{}, fault.New(fault.Gone, "E4", "This button belongs to an older card.", "Look at the card.")
	}
	return f(in)
}

func reply(id, text string) chat.Message {
	return chat.Message{Key: id + ":answer", Kind: "answer", Incident: id, Ephemeral: true, Lines: []chat.Line{chat.L(text)}}.Finish()
}

// Suggest implements chat.Handler.
func (*world) Suggest(context.Context, chat.Query) ([]chat.Choice, error) { return nil, nil }

// Incidents implements bot.Reader.
func (w *world) Incidents(_ context.Context, f incident.Filter) ([]*incident.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*incident.Incident
	for _, i := range w.incidents {
		fits := f.State == "all" || (f.State == "resolved") == !i.Open()
		if fits && (f.Owner == "" || i.Owner == f.Owner) && (f.Before == 0 || i.Number < f.Before) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b *incident.Incident) int { return int(b.Number - a.Number) })
	return out[:min(len(out), f.Limit)], nil
}

// Timeline implements bot.Reader.
func (w *world) Timeline(_ context.Context, number, after int64) ([]incident.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.entries[number]
	return slices.Clone(all[min(int(after), len(all)):]), nil
}

// StepOwner implements bot.Reader.
func (w *world) StepOwner(_ context.Context, step string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, i := range w.incidents {
		if i.Step(step) != nil {
			return n, nil
		}
	}
	return 0, fault.Newf(fault.NotFound, "E23", "There is no step %s.", step)
}

// Feed implements bot.Reader.
func (w *world) Feed(_ context.Context, since int64, limit int) ([]incident.FeedRow, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows := w.feed[min(int(since), len(w.feed)):]
	return slices.Clone(rows[:min(len(rows), limit)]), nil
}

// Depth implements bot.Reader.
func (*world) Depth(context.Context) (n int, oldest time.Time, err error) {
	return 0, time.Time{}, nil
}

// Noted implements bot.Reader.
func (*world) Noted(context.Context, string) (value string, at time.Time, err error) {
	return "", time.Time{}, nil
}

// Do implements bot.Journal: a decision over what is there, folded like the
// store folds.
func (w *world) Do(_ context.Context, t incident.Target, d incident.Decide) (*incident.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := incident.View{Now: w.clock, Incident: w.incidents[t.Number].Clone()}
	c, err := d(v)
	if err != nil {
		return nil, err
	}
	after, sealed, err := incident.Append([]byte("key"), t.Number, v.Incident, v, c.Entries)
	if err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	w.incidents[t.Number], w.entries[t.Number] = after, append(w.entries[t.Number], sealed...)
	w.row(after.ID(), "entry", strconv.FormatInt(after.Seq, 10))
	return after, nil
}

// Incident implements bot.Journal.
func (w *world) Incident(_ context.Context, number int64) (*incident.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := w.incidents[number]; i != nil {
		return i.Clone(), nil
	}
	return nil, fault.Newf(fault.NotFound, "E23", "There is no %s.", incident.FormatID(number))
}

// BySource implements bot.Journal.
func (w *world) BySource(_ context.Context, kind, key string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, i := range w.incidents {
		if i.Source(kind, key) != nil {
			return n, nil
		}
	}
	return 0, nil
}

// Posted implements bot.Outbox.
func (w *world) Posted(_ context.Context, platform, room, thread string) ([]incident.Posted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if platform != Name {
		return nil, nil
	}
	var out []incident.Posted
	for _, p := range w.posted {
		whole := thread == "" && (p.Thread == "" || room != incident.RoomOperations)
		if p.Room == room && (whole || thread != "" && (p.Thread == thread || p.Key == thread+":card")) {
			out = append(out, p)
		}
	}
	return out, nil
}

// Lane implements bot.Outbox: everything was sent.
func (*world) Lane(context.Context, string) ([]incident.OutRow, error) { return nil, nil }

// Rendered implements bot.Outbox.
func (*world) Rendered(context.Context, incident.Claim, incident.OutRow, []byte, []incident.Button) error {
	return incident.ErrLost
}

// Sent implements bot.Outbox.
func (*world) Sent(context.Context, incident.Claim, incident.OutRow, string) error {
	return incident.ErrLost
}

// Refused implements bot.Outbox.
func (*world) Refused(context.Context, incident.Claim, incident.OutRow, string, bool) error {
	return incident.ErrLost
}

// NotSent implements bot.Outbox.
func (*world) NotSent(context.Context, incident.Claim, incident.OutRow) error { return nil }

// Receive implements bot.Inbox.
func (w *world) Receive(_ context.Context, source, eventID string, body []byte) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.bodies {
		if b.Source == source && b.EventID == eventID {
			return false, nil
		}
	}
	w.bodies = append(w.bodies, incident.Received{ID: int64(len(w.bodies) + 1), Source: source, EventID: eventID, At: w.clock, State: incident.InboxNew, Body: body})
	return true, nil
}

// Received implements bot.Inbox.
func (w *world) Received(_ context.Context, id int64) (incident.Received, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id < 1 || int(id) > len(w.bodies) {
		return incident.Received{}, fault.New(fault.NotFound, "E23", "There is no such body.", "")
	}
	return w.bodies[id-1], nil
}

// Settle implements bot.Inbox.
func (w *world) Settle(_ context.Context, c incident.Claim, state incident.InboxState, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, err := strconv.Atoi(c.Row)
	if err != nil || id < 1 || id > len(w.bodies) {
		return incident.ErrLost
	}
	w.bodies[id-1].State, w.bodies[id-1].Reason = state, reason
	return nil
}

// Quarantine implements bot.Inbox.
func (w *world) Quarantine(_ context.Context, limit int) ([]incident.Received, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []incident.Received
	for _, b := range slices.Backward(w.bodies) {
		if b.State == incident.InboxQuarantined && len(out) < limit {
			out = append(out, b)
		}
	}
	return out, nil
}
