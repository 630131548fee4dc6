package bot

import (
	"context"
	"time"

	"mayday/bot/chat"
	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Suspects answers what changed lately around an incident, or around a service
// where none is named, to one person. It looks anew: the sources have two
// seconds, which leaves a platform's three.
func (d *Desk) Suspects(ctx context.Context, by incident.Person, number int64, service string, window time.Duration) (chat.Message, error) {
	var inc *incident.Incident
	if number > 0 && service == "" {
		found, err := d.Store.Journal.Incident(ctx, number)
		if err != nil {
			return chat.Message{}, err
		}
		inc = found
	}
	if window <= 0 {
		window = 2 * time.Hour
	}
	if window > 7*24*time.Hour {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "A window is at most 7 days.", "Try: suspects checkout 24h")
	}
	c := d.card(inc, "answer", "suspects:"+by.ID)
	c.only = by.ID
	if inc == nil {
		return d.changedLately(ctx, c, service, window)
	}
	s := d.suspicion(ctx, inc)
	if inc.Open() {
		if kept, err := d.do(ctx, at(number), incident.SeeSuspects(s)); err == nil && kept != nil {
			c.inc = kept
		}
	}
	if !s.Onset.IsZero() {
		c.inc.Suspicion = &s // so that ages count from the onset that was just found
	}
	c.suspects(&s, 6)
	if by.Role.AtLeast(incident.Responder) && len(s.Suspects) > 0 {
		c.more("share", "Share in thread", nil)
	}
	return c.answer(ctx)
}

// Lately answers what changed around a service, "" for all, in a window that ends
// now, with the sources that were silent and how many were asked.
func (d *Desk) Lately(ctx context.Context, service string, window time.Duration) (found []incident.Suspect, silent []string, asked int) {
	now := d.Now()
	all, silent, asked := d.Collect(ctx, integrations.Window{Services: d.neighbours(service), From: now.Add(-window), To: now})
	return incident.Rank(service, now, all), silent, asked
}

// changedLately lists what changed in a window that ends now.
func (d *Desk) changedLately(ctx context.Context, c *card, service string, window time.Duration) (chat.Message, error) {
	now := d.Now()
	ranked, silent, asked := d.Lately(ctx, service, window)
	if len(ranked) > 0 {
		c.line(chat.Strong("What changed in the last "+span(window)), " (newest first)")
	}
	for n, one := range ranked[:min(len(ranked), 8)] {
		parts := c.suspect(n+1, one, now)
		parts[len(parts)-1] = span(now.Sub(one.At)) + " ago"
		c.line(parts...)
	}
	switch {
	case asked == 0:
		c.line("I cannot see deploys, flags or config changes yet: ", chat.Code(d.Command+" doctor"), " says how to connect them.")
	case len(ranked) == 0 && len(silent) < asked:
		c.line("Nothing changed in the last ", span(window), ", as far as I can see.")
	}
	for _, s := range silent {
		c.line("? No answer from ", chat.Clamp(s, 140), ": what changed there is not known.")
	}
	return c.answer(ctx)
}

// pressDetails shows one person what is known of each suspect.
func pressDetails(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "answer", inc.ID()+":details:"+by.ID)
	c.only = by.ID
	if inc.Suspicion == nil || len(inc.Suspicion.Suspects) == 0 {
		c.line("Nothing is known that changed before ", inc.ID(), ".")
		return c.answer(ctx)
	}
	for n, s := range inc.Suspicion.Suspects[:min(len(inc.Suspicion.Suspects), 4)] {
		c.line(c.suspect(n+1, s, inc.Began())...)
		for _, line := range s.Detail[:min(len(s.Detail), 6)] {
			c.line("  ", chat.Clamp(line, 160))
		}
		if s.URL != "" {
			c.line("  ", chat.A("open", s.URL))
		}
	}
	return c.answer(ctx)
}

// pressShare puts what one person sees into the thread, as a note of theirs.
func pressShare(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	if inc.Suspicion == nil || len(inc.Suspicion.Suspects) == 0 {
		return chat.Message{}, fault.New(fault.Gone, "E4", "There is nothing to share any more.", "Ask again: suspects")
	}
	text := "What changed before it began:"
	for n, s := range inc.Suspicion.Suspects[:min(len(inc.Suspicion.Suspects), 3)] {
		text += "\n" + chat.L(d.card(inc, "", "").suspect(n+1, s, inc.Began())...).String()
	}
	inc, err = d.act(ctx, by, "write notes", b.Incident, incident.Note(by, text))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Shared in the thread of %s.", inc.ID()), nil
}
