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
		first, err := d.Store.Notes.Once(ctx, heard(in))
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

func heard(in chat.Interaction) string { return "heard:" + in.Platform + ":" + in.ID }

// Missed lets an interaction come once more, when it failed by no fault of whoever
// sent it: the same words may be sent again.
func (d *Desk) Missed(ctx context.Context, in chat.Interaction, err error) {
	if in.ID == "" || err == nil || !fault.Is(err, fault.Unavailable) && fault.Of(err).Kind != fault.Internal {
		return
	}
	if err := d.Store.Notes.Forget(context.WithoutCancel(ctx), heard(in)); err != nil {
		d.Log.Warn("an interaction that failed may not come again", "err", err)
	}
}
