// Package bot is the desk of Mayday: every use case, from opening an incident to
// pressing a button. It knows no vendor. A use case is at most one transaction
// and talks to nobody outside; slow work is a wake-up that the desk handles
// later.
package bot

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/incident"
	"mayday/playbooks"
)

// Meter counts what happens; internal/telemetry implements it. A nil Meter is
// replaced by one that counts nothing.
type Meter interface {
	Webhook(outcome string)
	IncidentOpened(source, severity string)
	IncidentResolved()
	NudgeSent(call int, lateness time.Duration)
	Step(state string)
	Message(platform, result string)
}

// Safety is how acts are confirmed: `safety` in the configuration.
type Safety struct {
	ProdPhrase      string        // "target", or fixed words for production
	SecondPerson    string        // never, danger, always, when_available
	ApprovalExpires time.Duration // also ends a preview that nobody pressed
	UndoFor         time.Duration // how long undo is offered; 24 h unless set
	Glass           incident.Glass
}

// Service is what the configuration knows of one service.
type Service struct {
	Name      string
	SourceID  map[string]string // by source kind: the service's id there
	Impact    string
	Match     map[string]string // labels of an alert that mean this service
	Env       string
	Declare   string // high_urgency, always, priority, press
	Group     bool   // a new key joins the open incident of the service
	DoNot     []string
	Links     []incident.Link
	DependsOn []string // services and connections that it stands on
	Charts    []Chart  // its signals, in the order of the file
}

// Chart is one signal of a service. Expr is in the language of its source and
// comes from the configuration alone.
type Chart struct {
	Name    string
	Source  string // prefix of the integration that reads it, "prom"
	Expr    string
	Bad     float64 // from here on it is bad; 0 when the file does not say
	Traffic string  // expression of how much there is to go by; "" when it does not matter
	Least   float64 // with less traffic nobody can tell; 1 unless set
}

// Source is an alert source in use.
type Source struct {
	Name     string // "pagerduty"
	Title    string // "PagerDuty"
	Receiver integrations.Receiver
	Mirror   integrations.Mirror
}

// Face is how a platform is spoken of.
type Face struct {
	Title string // "Slack"
	Mark  string // before a command that is typed in a thread: "@" or "/"
}

// Store is everything durable that the desk needs.
type Store struct {
	Journal  Journal
	Inbox    Inbox
	Outbox   Outbox
	Threads  Threads
	Buttons  Buttons
	Reader   Reader
	Notes    Notes
	Suspects Suspects
}

// Options are what a desk is made of.
type Options struct {
	Store     Store
	Queue     Queue
	Platforms []chat.Platform
	Faces     map[string]Face // of platforms, by name
	Sources   []Source
	Feeds     []Feed                          // sources of changes, A to Z
	Signals   map[string]integrations.Signals // by the prefix that charts name
	// Backups answer when the last good backup of a connection was made.
	Backups     []func(ctx context.Context, connection string) (at time.Time, known bool)
	Told        bool // pipelines tell of their changes at a door
	Book        *playbooks.Book
	Catalogue   playbooks.Catalogue
	Services    []Service
	People      People
	Vouched     map[string]incident.Role // accounts whose platform itself gives them a role: tokens
	Safety      Safety
	Policy      incident.Policy
	Speed       float64
	StepTimeout time.Duration // of an act; 5 min unless set
	Key         []byte        // makes button ids; kept across restarts
	URL         string        // of the war room, for links; may be empty
	Command     string        // "mayday"
	// SignIn makes a link that signs somebody into the war room once; "" where
	// there is none. It may be nil.
	SignIn func(by incident.Person) string
	Frozen bool             // MAYDAY_READ_ONLY: no step can act
	Now    func() time.Time // the store's clock; time.Now unless set
	Clinic Clinic           // what doctor found; may be nil
	Meter  Meter
	Trace  Tracer                      // nil: nothing is traced
	Censor func(message []byte) []byte // takes secrets out of a message in JSON; may be nil
	Log    *slog.Logger
}

