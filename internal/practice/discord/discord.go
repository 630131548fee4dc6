package discord

import (
	"cmp"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"mayday/internal/practice"
)

// Options of the practice Discord. Only Token is needed.
type Options struct {
	Token         string // of the bot
	ApplicationID string // Application unless set
	Server        string // the guild's id; Guild unless set
	// Seed makes the key pair that signs interactions; a new one unless set. It
	// has ed25519.SeedSize bytes.
	Seed []byte
	// Now is the clock of messages, tokens and nonces.
	Now func() time.Time
	Log *slog.Logger
	// Faster multiplies what the rate limits let through; 1 is as the vendor.
	Faster float64
	// Deadline of the first response, three seconds unless set.
	Deadline time.Duration
	// Heartbeat is the interval that the gateway asks for, 41.25 s unless set.
	Heartbeat time.Duration
	// Threads is how many threads may be active at once, 1,000 unless set.
	Threads int
	// Privileged are the privileged intents that the portal grants; none unless
	// set.
	Privileged int
}

// Discord behaves like Discord towards a bot: one guild with its channels, roles
// and people, a REST API, a gateway, and interactions over either the gateway or
// HTTP. It is an http.Handler, and has a page for people.
type Discord struct {
	o       Options
	now     func() time.Time
	log     *slog.Logger
	private ed25519.PrivateKey
	client  *http.Client
	routes  []route
	gateway *gateway
	limits  *limits
	audit   *audit
	script  *script
	done    chan struct{}

	mu           sync.Mutex
	closed       bool
	world        world
	commands     []*command
	interactions map[string]*interaction // by token
	last         *interaction
	lastID       int64
	revoked      bool
	target       string // interactions endpoint; "" means the gateway
	ephemerals   map[string][]*message
	modals       map[string]*openModal
	base         string

	wait   sync.WaitGroup
	server *http.Server
}

// New makes a guild with people and no messages. Close it.
func New(o Options) (*Discord, error) {
	if o.Token == "" {
		return nil, errors.New("the practice Discord needs the bot's token")
	}
	private, err := keyOf(o.Seed)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.ApplicationID = cmp.Or(o.ApplicationID, Application)
	o.Server = cmp.Or(o.Server, Guild)
	o.Faster = cmp.Or(o.Faster, 1)
	o.Threads = cmp.Or(o.Threads, maxThreads)
	o.Deadline = cmp.Or(o.Deadline, 3*time.Second)
	o.Heartbeat = cmp.Or(o.Heartbeat, 41250*time.Millisecond)
	d := &Discord{
		o: o, now: o.Now, log: o.Log, private: private, client: practice.LoopbackClient(o.Deadline + 2*time.Second),
		limits: newLimits(o.Faster), audit: newAudit(o.Now), script: &script{}, done: make(chan struct{}),
		world:        newWorld(o.Server, o.ApplicationID, o.Now()),
		interactions: map[string]*interaction{}, ephemerals: map[string][]*message{}, modals: map[string]*openModal{},
	}
	d.gateway = newGateway(d)
	d.routes = d.allRoutes()
	return d, nil
}

func keyOf(seed []byte) (ed25519.PrivateKey, error) {
	if seed == nil {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, fmt.Errorf("make a key pair: %w", err)
		}
		return private, nil
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the seed has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// PrivateKey signs the interactions.
func (d *Discord) PrivateKey() ed25519.PrivateKey { return d.private }

// PublicKeyHex is the application's public key as the portal shows it.
func (d *Discord) PublicKeyHex() string {
	return hex.EncodeToString(d.private.Public().(ed25519.PublicKey))
}

// Start serves on an address of loopback and answers the base of the API, which
// is the page as well.
func (d *Discord) Start(address string) (string, error) {
	l, err := practice.Listen(address)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server != nil || d.closed {
		_ = l.Close()
		return "", errors.New("the practice Discord is serving already, or was closed")
	}
	server := &http.Server{Handler: practice.Recorded("discord", d), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	d.server, d.base = server, "http://"+l.Addr().String()
	d.wait.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the practice Discord stopped serving", "error", err)
		}
	})
	return d.base, nil
}

// Close stops serving and ends every connection, and returns when all have ended.
func (d *Discord) Close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	server := d.server
	d.mu.Unlock()
	close(d.done)
	d.gateway.close()
	if server != nil {
		_ = server.Close()
	}
	d.wait.Wait()
	d.client.CloseIdleConnections()
}

// epoch is the beginning of Discord's time: the first second of 2015.
const epoch = 1420070400000

// newID makes the next id, under mu: later ones are larger, as snowflakes are.
func (d *Discord) newID() string {
	d.lastID = max(d.lastID+1, (d.now().UnixMilli()-epoch)<<22)
	return strconv.FormatInt(d.lastID, 10)
}
