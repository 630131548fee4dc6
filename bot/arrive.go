package bot

import (
	"context"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Arrive takes an interaction in: it finds the incident whose thread it happened
// in, and refuses what a platform delivers a second time.
func (d *Desk) Arrive(ctx context.Context, in chat.Interaction) (chat.Interaction, error) {
	if in.ID != "" {
		first, err := d.Store.Notes.Once(ctx, "heard:"+in.Platform+":"+in.ID)
		if err != nil {
			return in, err
		}
		if !first {
			return in, fault.New(fault.Already, "E22", "I have that one already; it came twice.", "The thread shows what became of it.").WithState("")
		}
	}
	if in.Incident != "" || in.Thread == "" {
		return in, nil
	}
	number, err := d.Store.Threads.ByRef(ctx, in.Platform, string(in.Thread))
	if err != nil {
		return in, err
	}
	if number > 0 {
		in.Incident = incident.FormatID(number)
	}
	return in, nil
}