// Queue is what the desk needs of the wake loop: to finish claimed rows.
type Queue interface {
	Done(ctx context.Context, c incident.Claim) error
	Later(ctx context.Context, c incident.Claim, pause time.Duration) error
}

// Desk is the use cases. It is safe for concurrent use and keeps no state but
// what is durable.
type Desk struct {
	Options
	platforms map[string]chat.Platform
	sources   map[string]Source
	actions   map[string]integrations.Action
	seen      sync.Map // account -> role, as last evaluated under these rules
	*memory
}

// memory is what a desk remembers between two uses, and shares with the desks
// that take its place.
type memory struct {
	acting   sync.Map // target -> step, so that one target has one act at a time
	closed   doors    // destinations that refuse us at the moment
	told     sync.Map // platform -> since when it is away, as the threads were told
	knocks   sync.Mutex
	unsigned map[string]refusals // by source
}

// Rules are what may change while a desk works: the parts of the configuration
// that are read again.
type Rules struct {
	Book        *playbooks.Book
	Known       []string // services that playbooks may name
	Services    []Service
	People      People
	Vouched     map[string]incident.Role
	Safety      Safety
	Policy      incident.Policy
	StepTimeout time.Duration
}

// With makes a desk with other rules that takes this one's place. What is under
// way here ends under the rules that it began with; targets that are acted on,
// and everything else that is remembered, are the same for both. Roles are looked
// at anew.
func (d *Desk) With(r Rules) (*Desk, error) {
	o := d.Options
	o.Book, o.Services, o.People, o.Vouched, o.Safety, o.Policy, o.StepTimeout = r.Book, r.Services, r.People, r.Vouched, r.Safety, r.Policy, r.StepTimeout
	o.Catalogue.Services = r.Known
	next, err := New(o)
	if err != nil {
		return nil, err
	}
	next.memory = d.memory
	return next, nil
}

// New makes a desk.
func New(o Options) (*Desk, error) {
	if len(o.Key) < 16 {
		return nil, fmt.Errorf("make desk: the key for buttons has %d bytes, 16 are needed", len(o.Key))
	}
	if o.Meter == nil {
		o.Meter = silent{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.StepTimeout <= 0 {
		o.StepTimeout = 5 * time.Minute
	}
	if o.Safety.ApprovalExpires <= 0 {
		o.Safety.ApprovalExpires = 10 * time.Minute
	}
	if o.Safety.UndoFor <= 0 {
		o.Safety.UndoFor = 24 * time.Hour
	}
	if o.Command == "" {
		o.Command = "mayday"
	}
	d := &Desk{Options: o, platforms: map[string]chat.Platform{}, sources: map[string]Source{}, actions: map[string]integrations.Action{}, memory: &memory{unsigned: map[string]refusals{}}}
	for _, p := range o.Platforms {
		d.platforms[p.Name()] = p
	}
	for _, s := range o.Sources {
		d.sources[s.Name] = s
	}
	for _, a := range o.Catalogue.Actions {
		d.actions[a.Name] = a
	}
	return d, nil
}

// buttonID is opaque to everybody else and stays the same while a button stays:
// 128 bits of a keyed hash over what the button means.
func (d *Desk) buttonID(b incident.Button) string {
	mac := hmac.New(sha256.New, d.Key)
	for _, part := range []string{incident.FormatID(b.Incident), b.Message, b.Verb, b.Step, string(b.Arg), b.Person} {
		fmt.Fprintf(mac, "%d:%s;", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// newID is a fresh 128-bit id for a step or a run.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// scaled divides a duration by --speed.
func (d *Desk) scaled(t time.Duration) time.Duration {
	return time.Duration(float64(t) / d.Speed)
}

// silent counts nothing.
type silent struct{}

func (silent) Webhook(string)               {}
func (silent) IncidentOpened(_, _ string)   {}
func (silent) IncidentResolved()            {}
func (silent) NudgeSent(int, time.Duration) {}
func (silent) Step(string)                  {}
func (silent) Message(_, _ string)          {}
