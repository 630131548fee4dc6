package slack

import (
	"context"
	"time"

	slackgo "github.com/slack-go/slack"
)

// openWithin is how long opening a window may take: its trigger lives three
// seconds, of which some are over.
const openWithin = 2 * time.Second

// viewed is the answer to a call about a window.
type viewed struct {
	View struct {
		ID   string `json:"id"`
		Hash string `json:"hash"`
	} `json:"view"`
}

// window shows v: in the window that is there, else in a new one. false: it is
// not seen.
func (t *talk) window(ctx context.Context, v slackgo.ModalViewRequest) bool {
	switch {
	case t.shot != nil:
		return t.replace(ctx, v)
	case t.trigger == "":
		return false
	}
	trigger := t.trigger
	t.trigger = "" // it is used up, whatever comes of it
	got, err := t.p.openView(ctx, trigger, v)
	if err != nil {
		t.p.log.Warn("window not opened", "err", err)
		return false
	}
	t.shot = &got
	return true
}

// replace changes the window. To do it twice does no harm, so it is tried again
// when it is in doubt, or when the window changed meanwhile.
func (t *talk) replace(ctx context.Context, v slackgo.ModalViewRequest) bool {
	for try := 1; ; try++ {
		got, err := t.p.updateView(ctx, *t.shot, v)
		if err == nil {
			t.shot = &got
			return true
		}
		doubt := troubleOf(err) != nil && troubleOf(err).sent
		if try > 2 || !doubt && !coded(err, "hash_conflict") {
			t.p.log.Warn("window not changed", "err", err)
			t.shot = nil
			return false
		}
		t.shot.hash = ""
	}
}

func (p *platform) openView(ctx context.Context, trigger string, v slackgo.ModalViewRequest) (shot, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	var out viewed
	err := p.api.do(ctx, call{method: methodOpen, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.OpenViewContext(ctx, trigger, v)
		return err
	}})
	return shot{id: out.View.ID, hash: out.View.Hash}, err
}

func (p *platform) updateView(ctx context.Context, s shot, v slackgo.ModalViewRequest) (shot, error) {
	var out viewed
	err := p.api.do(ctx, call{method: methodView, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.UpdateViewContext(ctx, v, "", s.hash, s.id)
		return err
	}})
	return shot{id: out.View.ID, hash: out.View.Hash}, err
}

func (p *platform) publish(ctx context.Context, user string, v slackgo.HomeTabViewRequest) error {
	return p.api.do(ctx, call{method: methodPublish, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.PublishViewContext(ctx, slackgo.PublishViewContextRequest{UserID: user, View: v})
		return err
	}})
}
