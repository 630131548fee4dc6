// Package web is everything of Mayday that is reached over HTTP: the war room,
// which is the third chat platform beside the two of vendors; the JSON API; the
// doors that alerts come in by; health and metrics.
//
// The war room keeps nothing of its own. Its messages are the outbox rows of the
// platform "web", its presses go to the one handler of all platforms, and a page
// is rendered from what the ports answer. Pages work without script.
package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/incident"
	"mayday/internal/telemetry"
)

// Options are what a server is made of.
type Options struct {
	Handler chat.Handler
	Reader  bot.Reader
	Journal bot.Journal
	Outbox  bot.Outbox
	Inbox   bot.Inbox

	Routes   []chat.Route // doors of chat platforms, which verify what comes in themselves
	Doors    []Door
	MaxDoors int // requests waiting at doors before 429; 512 unless set

	Metrics http.Handler       // answers /metrics; nil answers 404
	Meter   *telemetry.Metrics // counts presses and refused deliveries; may be nil
	// Ready says whether traffic may come, and how each part is: ok, degraded or
	// off. Nil means ready.
	Ready func(ctx context.Context) (ok bool, parts map[string]string)

	Tokens   []Token
	URL      string   // of the war room as its users reach it; its host is allowed
	Hosts    []string // more names that the war room may be called by
	OpenRead bool     // web.read: anyone; acts always need a person

	Clinic   bot.Clinic                         // what doctor found, for /setup; may be nil
	Troubles func(ctx context.Context) []string // what does not work at the moment, for the banner; may be nil

	// Shelf lists the playbooks; nil: there are none.
	Shelf func(ctx context.Context) ([]bot.Volume, error)
	// Changes answers what changed around a service, "" for all, within a window
	// that ends now, with the sources that were silent and how many were asked.
	Changes func(ctx context.Context, service string, window time.Duration) (found []incident.Suspect, silent []string, asked int)

	DoorStates func(ctx context.Context) ([]bot.DoorState, error) // how the doors fare; may be nil

	// MayDeploy answers pipelines; nil lets everything pass. Pipelines are tokens
	// that may ask that and nothing else.
	MayDeploy func(ctx context.Context, service string) (bot.DeployAnswer, error)
	Pipelines config.Secrets

	// Person is who somebody is, with the role as of now; needed.
	Person func(u chat.User) incident.Person
	// Named finds somebody by their name in the configuration, for a link that is
	// made on the host. Nil knows nobody.
	Named func(name string) (chat.User, error)
	// HostKey makes links for anybody in the configuration: it lies in a file that
	// only the account of Mayday can read. Empty switches that off.
	HostKey string
	// Links keeps sign-in links where several processes share a store; nil keeps
	// them in the memory of this one, which needs no disk. Still answers who
	// somebody is now, for a link that another process may have made; Links needs it.
	Links Links
	Still func(u chat.User) (chat.User, bool)
	// Rehearse makes a dry run; nil has none.
	Rehearse func(ctx context.Context, by incident.Person, number int64, r bot.Rehearsal) (bot.Rehearsed, error)
	// Backup makes a copy of the database, to be read and closed; nil has none.
	Backup func(ctx context.Context) (io.ReadCloser, int64, error)

	Proxies    []netip.Prefix // trusted to say who people are and over what they came
	UserHeader string         // in which they say who; "" for not at all
	// Recognise finds somebody by what a proxy or a provider says of them.
	Recognise func(Identity) (chat.User, bool)
	OIDC      *OIDC // nil for none
	// Verb is what a button does, to ask for a fresh sign-in before it is pressed.
	Verb func(ctx context.Context, button string) (string, error)

	Demo    *Demo  // nil in production
	DemoKey string // signs the first browser in as the first of Demo.People

	SpeedLabel string // "60×"; empty in production
	Help       func() []HelpRow
	Log        *slog.Logger
	Now        func() time.Time
}

// Identity is what others say of somebody. Empty fields are not known.
type Identity struct {
	Name    string // as a proxy announces them
	Email   string // only one that was verified
	Subject string // at the provider
}

