package discord

import (
	"context"
	"net/http"
	"strings"

	"mayday/bot/chat"
)

// Discord may refuse a card its thread for good: a server has so many active
// threads and no more. The incident must not wait for somebody to tidy up, so its
// card stands alone: what belongs below it goes into the room, as answers to it.
// The name of such a card says so, which outlasts a restart, and its footer says
// it to people.

// Why a card stands alone, as the end of its ref.
const (
	aloneFull    = "full"    // no room for another active thread
	aloneDenied  = "denied"  // no permission to open one
	aloneRefused = "refused" // whatever else Discord had against it
)

var aloneText = map[string]string{
	aloneFull: "No thread: this server has as many active threads as Discord allows. " +
		"Archive old ones, so that the next incident gets its own. This one goes on in the channel.",
	aloneDenied: "No thread: give my role Create Public Threads in this channel, so that the next incident gets its own. " +
		"This one goes on in the channel.",
	aloneRefused: "No thread: Discord refused to open one, the log of Mayday says why. This incident goes on in the channel.",
}

// alone answers why a card stands without a thread, "" when it has one.
func alone(r chat.Ref) string {
	n := strings.LastIndex(string(r), "/")
	if n < 0 || aloneText[string(r[n+1:])] == "" {
		return ""
	}
	return string(r[n+1:])
}

// givenUp answers why a thread will not be opened however often it is tried, ""
// when it may be later or something else is lost.
func givenUp(err error) string {
	t := troubleOf(err)
	switch {
	case t == nil || t.banned || t.status < 400 || t.status >= 500:
		return ""
	case t.code == codeTooManyThreads:
		return aloneFull
	case t.code == codeMissingPermit:
		return aloneDenied
	case t.code == codeUnknownMessage || t.code == codeUnknownChannel:
		return ""
	}
	switch t.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return ""
	}
	return aloneRefused
}

// leaveAlone lets the card say that it has no thread. Should that fail, its next
// edit says it.
func (p *platform) leaveAlone(ctx context.Context, card chat.Ref, why string, m chat.Message, cause error) chat.Ref {
	p.log.Warn("no thread can be opened, the incident goes on in the room", "card", string(card), "err", cause)
	channel, message, _ := strings.Cut(string(card), "/")
	card += chat.Ref("/" + why)
	if err := p.patch(ctx, channel, message, p.edited(card, m), m.Weight); err != nil {
		p.log.Info("card does not say yet that it has no thread", "err", err)
	}
	return card
}

// edited is what a message becomes.
func (p *platform) edited(r chat.Ref, m chat.Message) body {
	b := p.painter().edit(m)
	if why := alone(r); why != "" {
		b.foot(m.Tone, aloneText[why])
	}
	return b
}
