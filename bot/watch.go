package bot

import (
	"context"
	"fmt"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// downLong is how long a platform is away before the others are told: shorter
// gaps mend themselves.
const downLong = 30 * time.Second

// Troubles says which platforms do not answer, for the banner of the war room
// (E20).
func (d *Desk) Troubles(ctx context.Context) []string {
	var out []string
	for _, p := range d.Platforms {
		if h, bad := unwell(p); bad {
			out = append(out, d.troubleText(ctx, p.Name(), h)+" (E20)")
		}
	}
	return out
}

// unwell answers how a platform fares, and whether that is worth a word.
func unwell(p chat.Platform) (chat.Health, bool) {
	probe, ok := p.(chat.Prober)
	if !ok {
		return chat.Health{State: "ok"}, false
	}
	h := probe.Health()
	return h, h.State != "ok" && h.State != ""
}

func (d *Desk) troubleText(ctx context.Context, platform string, h chat.Health) string {
	what := h.Text
	if what == "" {
		what = "does not answer"
	}
	text := fmt.Sprintf("%s %s since %s. Going on without it", d.title(platform), what, h.Since.UTC().Format("15:04 UTC"))
	if n, _, err := d.Store.Reader.Depth(ctx); err == nil && n > 0 {
		return text + fmt.Sprintf("; %d message%s wait.", n, plural(n))
	}
	return text + "."
}

// Watch tells the threads of open incidents that another platform is away, once
// for each time it is, also where several processes find that out. It is called
// every few seconds.
func (d *Desk) Watch(ctx context.Context) {
	for _, p := range d.Platforms {
		h, bad := unwell(p)
		if !bad || time.Since(h.Since) < downLong {
			continue
		}
		if told, _ := d.told.Load(p.Name()); told == h.Since {
			continue
		}
		if _, at, err := d.Store.Reader.Noted(ctx, "away:"+p.Name()); err == nil && at.After(h.Since) {
			d.told.Store(p.Name(), h.Since) // another process was first
			continue
		}
		if err := d.tellDown(ctx, p.Name(), h); err != nil {
			d.Log.Error("say that a platform is away", "platform", p.Name(), "err", err)
			continue
		}
		d.told.Store(p.Name(), h.Since)
	}
}

func (d *Desk) tellDown(ctx context.Context, platform string, h chat.Health) error {
	d.Log.Warn("platform away", "platform", platform, "state", h.State, "text", h.Text)
	if err := d.Store.Notes.Note(ctx, "away:"+platform, h.Since.UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	open, err := d.Store.Reader.Incidents(ctx, incident.Filter{State: "open", Limit: 200})
	if err != nil {
		return err
	}
	for _, i := range open {
		first, err := d.Store.Notes.Once(ctx, fmt.Sprintf("away:%s:%d:%s", platform, h.Since.Unix(), i.ID()))
		if err != nil {
			return err
		}
		if !first || !i.Declared() {
			continue
		}
		if _, err := d.do(ctx, at(i.Number), incident.Say(d.troubleText(ctx, platform, h)+" (E20)")); err != nil {
			return err
		}
	}
	return nil
}
