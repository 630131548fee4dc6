package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// whispered is an answer for one pair of eyes.
type whispered struct {
	Type    string          `json:"response_type"`
	Replace bool            `json:"replace_original"`
	Text    string          `json:"text"`
	Blocks  []slackgo.Block `json:"blocks"`
	Thread  string          `json:"thread_ts,omitempty"`
}

func (p painter) whispered(m chat.Message) whispered {
	b := p.edit(m)
	return whispered{Type: "ephemeral", Text: b.Text, Blocks: b.Blocks}
}

// ackMost is what an acknowledgement may hold: Slack drops those of 20 kB.
const ackMost = 18 << 10

func (w whispered) fits() bool {
	raw, err := json.Marshal(w)
	return err == nil && len(raw) < ackMost
}

var errNowhere = errors.New("there is no place for it")

// whisper tells the person, by the first way that works. Slack does not promise
// that what one person sees arrives, so the last ways are real messages.
func (t *talk) whisper(ctx context.Context, m chat.Message) {
	err := errNowhere
	for _, way := range []func(context.Context, chat.Message) error{t.byResponse, t.byEphemeral, t.inThread, t.byDirect} {
		var failure error
		if failure = way(ctx, m); failure == nil {
			return
		}
		if !errors.Is(failure, errNowhere) {
			t.p.log.Warn("answer did not go one way", "err", failure)
			err = failure
		}
		if ctx.Err() != nil {
			break
		}
	}
	t.p.log.Error("interaction not answered", "err", err)
}

// byResponse answers at the address that came with the interaction. A pressed
// message that only this person sees is replaced: its buttons are used up.
func (t *talk) byResponse(ctx context.Context, m chat.Message) error {
	if t.response == "" || !t.p.trusted(t.response) {
		return errNowhere
	}
	w := t.p.painter().whispered(m)
	w.Replace, w.Thread = t.ownSight && !refuses(m), t.thread
	raw, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	return t.p.api.do(ctx, call{method: toResponse, bare: true, with: func(ctx context.Context, _ *slackgo.Client) error {
		return t.p.api.send(ctx, t.response, raw)
	}})
}

// send posts JSON to an address that Slack gave us.
func (a *api) send(ctx context.Context, address string, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("post to an address of Slack: %w", chat.Unaddressed(err))
	}
	return resp.Body.Close()
}

// trusted reports whether an address is Slack's: deliveries are signed, and still
// nothing but Slack is ever called.
func (p *platform) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Host == p.own.base.Host && u.Scheme == p.own.base.Scheme {
		return true
	}
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && (strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com"))
}

// byEphemeral shows it in the channel or thread where it happened.
func (t *talk) byEphemeral(ctx context.Context, m chat.Message) error {
	if t.channel == "" {
		return errNowhere
	}
	options := t.p.painter().edit(m).options()
	if t.thread != "" {
		options = append(options, slackgo.MsgOptionTS(t.thread))
	}
	return t.p.api.do(ctx, call{method: methodWhisper, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.PostEphemeralContext(ctx, t.channel, t.in.User.ID, options...)
		return err
	}})
}

// inThread says it aloud, where a question was asked aloud.
func (t *talk) inThread(ctx context.Context, m chat.Message) error {
	if !t.aloud || t.channel == "" {
		return errNowhere
	}
	m.Key, m.Tried = "", time.Time{}
	_, err := t.p.post(ctx, t.channel, t.thread, m)
	return err
}

// byDirect is the last way: a direct message.
func (t *talk) byDirect(ctx context.Context, m chat.Message) error {
	if !isUser(t.in.User.ID) {
		return errNowhere
	}
	m.Key, m.Tried = "", time.Time{}
	_, err := t.p.post(ctx, t.in.User.ID, "", m)
	return err
}
