package bot

import (
	"context"
	"fmt"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// renderers make each kind of message from the fold. They run when a row is
// first sent or must be sent again, never when it is asked for: what people see
// is what is true then (seam 3).
var renderers = map[string]func(*card, incident.Out, *incident.Entry){
	incident.KindCard:      (*card).root,
	incident.KindOpener:    (*card).opener,
	incident.KindDeclared:  (*card).declared,
	incident.KindAlert:     (*card).alert,
	incident.KindLine:      (*card).quiet,
	incident.KindNote:      (*card).quiet,
	incident.KindUpdate:    (*card).update,
	incident.KindHolding:   (*card).holding,
	incident.KindNudge:     (*card).nudge,
	incident.KindRun:       (*card).run,
	incident.KindAsk:       (*card).step,
	incident.KindApproval:  (*card).step,
	incident.KindRecovered: (*card).recovered,
	incident.KindResolved:  (*card).resolved,
	incident.KindRemind:    (*card).remind,
	incident.KindFinished:  (*card).finished,
	incident.KindAudit:     (*card).audit,
}

// aboutEntry are the kinds whose `About` is the seq of an entry.
var aboutEntry = map[string]bool{
	incident.KindDeclared: true, incident.KindAlert: true, incident.KindLine: true, incident.KindNote: true,
	incident.KindHolding: true, incident.KindRecovered: true, incident.KindResolved: true,
}

// Render makes the message of an outbox row.
func (d *Desk) Render(ctx context.Context, inc *incident.Incident, o incident.Out) (chat.Message, []incident.Button, error) {
	make, ok := renderers[o.Kind]
	if !ok && o.Kind != incident.KindPicture {
		return chat.Message{}, nil, fmt.Errorf("render %s: no message of kind %q", o.Key, o.Kind)
	}
	var e *incident.Entry
	if aboutEntry[o.Kind] {
		found, err := d.entry(ctx, inc.Number, seqOf(o.About))
		if err != nil {
			return chat.Message{}, nil, err
		}
		e = found
	}
	c := d.card(inc, o.Kind, o.Key)
	c.platform = o.Platform
	c.msg.Room, c.msg.Thread = o.Place.Room, o.Place.Thread
	if o.Kind == incident.KindPicture {
		c.drawn(ctx, o)
	} else {
		make(c, o, e)
	}
	m := c.done()
	if len(m.Lines) == 0 {
		return chat.Message{}, nil, fmt.Errorf("render %s: nothing to say", o.Key)
	}
	return m, c.buttons, nil
}

func (d *Desk) entry(ctx context.Context, number, seq int64) (*incident.Entry, error) {
	entries, err := d.Store.Reader.Timeline(ctx, number, seq-1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].Seq != seq {
		return nil, fmt.Errorf("render %s: there is no entry %d", incident.FormatID(number), seq)
	}
	return &entries[0], nil
}

// root is M1, the card that the thread hangs on.
func (c *card) root(incident.Out, *incident.Entry) {
	i := c.inc
	c.msg.Silent = true // whoever is on call was paged already; the opener calls them
	if !i.Open() {
		c.rootResolved()
		return
	}
	c.line(chat.Strong(mark(i)+" "+string(i.Severity)), " ", chat.Strong(headline(i)), " · ", i.ID())
	if i.Impact == "" && len(i.Updates) == 0 {
		c.line("Impact not known yet. Say what users see with the first status.")
	} else {
		c.line("Users: ", i.ImpactNow())
	}
	c.line(string(i.State), " · owner: ", c.owner(), " · since ", chat.At(i.OpenedAt))
	c.line(c.clockWords()...)
	c.sparks()
	if n := len(i.Sources); n > 1 {
		c.line(chat.Tf("+%d alert%s (%d)", n-1, plural(n-1), n))
	}
	for n, s := range i.InForce() {
		if n == 3 {
			c.line(chat.Muted(fmt.Sprintf("and %d more in force", len(i.InForce())-n)))
			break
		}
		c.line("In force: ", s.Plan.Title)
	}
	c.links()
	c.rootButtons()
	c.putBackButtons()
}

// putBackButtons offer to take back what is in force, each with a preview.
func (c *card) putBackButtons() {
	for n, s := range c.inc.InForce() {
		if n == 3 {
			return
		}
		c.msg.More = append(c.msg.More, chat.Button{ID: c.id("undo", s.ID, nil), Label: shortened("Put back: "+s.Plan.Title, chat.Shared.Label), Verb: "undo", Step: s.ID, Style: chat.Plain})
	}
}

// sparks is one line of figures: "errors ▁▁▁▁▂▅▇█ 12.1%   p95 ▁▁▂▂▃▃▄▄ 2.1 s".
func (c *card) sparks() {
	s := c.inc.Suspicion
	if s == nil || len(s.Figures) == 0 {
		return
	}
	var parts []any
	for n, f := range s.Figures {
		if n > 0 {
			parts = append(parts, "   ")
		}
		parts = append(parts, strings.TrimSpace(f.Name+" "+f.Spark)+" ", chat.Strong(f.Now))
	}
	c.line(append(parts, chat.Muted(" at "), chat.At(s.At))...)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (c *card) owner() string {
	i := c.inc
	switch {
	case i.Owner != "":
		return i.Owner
	case i.AckedBy != "":
		return "nobody here (acknowledged at the source by " + i.AckedBy + ")"
	case i.OnCall != "":
		return "nobody yet, " + i.OnCall + " is on call"
	}
	return "nobody yet"
}

// clockWords says when readers will hear next.
func (c *card) clockWords() []any {
	i := c.inc
	k := i.Clock
	switch {
	case !i.Declared():
		return []any{"an alert, not an incident yet: no update is due"}
	case k.Paused:
		return []any{"reminders are paused"}
	case k.Snoozed:
		return []any{"snoozed to ", chat.At(k.Due), " by ", k.SnoozeBy}
	case k.Alive && len(i.Nudges) > 0 && i.Nudges[len(i.Nudges)-1].Key.Slot >= 0:
		return []any{chat.Strong("update overdue"), " since ", chat.At(k.Due)}
	case len(i.Updates) == 0:
		return []any{"first update due ", chat.At(k.Due)}
	}
	return []any{"next update due ", chat.At(k.Due)}
}

func (c *card) links() {
	var parts []any
	add := func(name, url string) {
		if len(parts) > 0 {
			parts = append(parts, " · ")
		}
		parts = append(parts, chat.A(name, url))
	}
	for n, s := range c.inc.Sources[:min(len(c.inc.Sources), 3)] {
		name := c.d.sourceTitle(s.Kind)
		if n > 0 {
			name += fmt.Sprintf(" %d", n+1)
		}
		if s.URL != "" {
			add(name, s.URL)
		}
	}
	for _, l := range c.inc.Links {
		add(l.Name, l.URL)
	}
	for _, l := range c.d.service(c.inc.Service).Links {
		add(l.Name, l.URL)
	}
	if c.d.URL != "" {
		add("war room", c.d.URL+"/i/"+c.inc.ID())
	}
	if len(parts) > 0 {
		c.line(parts...)
	}
}

func (d *Desk) sourceTitle(kind string) string {
	if s, ok := d.sources[kind]; ok {
		return s.Title
	}
	return kind
}

func (c *card) rootButtons() {
	i := c.inc
	if i.Owner == "" {
		c.button(chat.Primary, "own", "I'm on it", nil)
		if len(i.Updates) == 0 {
			c.button(chat.Plain, "update", "Post first status", "first")
		} else {
			c.button(chat.Plain, "update", "Write update", nil)
		}
		c.button(chat.Plain, "run", "Run playbook", nil)
		c.more("severity", "Change SEV", nil)
		c.more("handover", "Name an owner", nil)
		c.more("resolve", "Resolve", nil)
		c.more("not_incident", "Not an incident", nil)
		return
	}
	c.button(chat.Primary, "update", "Write update", nil)
	c.button(chat.Plain, "run", "Run playbook", nil)
	c.button(chat.Plain, "resolve", "Resolve", nil)
	c.more("handover", "Hand over", nil)
	c.more("severity", "Change SEV", nil)
	c.more("snooze", "Snooze 10 min", "10m")
	if i.Severity != incident.SEV1 {
		c.more("snooze", "Snooze 30 min", "30m")
	}
	if len(c.d.service(i.Service).Charts) > 0 {
		c.more("chart", "Chart now", nil)
	}
	c.more("by_hand", "I posted by hand", nil)
	c.more("pause", "Pause nudges", nil)
	c.more("not_incident", "Not an incident", nil)
}

func (c *card) rootResolved() {
	i := c.inc
	took := span(i.ResolvedAt.Sub(i.OpenedAt))
	c.line(chat.Strong("✓ resolved"), " ", chat.Strong(headline(i)), " · ", i.ID())
	switch {
	case i.Healed:
		c.line(i.Summary, ", ", took)
	case i.MergedInto > 0:
		c.line("goes on in ", incident.FormatID(i.MergedInto))
	default:
		c.line("resolved ", chat.At(i.ResolvedAt), " after ", took, " · ", i.Summary)
	}
	c.line("owner: ", c.owner(), " · ", string(i.Severity), " · since ", chat.At(i.OpenedAt))
	c.links()
	c.button(chat.Plain, "reopen", "Reopen", nil)
}

// remind asks whether an act should stay in force. A timer asks, it never acts.
func (c *card) remind(o incident.Out, _ *incident.Entry) {
	s := c.inc.Step(o.About)
	if s == nil {
		return
	}
	switch {
	case s.UndoneBy != "":
		c.msg.Silent = true
		c.line("✓ put back: ", s.Plan.Title)
		return
	case s.KeptBy != "":
		c.msg.Silent = true
		c.line("✓ ", s.KeptBy, " keeps it: ", s.Plan.Title)
		return
	}
	c.line("Still in force since ", chat.At(s.EndedAt), ": ", chat.Strong(s.Plan.Title), ".")
	c.line("Shall it stay? Put back shows a preview first.")
	c.stepButton(chat.Primary, "undo", "Put back", s.ID, nil)
	c.stepButton(chat.Plain, "keep_act", "Keep", s.ID, nil)
}
