package discord

import (
	"context"
	"time"

	"mayday/bot/chat"
)

// recheck is how often the commands are looked at once they are right: somebody
// may take the bot from the server and bring it back.
const recheck = time.Hour

// housekeep keeps the roles fresh and the commands registered while it runs.
func (p *platform) housekeep(ctx context.Context) {
	var checked time.Time
	for {
		if _, err := p.guild.refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("roles not known", "err", err)
		}
		if all, err := p.rooms.list(ctx, chat.Weight{Priority: 3}); err == nil {
			p.rooms.learn(all)
		}
		wait := p.pace.refresh
		if checked.IsZero() || p.now().Sub(checked) > recheck {
			if wait = p.registerNow(ctx); wait == p.pace.refresh {
				checked = p.now()
			}
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// registerNow answers how long to wait: less when it has to be tried again.
func (p *platform) registerNow(ctx context.Context) time.Duration {
	err := p.register(ctx)
	if err == nil {
		return p.pace.refresh
	}
	if ctx.Err() == nil {
		p.log.Warn("commands not registered", "err", err)
	}
	wait := p.pace.lastRetry
	if t := troubleOf(err); t != nil && !t.local {
		wait = max(wait, t.after)
	}
	return wait
}
