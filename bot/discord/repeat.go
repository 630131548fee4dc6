package discord

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

const (
	nonceLength = 25
	// nonceFor is how long Discord surely knows a nonce.
	nonceFor = 2 * time.Minute
	// clockSlack is how far its clock may be from ours.
	clockSlack = time.Minute
	lookBack   = 100 // messages
	maxLooks   = 5   // pages of them
)

// nonce makes the same word of the same key.
func nonce(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:nonceLength]
}

// place posts a message, or finds the one that an earlier try left there.
func (p *platform) place(ctx context.Context, channel string, m chat.Message, at dest) (string, error) {
	b := p.painter().post(m)
	if at.card != "" {
		b.Reference = &reference{Message: at.card}
	}
	if !m.Tried.IsZero() && p.now().Sub(m.Tried) > nonceFor {
		old, err := p.find(ctx, channel, b, m)
		if old.ID != "" {
			return p.settle(ctx, channel, old, b, m, at)
		}
		// In doubt people are told: when the channel may not be read, it is sent.
		if t := troubleOf(err); t != nil && t.status != http.StatusForbidden {
			return "", failed(err, at)
		}
	}
	sent, err := p.send(ctx, channel, b, m)
	if coded(err, codeUnknownChannel) && !at.thread {
		p.rooms.forget()
	}
	if err != nil {
		return "", failed(err, at)
	}
	if m.Tried.IsZero() {
		return sent.ID, nil
	}
	return p.settle(ctx, channel, sent, b, m, at)
}

// send posts, and once more when the thread had been archived, or when an answer
// may not say what it answers.
func (p *platform) send(ctx context.Context, channel string, b body, m chat.Message) (posted, error) {
	var sent posted
	c := call{method: http.MethodPost, url: discordgo.EndpointChannelMessages(channel), route: "POST channels/" + channel + "/messages",
		weight: m.Weight, out: &sent}
	c.setBody(b)
	err := p.api.do(ctx, c)
	if coded(err, codeThreadArchived) {
		if err = p.unarchive(ctx, channel, m.Weight); err == nil {
			err = p.api.do(ctx, c)
		}
	}
	if coded(err, codeNoHistory) && b.Reference != nil {
		b.Reference = nil
		c.setBody(b)
		err = p.api.do(ctx, c)
	}
	if err == nil && !isID(sent.ID) {
		err = &trouble{sent: true, err: fmt.Errorf("%s: the answer has no id", c.route)}
	}
	return sent, err
}

// settle answers a message that stands already. It is edited when it has other
// words by now.
func (p *platform) settle(ctx context.Context, channel string, old posted, b body, m chat.Message, at dest) (string, error) {
	if old.same(b) {
		return old.ID, nil
	}
	err := p.patch(ctx, channel, old.ID, p.painter().edit(m), m.Weight)
	if err != nil && !coded(err, codeUnknownMessage, codeEditsCapped) {
		var f *chat.Failure
		if errors.As(failed(err, at), &f) {
			return "", &chat.Failure{Kind: chat.Uncertain, After: f.After, Err: err} // it stands
		}
		return "", err
	}
	return old.ID, nil
}

// find looks for a message that was sent and whose answer was lost: our own, the
// same words or one of its buttons, and not older than the first try.
func (p *platform) find(ctx context.Context, channel string, b body, m chat.Message) (posted, error) {
	me, err := p.botID(ctx)
	if err != nil {
		return posted{}, err
	}
	since, before := m.Tried.Add(-clockSlack), ""
	for range maxLooks {
		page, err := p.read(ctx, channel, before, m.Weight)
		if err != nil {
			return posted{}, err
		}
		for _, one := range page {
			if one.At.Before(since) {
				return posted{}, nil
			}
			if one.Author.ID == me && !one.elsewhere(b) && (one.same(b) || one.shares(b)) {
				return one, nil
			}
		}
		if len(page) < lookBack {
			return posted{}, nil
		}
		before = page[len(page)-1].ID
	}
	return posted{}, nil
}

// posted is a message that stands.
type posted struct {
	ID     string    `json:"id"`
	At     time.Time `json:"timestamp"`
	Author struct {
		ID string `json:"id"`
	} `json:"author"`
	Content    string      `json:"content"`
	Embeds     []embed     `json:"embeds"`
	Components []component `json:"components"`
	Reference  *reference  `json:"message_reference"`
}

// read answers messages, newest first.
func (p *platform) read(ctx context.Context, channel, before string, w chat.Weight) ([]posted, error) {
	url := fmt.Sprintf("%s?limit=%d", discordgo.EndpointChannelMessages(channel), lookBack)
	if before != "" {
		url += "&before=" + before
	}
	var page []posted
	err := p.api.do(ctx, call{method: http.MethodGet, url: url, route: "GET channels/" + channel + "/messages/*", weight: w, out: &page})
	return page, err
}

// same compares what people see, and the buttons. Discord trims spaces.
func (o posted) same(b body) bool {
	return squeezed(o.Content) == squeezed(b.Content) &&
		slices.Equal(ids(o.Components), ids(b.Components)) &&
		descriptions(o.Embeds) == descriptions(b.Embeds)
}

// elsewhere reports an answer to another message: two incidents that share a room
// may say the same words.
func (o posted) elsewhere(b body) bool {
	return o.Reference != nil && b.Reference != nil && o.Reference.Message != b.Reference.Message
}

// shares reports a button in common. The ids of buttons belong to one message.
func (o posted) shares(b body) bool {
	mine := ids(b.Components)
	return slices.ContainsFunc(ids(o.Components), func(id string) bool {
		return !strings.HasPrefix(id, moreID) && slices.Contains(mine, id)
	})
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

func descriptions(all []embed) string {
	var out []string
	for _, e := range all {
		out = append(out, squeezed(e.Description))
	}
	return strings.Join(out, "\n")
}

// ids are the custom ids of a message, and the values of its selects.
func ids(all []component) []string {
	var out []string
	for _, c := range all {
		if c.CustomID != "" {
			out = append(out, c.CustomID)
		}
		for _, o := range c.Options {
			out = append(out, o.Value)
		}
		out = append(out, ids(c.Components)...)
	}
	return out
}

// setBody puts a message into a call: as JSON, or in parts when a picture goes
// with it.
func (c *call) setBody(b body) {
	if len(b.picture) == 0 {
		c.in = b
		return
	}
	raw, kind, err := inParts(b, b.picture, b.Attachments[0].Filename)
	if err != nil {
		b.Attachments = []attachment{}
		c.in = b // the words matter more
		return
	}
	c.raw, c.kind = raw, kind
}

func inParts(payload any, picture []byte, filename string) (raw []byte, kind string, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := addPart(w, `form-data; name="payload_json"`, "application/json", func() ([]byte, error) { return json.Marshal(payload) }); err != nil {
		return nil, "", err
	}
	head := fmt.Sprintf(`form-data; name="files[0]"; filename=%q`, filename)
	if err := addPart(w, head, "image/png", func() ([]byte, error) { return picture, nil }); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("end the parts: %w", err)
	}
	return buf.Bytes(), w.FormDataContentType(), nil
}

func addPart(w *multipart.Writer, disposition, kind string, content func() ([]byte, error)) error {
	raw, err := content()
	if err != nil {
		return fmt.Errorf("write a part: %w", err)
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {kind}})
	if err != nil {
		return fmt.Errorf("begin a part: %w", err)
	}
	if _, err := part.Write(raw); err != nil {
		return fmt.Errorf("write a part: %w", err)
	}
	return nil
}
