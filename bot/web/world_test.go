package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
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

// Root implements bot.Outbox.
func (*world) Root(_ context.Context, _ string, number int64) (string, error) {
	return incident.FormatID(number) + ":card", nil
}

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

const demoToken = "demo-token"

// options are those of a small server over the world.
func (w *world) options() Options {
	return Options{
		Handler: w, Reader: w, Journal: w, Outbox: w, Inbox: w, Now: w.now,
		Tokens: []Token{
			{Name: "ana", Role: "responder", Token: config.NewSecret("ana-token")},
			{Name: "vi", Role: "viewer", Token: config.NewSecret("vi-token")},
			{Name: "ci", Role: "admin", Kind: "service", Token: config.NewSecret("ci-token")},
			{Name: "demo", Role: "admin", Token: config.NewSecret(demoToken), ActAs: true},
		},
		Help: func() []HelpRow {
			return []HelpRow{{Command: "open", Usage: "open [title]", Say: "Open an incident."}, {Command: "run", Usage: "run [playbook] [name=value]", Say: "Run a playbook."}}
		},
	}
}

// demo adds the pretend company.
func (w *world) demo() Options {
	o := w.options()
	o.DemoKey, o.SpeedLabel = "demo-key", "60×"
	o.Demo = &Demo{People: []Person{{Name: "Ana", Role: "approver"}, {Name: "Li", Role: "approver"}}}
	return o
}

func newServer(t testing.TB, o Options) (*Server, *httptest.Server) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	t.Cleanup(s.Close)
	return s, web
}

// call makes a request with a token and answers status and body.
func call(t testing.TB, method, url, token, body string, header ...string) (status int, answer string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
		if header[n] == "Host" {
			r.Host = header[n+1]
		}
	}
	return send(t, http.DefaultTransport, r)
}

func send(t testing.TB, by http.RoundTripper, r *http.Request) (status int, answer string, h http.Header) {
	t.Helper()
	resp, err := by.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return resp.StatusCode, b.String(), resp.Header
}

func checkout(number int64) *incident.Incident {
	return &incident.Incident{Number: number, Title: "checkout: errors 12% (usual 0.3%)", Service: "checkout", Severity: incident.SEV2, State: incident.Investigating,
		Impact: "Paying fails for some; browsing works.", OpenedAt: start.Add(-6*time.Minute - 31*time.Second), DeclaredAt: start.Add(-6 * time.Minute),
		Clock:   incident.Clock{Anchor: 1, AnchorAt: start.Add(-6 * time.Minute), Due: start.Add(4 * time.Minute), Every: 30 * time.Minute},
		Sources: []incident.Source{{Kind: "pagerduty", Key: "Q8812", URL: "https://acme.pagerduty.com/incidents/Q8812"}},
		DoNot:   []string{"restart payments-db: a failover takes 12 min"}}
}
