package slack

import (
	"context"

	"mayday/bot/chat"
)

// event is a mention of the bot, or its Home tab that was opened. It is
// acknowledged when it was handled, or after a while: what is lost before comes
// again.
func (p *platform) event(ctx context.Context, h chat.Handler, e event, d delivery) {
	in := e.Event
	t := &talk{
		p: p, h: h, in: chat.Interaction{ID: idOf(e.ID, d.raw), User: chat.User{ID: in.User}},
		team: in.UserTeam, patience: p.pace.ackWithin, retry: d.retry,
	}
	t.ack = func(any) {
		if ctx.Err() == nil { // else it comes again, when we are back
			d.ack(nil)
		}
	}
	if t.team == "" {
		t.team = in.Team
	}
	me := p.self.now()
	switch {
	case in.User == "", in.BotID != "", in.User == me.UserID:
		// Ours, or another bot's: answering would go on for ever.
	case in.Type == "app_mention":
		if me.UserID == "" {
			me, _ = p.self.get(ctx) // without it the first mention is taken off
		}
		t.text, t.channel, t.thread, t.aloud = afterMention(in.Text, me.UserID), in.Channel, in.Thread, true
		t.where.Channel = in.Channel
		if in.Thread != "" {
			t.in.Thread = threadOf(in.Channel, in.Thread, "")
			t.where.Thread = string(t.in.Thread)
		}
		t.answer(ctx)
	case in.Type == "app_home_opened" && (in.Tab == "home" || in.Tab == ""):
		t.home(ctx)
	}
}

// home fills the Home tab with what the panel says.
func (t *talk) home(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, handleFor)
	defer cancel()
	t.in.Text = "help"
	m := t.await(ctx, t.patience, func() { t.take(nil) })
	t.take(nil)
	if m.Code == codeTwice {
		return
	}
	if err := t.p.publish(ctx, t.in.User.ID, t.p.painter().home(m)); err != nil {
		t.p.log.Warn("Home tab not shown", "err", err)
	}
}
