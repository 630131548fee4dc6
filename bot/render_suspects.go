package bot

import (
	"fmt"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// suspects is the part of the opener that says what changed before it began,
// each with the one act that puts it back (M2). Buttons preview and never act.
func (c *card) suspects(s *incident.Suspicion, shown int) {
	began := c.inc.Began()
	if len(s.Suspects) > 0 {
		c.line(chat.Strong("What changed before that"), " (likeliest first)")
	}
	for n, one := range s.Suspects[:min(len(s.Suspects), shown)] {
		c.line(c.suspect(n+1, one, began)...)
		if one.Offer != nil {
			style := chat.Plain
			if n == 0 {
				style = chat.Primary
			}
			c.button(style, "run", one.Offer.Label, start{Playbook: one.Offer.Playbook, Given: one.Offer.Inputs})
		}
	}
	c.lookedAt(s)
	if !s.Onset.IsZero() {
		c.line("Alert ", chat.At(c.inc.OpenedAt), "; ", s.By, " left the usual ", chat.At(s.Onset), ".")
	}
	if p := s.Past; p != nil {
		c.line(c.pastWords(p)...)
	}
	if len(s.Suspects) > 0 {
		c.more("details", "What changed, in detail", nil)
	}
}

// suspect is "1 · 13:52 deploy checkout rev 40→41 (ci, “cart v2”) 9 min before".
func (c *card) suspect(n int, s incident.Suspect, began time.Time) []any {
	var by []string
	if s.Who != "" {
		by = append(by, s.Who)
	}
	if s.Why != "" {
		by = append(by, "“"+chat.Clamp(s.Why, 60)+"”")
	}
	tail := ""
	if len(by) > 0 {
		tail = " (" + strings.Join(by, ", ") + ")"
	}
	return []any{fmt.Sprintf("%d · ", n), chat.At(s.At), " ", string(s.Kind), " ", chat.Strong(chat.Clamp(s.What, 100)), tail, "  ", before(began, s.At)}
}

// before says how long before the onset something was, never how likely it is.
func before(began, at time.Time) string {
	gap := began.Sub(at)
	switch {
	case gap < -30*time.Second:
		return span(-gap) + " after"
	case gap < 30*time.Second:
		return "at that moment"
	}
	return span(gap) + " before"
}

// lookedAt says how far the look went, and who was silent.
func (c *card) lookedAt(s *incident.Suspicion) {
	if s.Asked == 0 {
		c.line("I cannot see deploys, flags or config changes yet: ", chat.Code(c.d.Command+" doctor"), " says how to connect them.")
		return
	}
	if s.Asked > len(s.Silent) {
		of := ""
		if len(s.Services) > 0 {
			of = " on " + strings.Join(s.Services, ", ")
		}
		more := "Nothing"
		if len(s.Suspects) > 0 {
			more = "Nothing else"
		}
		if left := len(s.Suspects) - 3; left > 0 {
			more = fmt.Sprintf("%d more; nothing else", left)
		}
		c.line(chat.Muted(more + " in " + span(c.inc.Began().Sub(s.From)) + of + "."))
	}
	for _, silent := range s.Silent {
		c.line("? No answer from ", chat.Clamp(silent, 140), ": what changed there is not known.")
	}
}

// pastWords is "Same alert 12 days ago: INC-31, flag off, 9 min."
func (c *card) pastWords(p *incident.Past) []any {
	what := ""
	if p.What != "" {
		what = chat.Clamp(p.What, 80) + ", "
	}
	return []any{"Same alert ", ago(c.inc.OpenedAt.Sub(p.At)), ": ", incident.FormatID(p.Incident), ", ", what, span(p.Took), "."}
}

func ago(d time.Duration) string {
	if days := int(d.Hours() / 24); days >= 2 {
		return fmt.Sprintf("%d days ago", days)
	}
	return span(d) + " ago"
}
