package discord

import (
	"net/http"

	"mayday/bot/chat"
)

// Health tells how the platform fares.
func (p *platform) Health() chat.Health { return p.health.Health() }

// fares notes how a call went. That one message was refused says nothing about
// Discord.
func (p *platform) fares(err error) {
	t := troubleOf(err)
	wrong := ""
	switch {
	case t == nil:
	case t.local:
		return
	case t.banned:
		wrong = "shuts our address out for a while"
	case t.status == http.StatusUnauthorized:
		wrong = "refused the token: put a new one into chat.discord.token"
	case t.status == 0:
		wrong = "does not answer"
		if !t.sent && t.tokenless {
			wrong = "cannot be asked: the token cannot be read"
		}
	case t.status >= 500:
		wrong = "answers with errors"
	}
	p.health.Calling(wrong)
}
