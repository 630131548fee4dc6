package processtest

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// chatLines is a server with a chat platform beside the war room.
const chatLines = `web:
  listen: 127.0.0.1:0
  tokens: [{name: ana, role: commander, token: env:ANA_TOKEN}]
chat:
CHAT
store: {path: DATA}
shutdown: 2s
log: {level: warn}
`

// vendor is a pretend chat platform, as a crash test needs it.
type vendor struct {
	section string          // of the configuration
	hold    func(when int)  // the call of a moment has its effect and is never answered
	moments []int           // how many messages stand then
	texts   func() []string // everything that stands
	marks   bool            // a repeat is marked there, not recognised
}

// vendors are the chat platforms that a crash is tried on.
var vendors = map[string]func(t *testing.T) vendor{"discord": newDiscordVendor, "slack": newSlackVendor}

func newDiscordVendor(t *testing.T) vendor {
	d, err := discord.New(discord.Options{Token: "discord-token", ApplicationID: discord.Application, Server: discord.Guild, Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	base, err := d.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "discord-token")
	const post = "POST /channels/{channel_id}/messages"
	return vendor{
		section: fmt.Sprintf("  discord: {api_url: '%s', token: 'file:%s', application_id: %q, server: %q}", base, token, discord.Application, discord.Guild),
		moments: []int{1, 1, 2}, // the card, its thread, its first reply
		hold: func(when int) {
			if when > 0 { // the route of threads begins like that of messages
				d.Play(discord.Fault{Kind: discord.Late, Delay: time.Millisecond, Route: post, Count: when})
			}
			d.Play(discord.Fault{Kind: discord.HoldReply, Route: post})
		},
		texts: func() []string {
			places := []string{discord.Operations}
			for _, th := range d.Threads() {
				places = append(places, th.ID)
			}
			var out []string
			for _, c := range places {
				for _, m := range d.Messages(c) {
					if m.Type == 0 { // not Discord's own line about a thread
						out = append(out, m.Plain())
					}
				}
			}
			return out
		},
	}
}

// newSlackVendor holds a post by a hook that runs between its effect and its
// answer.
func newSlackVendor(t *testing.T) vendor {
	s, err := slack.New(slack.Options{BotToken: "xoxb-pretend", AppToken: "xapp-pretend", SigningSecret: "pretend", Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	base, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bot, app := filepath.Join(t.TempDir(), "bot"), filepath.Join(t.TempDir(), "app")
	write(t, bot, "xoxb-pretend")
	write(t, app, "xapp-pretend")
	h := &holder{}
	t.Cleanup(h.free)
	s.OnAccept(h.accepted)
	return vendor{
		section: fmt.Sprintf("  slack: {api_url: '%s/api/', bot_token: 'file:%s', app_token: 'file:%s'}", base, bot, app),
		moments: []int{1, 2}, // the card, its first reply
		marks:   true,
		hold:    h.hold,
		texts: func() []string {
			var out []string
			for _, root := range s.Messages(slack.Operations) {
				for _, m := range s.Thread(slack.Operations, root.TS) {
					out = append(out, m.Plain())
				}
			}
			return out
		},
	}
}

// holder keeps the answer to one post back until the next round.
type holder struct {
	mu   sync.Mutex
	skip int
	gate chan struct{} // nil: nothing is held
}

func (h *holder) hold(skip int) {
	h.free()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.skip, h.gate = skip, make(chan struct{})
}

func (h *holder) free() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gate != nil {
		close(h.gate)
		h.gate = nil
	}
}

func (h *holder) accepted(method string) {
	if method != "chat.postMessage" {
		return
	}
	h.mu.Lock()
	gate, mine := h.gate, h.skip == 0
	h.skip--
	h.mu.Unlock()
	if gate != nil && mine {
		<-gate
	}
}

// TestSoakCrashBetweenAcceptAndCommit kills the process after the vendor took a
// message and before the store knows of it (P12): there is no second message
// where the vendor recognises a repeat, at most one, marked, where it cannot, and
// the thread goes on.
func TestSoakCrashBetweenAcceptAndCommit(t *testing.T) {
	rounds := 20
	if soaking() {
		rounds = 100
	}
	for name, open := range vendors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &crash{t: t, vendor: open(t)}
			c.home = newHome(t, strings.Replace(chatLines, "CHAT", c.section, 1))
			c.p = c.home.serve()
			for n := range rounds {
				c.round(n)
			}
		})
	}
}

// crash is a server beside a pretend vendor.
type crash struct {
	vendor
	t    *testing.T
	home *home
	p    *process
}

// round kills once, at one of the moments.
func (c *crash) round(n int) {
	c.t.Helper()
	before := len(c.texts())
	when := n % len(c.moments)
	c.hold(when)
	words := fmt.Sprintf("crash number %d", n)
	id := *c.home.say("", "open "+words).Incident
	eventually(c.t, patience, func() string {
		if got := len(c.texts()); got < before+c.moments[when] {
			return fmt.Sprintf("%d messages stand", got-before)
		}
		return ""
	})
	c.p.kill()
	c.p = c.home.serve()
	c.home.say(id, "note "+words+" is over")
	eventually(c.t, patience, func() string {
		if !strings.Contains(strings.Join(c.texts(), "\n"), words+" is over") {
			return "the thread does not go on: " + strings.Join(c.texts()[before:], " | ")
		}
		return ""
	})
	c.once(n, c.texts(), words, id)
}

// once looks for messages that stand twice.
func (c *crash) once(n int, all []string, words, id string) {
	c.t.Helper()
	times, marked := map[string]int{}, 0
	for _, m := range all {
		if !strings.Contains(m, words+" · "+id) && !strings.Contains(m, words+" is over") {
			continue
		}
		plain := strings.TrimSpace(strings.ReplaceAll(m, "(may repeat)", ""))
		times[plain]++
		if plain != m {
			marked++
		}
	}
	for m, stands := range times {
		switch {
		case stands == 1 || c.marks && stands == 2 && marked == 1:
		default:
			c.t.Errorf("round %d: this stands %d times, marked %d times:\n%s", n, stands, marked, m)
		}
	}
	if len(times) != 2 {
		c.t.Errorf("round %d: the card and the note stand as %v", n, times)
	}
}
