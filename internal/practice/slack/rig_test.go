package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	botToken = "xoxb-pretend"
	appToken = "xapp-pretend"
	secret   = "8f742231b10e8888abcd99yyyzzz85a5"
)

// rig is a practice Slack with the real client as its bot.
type rig struct {
	*Slack
	t      *testing.T
	base   string
	client *slack.Client
}

func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	o := Options{BotToken: botToken, AppToken: appToken, SigningSecret: secret, Faster: 1000, Patience: 2 * time.Second, Ping: 50 * time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	base, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := slack.New(botToken, slack.OptionAPIURL(base+"/api/"), slack.OptionAppLevelToken(appToken), slack.OptionHTTPClient(&http.Client{Transport: transport}))
	return &rig{Slack: s, t: t, base: base, client: client}
}

// listen connects over Socket Mode; handle answers what the acknowledgement
// carries, and whether to acknowledge at all.
func (r *rig) listen(handle func(socketmode.Event) (payload any, ack bool)) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	sm := socketmode.New(r.client)
	var wait sync.WaitGroup
	wait.Go(func() { _ = sm.RunContext(ctx) })
	wait.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-sm.Events:
				if e.Request == nil || e.Request.EnvelopeID == "" {
					continue
				}
				payload, ack := handle(e)
				if ack {
					_ = sm.AckCtx(ctx, e.Request.EnvelopeID, payload)
				}
			}
		}
	})
	r.t.Cleanup(func() { cancel(); wait.Wait() })
	r.until("a socket", func() bool { return r.Sockets() > 0 })
}

// until polls until something holds.
func (r *rig) until(what string, holds func() bool) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-over:
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// clean fails when the bot did what it must not.
func (r *rig) clean() {
	r.t.Helper()
	if got := r.Breaches(); len(got) != 0 {
		r.t.Errorf("breaches: %q", got)
	}
}

// respond posts to a response_url.
func (r *rig) respond(address string, body any) int {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	a, err := r.http("POST", address, "application/json", string(raw), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return a.status
}

func (r *rig) http(method, address, kind, body string, head http.Header) (posted, error) {
	if head == nil {
		head = http.Header{}
	}
	_ = method
	return r.Slack.call(r.t.Context(), address, []byte(body), kind, head)
}

// api calls a method with a form, as the bot.
func (r *rig) api(name string, fields ...string) object {
	r.t.Helper()
	var form []string
	for n := 0; n+1 < len(fields); n += 2 {
		form = append(form, fields[n]+"="+escape(fields[n+1]))
	}
	a, err := r.http("POST", r.base+"/api/"+name, "application/x-www-form-urlencoded", strings.Join(form, "&"), http.Header{"Authorization": {"Bearer " + botToken}})
	if err != nil {
		r.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(a.body, &out); err != nil {
		r.t.Fatalf("%s answered %d %s", name, a.status, a.body)
	}
	out["http"] = a.status
	return out
}
