package discord

import (
	"context"
	"fmt"

	"mayday/bot/chat"
)

const (
	panelText = "Live card. The one above cannot be edited so often."
	// panelSign is how much of a key's hash stands in a footer.
	panelSign = 8
)

// panelFooter is what the panel of a message is found again by. Several messages
// of one thread may be capped: the sign keeps each from taking another's panel.
func panelFooter(key string) string { return panelText + " · " + nonce(key)[:panelSign] }

func (p *platform) panelBody(m chat.Message) body {
	b := p.painter().edit(m)
	b.foot(m.Tone, panelFooter(m.Key))
	return b
}

func (p *platform) postPanel(ctx context.Context, channel string, m chat.Message) (string, error) {
	b := p.panelBody(m)
	b.Flags |= flagSilent
	b.Nonce, b.EnforceNonce = nonce(fmt.Sprintf("%s:panel:%d", m.Key, p.now().Unix())), true
	sent, err := p.send(ctx, channel, b, m)
	if err != nil {
		return "", failed(err, p.standing(channel))
	}
	return sent.ID, nil
}

// findPanel looks for one that was posted before a restart. In doubt there is
// none.
func (p *platform) findPanel(ctx context.Context, channel string, m chat.Message) string {
	me, err := p.botID(ctx)
	if err != nil {
		return ""
	}
	page, err := p.read(ctx, channel, "", m.Weight)
	if err != nil {
		return ""
	}
	want := panelFooter(m.Key)
	for _, one := range page {
		if one.Author.ID == me && len(one.Embeds) == 1 && one.Embeds[0].Footer != nil && one.Embeds[0].Footer.Text == want {
			return one.ID
		}
	}
	return ""
}
