package slack

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"mayday/internal/practice"
)

// Options of the practice Slack. The tokens and the secret are needed.
type Options struct {
	BotToken, AppToken, SigningSecret string
	Team                              string   // the workspace's id; Team unless set
	Command                           string   // "/mayday" unless set
	Scopes                            []string // of the bot; those that the manifest asks for unless set
	// Now is the clock of messages, triggers and signatures.
	Now func() time.Time
	Log *slog.Logger
	// Faster multiplies what the rate limits let through; 1 is as the vendor.
	Faster float64
	// Deadline of the acknowledgement, three seconds unless set.
	Deadline time.Duration
	// Patience is how long a person waits for something to see, eight seconds
	// unless set.
	Patience time.Duration
	// Ping is the interval of pings on sockets, five seconds unless set.
	Ping time.Duration
}

// Slack behaves like Slack towards a bot: one workspace with its channels, groups
// and people. It is an http.Handler, and has a page for people.
type Slack struct {
	o       Options
	now     func() time.Time
	log     *slog.Logger
	client  *http.Client
	methods map[string]method
	limits  *limits
	audit   *audit
	script  *script
	sockets *sockets
	door    *door
	done    chan struct{}

	mu         sync.Mutex
	closed     bool
	world      world
	lastTS     int64
	serial     int
	ephemerals map[string][]*message
	views      map[string][]*view // open modals by person, the top one last
	homes      map[string]*view
	uploads    map[string]*upload
	files      []File
	triggers   map[string]*trigger
	responses  map[string]*responseURL
	sights     []sight
	dropped    int           // sights forgotten
	stir       chan struct{} // closed when there is something new to see
	last       *delivery
	target     string // base of the request URLs; "" is Socket Mode
	base       string
	onAccept   func(method string)

	wait   sync.WaitGroup
	server *http.Server
}

// New makes a workspace with people and no messages. Close it.
func New(o Options) (*Slack, error) {
	if o.BotToken == "" || o.AppToken == "" || o.SigningSecret == "" {
		return nil, errors.New("the practice Slack needs a bot token, an app token and a signing secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Team = cmp.Or(o.Team, Team)
	o.Command = cmp.Or(o.Command, "/mayday")
	o.Faster = cmp.Or(o.Faster, 1)
	o.Deadline = cmp.Or(o.Deadline, 3*time.Second)
	o.Patience = cmp.Or(o.Patience, 8*time.Second)
	o.Ping = cmp.Or(o.Ping, 5*time.Second)
	if o.Scopes == nil {
		o.Scopes = defaultScopes()
	}
	s := &Slack{
		o: o, now: o.Now, log: o.Log, client: practice.LoopbackClient(o.Deadline + 2*time.Second),
		limits: newLimits(o.Faster), audit: newAudit(o.Now), script: &script{}, done: make(chan struct{}),
		world: newWorld(o.Team, o.Scopes), ephemerals: map[string][]*message{}, views: map[string][]*view{}, homes: map[string]*view{},
		uploads: map[string]*upload{}, triggers: map[string]*trigger{}, responses: map[string]*responseURL{}, stir: make(chan struct{}),
	}
	s.sockets = newSockets(s)
	s.methods = s.allMethods()
	return s, nil
}

// Start serves on an address of loopback and answers the base: base+"/api/" is
// the API, and the base itself is the page.
func (s *Slack) Start(address string) (string, error) {
	l, err := practice.Listen(address)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil || s.closed {
		_ = l.Close()
		return "", errors.New("the practice Slack is serving already, or was closed")
	}
	server := &http.Server{Handler: practice.Recorded("slack", s), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	s.door = newDoor(l)
	server.ConnState = s.door.state
	s.server, s.base = server, "http://"+l.Addr().String()
	s.wait.Go(func() {
		if err := server.Serve(s.door); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the practice Slack stopped serving", "error", err)
		}
	})
	return s.base, nil
}

// Close stops serving and ends every connection, and returns when all have ended.
func (s *Slack) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	server := s.server
	s.mu.Unlock()
	close(s.done)
	s.sockets.close()
	if server != nil {
		_ = server.Close()
	}
	s.wait.Wait()
	s.client.CloseIdleConnections()
}

// Refuse shuts the door or opens it again: while it is shut every connection is
// refused, and those that were there are cut. The address stays the same.
func (s *Slack) Refuse(on bool) error {
	s.mu.Lock()
	d := s.door
	s.mu.Unlock()
	if d == nil {
		return errors.New("the practice Slack is not serving")
	}
	if !on {
		return d.open()
	}
	d.shut()
	s.sockets.cutAll()
	notice := time.NewTimer(noticeTime)
	defer notice.Stop()
	select {
	case <-notice.C:
	case <-s.done:
	}
	return nil
}

// noticeTime lets clients notice that their idle connections are cut, so that
// their next call makes a new one, which is refused.
const noticeTime = 50 * time.Millisecond

// OnAccept sets a hook that is called after the effect of a posting method has
// happened and before its reply is written.
func (s *Slack) OnAccept(hook func(method string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAccept = hook
}

// id makes a new id like the vendor's, under mu.
func (s *Slack) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s0P%08d", prefix, s.serial)
}

// ts makes the next timestamp, under mu: it is a message's name within a channel,
// and later ones are larger.
func (s *Slack) ts() string {
	s.lastTS = max(s.lastTS+1, s.now().UnixMicro())
	return stamp(s.lastTS)
}

func stamp(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }
