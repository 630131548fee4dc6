package discord

import (
	"context"
	"net/http"
)

// housekeep keeps the roles fresh and the commands registered while it runs.
func (p *platform) housekeep(ctx context.Context) {
	done := false
	for {
		if _, err := p.guild.refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("roles not known", "err", err)
		}
		if !done {
			err := p.register(ctx)
			done = err == nil
			if err != nil && ctx.Err() == nil {
				p.log.Warn("commands not registered", "err", err)
			}
			// A refusal does not change by asking every minute.
			if t := troubleOf(err); t != nil && (t.status == http.StatusForbidden || t.status == http.StatusBadRequest) {
				done = true
			}
		}
		wait := p.pace.refresh
		if !done {
			wait = min(wait, p.pace.lastRetry)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}
