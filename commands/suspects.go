package commands

import (
	"context"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func init() {
	register(Command{
		Name: "suspects", Synonyms: []string{"changes", "changed"}, Help: "what changed recently", Usage: "[SERVICE] [WINDOW]",
		Args: []Arg{{Name: "service", Help: "a service (default: that of the incident)"}, {Name: "window", Help: "how far back, 2h unless given"}},
		Run:  suspects,
	})
}

// suspects needs no incident: in its thread it is about that one, with one open
// incident about that, and with a service about the service.
func suspects(ctx context.Context, c *Call) (chat.Message, error) {
	service, words := c.Named["service"], c.Words
	var window time.Duration
	if text := c.Named["window"]; text != "" {
		words = append(words, text)
	}
	for _, w := range words {
		d, err := time.ParseDuration(w)
		switch {
		case err == nil && d > 0:
			window = d
		case service == "" && err != nil:
			service = w
		default:
			return chat.Message{}, fault.Newf(fault.Invalid, "E24", "`window` is a duration like 2h, not %q.", chat.Clamp(chat.Clean(w), 20)).WithHint("Try: suspects checkout 2h")
		}
	}
	number, err := c.about(ctx)
	if err != nil {
		return chat.Message{}, err
	}
	return c.Desk.Suspects(ctx, c.By, number, service, window)
}

// about is the incident that a command may be about: where it was typed, else
// the only one that is open; 0 when there is none.
func (c *Call) about(ctx context.Context) (int64, error) {
	if c.Where != "" {
		return incident.ParseID(c.Where)
	}
	open, err := c.Desk.OpenIncidents(ctx)
	if err != nil || len(open) != 1 {
		return 0, err
	}
	return open[0].Number, nil
}
