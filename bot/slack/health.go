package slack

import (
	"net/http"

	"mayday/bot/chat"
)

// Health tells how the platform fares.
func (p *platform) Health() chat.Health { return p.health.Health() }

// fares notes how a call went. That one message was refused says nothing about
// Slack.
func (p *platform) fares(err error) {
	t := troubleOf(err)
	wrong := ""
	switch {
	case t == nil:
	case t.local:
		return
	case refusedToken[t.code], t.status == http.StatusUnauthorized:
		wrong = "refused the bot token: put a new one into chat.slack.bot_token"
	case t.tokenless:
		wrong = "cannot be asked: the bot token cannot be read"
	case t.status == 0:
		wrong = "does not answer"
	case t.sent:
		wrong = "answers with errors"
	}
	p.health.Calling(wrong)
}
