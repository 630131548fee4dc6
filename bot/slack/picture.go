package slack

import (
	"bytes"
	"context"
	"fmt"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

const (
	kindTimeout = 2 * time.Second // for what is only a kindness
	kindRest    = time.Hour
	restFiles   = "files"
)

var kindly = chat.Weight{Priority: 3, Edit: true}

// picture puts the picture of a message below it. The message says in words what
// the picture shows, so nothing is lost when Slack does not take it.
func (p *platform) picture(ctx context.Context, channel, thread, ts string, m chat.Message) {
	if m.Image == nil || len(m.Image.Data) == 0 {
		return
	}
	if _, resting := p.rest.Get(restFiles); resting {
		return
	}
	if thread == "" {
		thread = ts
	}
	err := p.upload(ctx, channel, thread, *m.Image)
	if err == nil {
		return
	}
	p.log.Warn("picture not shown", "key", m.Key, "err", err)
	if coded(err, "missing_scope") {
		p.rest.Set(restFiles, forever{}, kindRest)
	}
}

// upload takes Slack's three steps: an address, the bytes, where it is shown.
func (p *platform) upload(ctx context.Context, channel, thread string, i chat.Image) error {
	alt := chat.Clamp(chat.Clean(i.Alt), maxAlt)
	const file = "chart.png"
	var where struct {
		URL string `json:"upload_url"`
		ID  string `json:"file_id"`
	}
	err := p.api.do(ctx, call{method: methodUploadURL, weight: kindly, out: &where, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.GetUploadURLExternalContext(ctx, slackgo.GetUploadURLExternalParameters{FileName: file, FileSize: len(i.Data), AltTxt: alt})
		return err
	}})
	if err != nil {
		return fmt.Errorf("ask where to put a picture: %w", err)
	}
	err = p.api.do(ctx, call{method: toUpload, bare: true, with: func(ctx context.Context, c *slackgo.Client) error {
		return c.UploadToURL(ctx, slackgo.UploadToURLParameters{UploadURL: where.URL, Filename: file, Reader: bytes.NewReader(i.Data)})
	}})
	if err != nil {
		return fmt.Errorf("bring a picture: %w", err)
	}
	err = p.api.do(ctx, call{method: methodUploaded, weight: kindly, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.CompleteUploadExternalContext(ctx, slackgo.CompleteUploadExternalParameters{
			Files: []slackgo.FileSummary{{ID: where.ID, Title: orDash(chat.Clamp(alt, 200))}}, Channel: channel, ThreadTimestamp: thread})
		return err
	}})
	if err != nil {
		return fmt.Errorf("show a picture: %w", err)
	}
	return nil
}

// pin is a kindness: where it is not allowed it is left alone for an hour.
func (p *platform) pin(ctx context.Context, channel, ts string) {
	p.kindness(ctx, channel, methodPin, func(ctx context.Context, c *slackgo.Client) error {
		return c.AddPinContext(ctx, channel, slackgo.NewRefToMessage(channel, ts))
	})
}

// repin takes a card that is over from the pins, and puts it back when it is
// opened again.
func (p *platform) repin(ctx context.Context, channel, ts string, m chat.Message) {
	key := string(ref(channel, ts))
	_, taken := p.done.Get(key)
	over := m.Tone == chat.ToneOK
	switch {
	case over && !taken:
		p.done.Set(key, forever{}, stale)
		p.kindness(ctx, channel, methodUnpin, func(ctx context.Context, c *slackgo.Client) error {
			return c.RemovePinContext(ctx, channel, slackgo.NewRefToMessage(channel, ts))
		})
	case !over && taken:
		p.done.Drop(key)
		p.pin(ctx, channel, ts)
	}
}

func (p *platform) kindness(ctx context.Context, channel, method string, with func(context.Context, *slackgo.Client) error) {
	if _, resting := p.rest.Get(channel); resting {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, kindTimeout)
	defer cancel()
	err := p.api.do(ctx, call{method: method, weight: kindly, with: with})
	if err == nil || coded(err, "already_pinned", "no_pin", "message_not_found") {
		return
	}
	p.log.Debug("pins not changed", "method", method, "err", err)
	if t := troubleOf(err); t != nil && !t.local && !t.limited() && t.code != "" {
		p.rest.Set(channel, forever{}, kindRest)
	}
}