// Door takes bodies in from outside. Receive verifies and stores; it returns nil
// only when the body is safe (P1).
type Door struct {
	Path    string // "/hooks/pagerduty"
	Receive func(ctx context.Context, h http.Header, body []byte) error
}

// Token is a bearer token of the JSON API: `web.tokens`.
type Token struct {
	Name  string // of the person or service; also its id on this platform
	Role  string // viewer, responder, commander, approver, admin
	Kind  string // "service" for what is not a person
	Token config.Secret
	// ActAs lets this token speak for others with `Mayday-As: NAME:ROLE`. It has
	// an effect in the demo only.
	ActAs bool
}

// HelpRow is one command on the help page.
type HelpRow struct {
	Command string // "update"
	Usage   string // "update [words]"
	Say     string
}

// Demo is what the war room shows around a pretend company.
type Demo struct {
	People []Person
	Guide  func(ctx context.Context) []GuideStep
	Act    func(ctx context.Context, name string) error
	Banner string // shown in red: a real target is attached
	// Panes are pages of pretend chat platforms, framed beside the war room. The
	// person who is chosen at the top is theirs as well: ?as=ID.
	Panes []Pane
}

// Pane is a pretend chat platform as a phone shows it.
type Pane struct {
	Title string
	URL   string            // on loopback
	As    map[string]string // the account there, by the name of a person of the demo
}

// Person is somebody that the demo lets you be.
type Person struct {
	ID   string // on this platform; the name in lower case unless set
	Name string
	Role string
}

// GuideStep is one step of the demo's guide. It ticks itself.
type GuideStep struct {
	Done      bool
	Title     string
	Say       string
	Actions   []Action
	Code      string // to be copied, a curl command
	Link      string
	LinkLabel string
}

// Action is a button of the guide.
type Action struct {
	Label string
	Name  string // given to Demo.Act
}

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	o        Options
	hosts    map[string]bool
	sessions *sessions
	pages    *template.Template
	assets   assets
	crossing *http.CrossOriginProtection
	knocking atomic.Int64 // requests at the doors
	tail     tail
	admits   atomic.Pointer[admitted]
	provider *provider // nil without OIDC

	mu      sync.Mutex
	changed chan struct{} // closed when something was committed
	done    chan struct{}
	closed  sync.Once
}

const defaultMaxDoors = 512

// New makes a server.
func New(o Options) (*Server, error) {
	if o.Handler == nil || o.Reader == nil || o.Journal == nil || o.Outbox == nil || o.Inbox == nil {
		return nil, errors.New("make web server: the handler and the four ports are needed")
	}
	if o.Person == nil {
		return nil, errors.New("make web server: nobody says who has which role")
	}
	if o.Links != nil && o.Still == nil {
		return nil, errors.New("make web server: nobody says who those are whose links others made")
	}
	if o.MaxDoors <= 0 {
		o.MaxDoors = defaultMaxDoors
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Demo != nil && len(o.Demo.People) == 0 {
		return nil, errors.New("make web server: a demo needs at least one person")
	}
	hosts, err := allowedHosts(o.URL, o.Hosts)
	if err != nil {
		return nil, fmt.Errorf("make web server: %w", err)
	}
	s := &Server{o: o, hosts: hosts, changed: make(chan struct{}), done: make(chan struct{}),
		sessions: newSessions(o.Now, o.Demo != nil), crossing: http.NewCrossOriginProtection()}
	if o.OIDC != nil {
		s.provider = newProvider(*o.OIDC, o.URL, o.Now)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("make web server: %w", err)
	}
	s.admits.Store(&admitted{tokens: o.Tokens, openRead: o.OpenRead})
	if s.pages, err = s.parsePages(); err != nil {
		return nil, fmt.Errorf("make web server: %w", err)
	}
	return s, nil
}

// Notify says that something was committed, so that whoever waits looks again.
// It never blocks.
func (s *Server) Notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// news is closed by the next Notify. Take it before you look, or you may miss
// what was committed in between.
func (s *Server) news() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Close ends the streams that would otherwise hold a shutdown up. Give it to
// http.Server.RegisterOnShutdown.
func (s *Server) Close() { s.closed.Do(func() { close(s.done) }) }
