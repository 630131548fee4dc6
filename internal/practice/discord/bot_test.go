package discord

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
)

const token = "pretend-token"

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// rig is a practice Discord that serves.
type rig struct {
	*Discord
	t     *testing.T
	base  string
	clock *clock
	http  *http.Client
}

func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 25, 14, 2, 0, 0, time.UTC)}
	o := Options{Token: token, Now: c.now, Faster: 1e6, Deadline: 3 * time.Second}
	for _, f := range change {
		f(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	base, err := d.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Discord: d, t: t, base: base, clock: c, http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		d.Close()
	})
	return r
}

// to sends requests for discord.com to the practice Discord.
type to struct {
	base *url.URL
	next http.RoundTripper
}

func (t to) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = t.base.Scheme, t.base.Host
	return t.next.RoundTrip(r)
}

// session is the real client.
func (r *rig) session() *discordgo.Session {
	r.t.Helper()
	s, err := discordgo.New("Bot " + token)
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(r.base)
	if err != nil {
		r.t.Fatal(err)
	}
	s.Client = &http.Client{Transport: to{base: u, next: r.http.Transport}}
	s.Identify.Intents = discordgo.IntentGuilds
	s.MaxRestRetries = 0
	s.ShouldRetryOnRateLimit = false
	s.LogLevel = -1
	return s
}

// open connects the real client to the gateway.
func (r *rig) open(handlers ...any) *discordgo.Session {
	r.t.Helper()
	r.t.Parallel() // the client takes a second to close
	s := r.session()
	for _, h := range handlers {
		s.AddHandler(h)
	}
	if err := s.Open(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// answer is what came of a raw request.
type answer struct {
	status int
	header http.Header
	raw    string
	object
}

func (a answer) code() int {
	n, _ := a.object["code"].(float64)
	return int(n)
}

// id of the object that was answered.
func (a answer) id() string {
	s, _ := a.object["id"].(string)
	return s
}

// do sends a request as a bot does.
func (r *rig) do(method, path, body string, change ...func(*http.Request)) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+"/api/v10"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+token)
	req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(req)
	}
	res, err := r.http.Do(req)
	if err != nil {
		return answer{raw: err.Error()}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &a.object); err != nil {
			a.object = object{"broken": true}
		}
	}
	return a
}

// post sends a message and wants it to be taken.
func (r *rig) post(channel, body string) answer {
	r.t.Helper()
	a := r.do("POST", "/channels/"+channel+"/messages", body)
	if a.status != http.StatusOK {
		r.t.Fatalf("got %d %s, want 200", a.status, a.raw)
	}
	return a
}

// thread posts a card and opens its thread.
func (r *rig) thread() string {
	r.t.Helper()
	id := r.post(Operations, `{"content":"card","allowed_mentions":{"parse":[]}}`).id()
	a := r.do("POST", "/channels/"+Operations+"/messages/"+id+"/threads", `{"name":"INC-1","auto_archive_duration":10080}`)
	if a.status != http.StatusCreated {
		r.t.Fatalf("got %d %s, want 201", a.status, a.raw)
	}
	return a.id()
}

const someCommands = `[
 {"name":"mayday","description":"Incidents","options":[
  {"type":1,"name":"status","description":"Say how it is"},
  {"type":1,"name":"run","description":"Run a playbook","options":[
   {"type":3,"name":"playbook","description":"Which","required":true,"autocomplete":true},
   {"type":6,"name":"who","description":"Whom"},
   {"type":4,"name":"times","description":"How often","min_value":1,"max_value":3}]}]},
 {"name":"Add to timeline","type":3}]`

// commands registers some.
func (r *rig) commands() {
	r.t.Helper()
	if a := r.do("PUT", "/applications/"+Application+"/guilds/"+Guild+"/commands", someCommands); a.status != http.StatusOK {
		r.t.Fatalf("got %d %s, want 200", a.status, a.raw)
	}
}

// respond is a handler that answers with a response.
func respond(t *testing.T, make func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse) func(*discordgo.Session, *discordgo.InteractionCreate) {
	return func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		if err := s.InteractionRespond(i.Interaction, make(i)); err != nil {
			t.Errorf("respond: %v", err)
		}
	}
}

// words are a message that calls nobody.
func words(text string, flags discordgo.MessageFlags) *discordgo.InteractionResponseData {
	return &discordgo.InteractionResponseData{Content: text, Flags: flags, AllowedMentions: &discordgo.MessageAllowedMentions{}}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// clean wants no breaches.
func (r *rig) clean() {
	r.t.Helper()
	if got := r.Breaches(); len(got) > 0 {
		r.t.Errorf("got breaches %q, want none", got)
	}
}
