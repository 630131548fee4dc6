package discord

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
)

func (p *platform) panelBody(m chat.Message) body {
	b := p.painter().edit(m)
	if len(b.Embeds) == 0 {
		b.Embeds = append(b.Embeds, embed{Color: accent(m.Tone)})
		b.Flags = 0
	}
	b.Embeds[0].Footer = &footer{Text: panelText}
	return b
}

func (p *platform) patchPanel(ctx context.Context, thread, panel string, m chat.Message) error {
	c := call{method: http.MethodPatch, url: discordgo.EndpointChannelMessage(thread, panel),
		route: "PATCH channels/" + thread + "/messages/*", weight: m.Weight}
	c.setBody(p.panelBody(m))
	return p.api.do(ctx, c)
}

func (p *platform) postPanel(ctx context.Context, thread string, m chat.Message) (string, error) {
	b := p.panelBody(m)
	b.Flags |= flagSilent
	b.Nonce, b.EnforceNonce = nonce(fmt.Sprintf("%s:panel:%d", m.Key, p.now().Unix())), true
	var sent struct {
		ID string `json:"id"`
	}
	c := call{method: http.MethodPost, url: discordgo.EndpointChannelMessages(thread), route: "POST channels/" + thread + "/messages",
		weight: m.Weight, out: &sent}
	c.setBody(b)
	if err := p.api.do(ctx, c); err != nil {
		return "", failed(err, dest{room: "operations", channel: p.rooms.shown("operations"), thread: true, needs: "Send Messages in Threads"})
	}
	return sent.ID, nil
}

// findPanel looks for one that was posted before a restart. In doubt there is
// none.
func (p *platform) findPanel(ctx context.Context, thread string, m chat.Message) string {
	me, err := p.botID(ctx)
	if err != nil {
		return ""
	}
	page, err := p.read(ctx, thread, "", m.Weight)
	if err != nil {
		return ""
	}
	for _, one := range page {
		if one.Author.ID == me && len(one.Embeds) == 1 && one.Embeds[0].Footer != nil && one.Embeds[0].Footer.Text == panelText {
			return one.ID
		}
	}
	return ""
}
