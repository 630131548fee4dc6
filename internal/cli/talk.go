package cli

import (
	"cmp"
	"strings"
)

// The commands of chat, from a terminal. They type the same words into the same
// grammar, so rights, answers and refusals are those of chat.

type openCmd struct {
	Title    []string `arg:"" help:"What is wrong, in a few words."`
	Service  string   `help:"The service that is affected."`
	Severity string   `help:"SEV1 down, SEV2 degraded, SEV3 minor."`
	remote
}

// Run opens an incident by hand.
func (c *openCmd) Run(r *run) error {
	t := typing("open", c.Title...).option("service", c.Service).option("severity", c.Severity)
	a, err := c.command(r, t, "")
	if err != nil {
		return err
	}
	if err := r.show(a); err != nil {
		return err
	}
	r.next("mayday own -i %s", a.Incident)
	return nil
}

type ownCmd struct {
	Person []string `arg:"" optional:"" help:"Who takes it (default: you)."`
	target
	remote
}

// Run takes an incident, or hands it over.
func (c *ownCmd) Run(r *run) error {
	a, err := c.command(r, typing("own", c.Person...), c.Incident)
	if err != nil {
		return err
	}
	if err := r.show(a); err != nil {
		return err
	}
	r.next("mayday update WHAT WE ARE DOING%s", here(a.Incident))
	return nil
}

type updateCmd struct {
	Words  []string `arg:"" optional:"" help:"What we are doing; what users see stays as it was."`
	State  string   `help:"investigating, identified, monitoring, resolved."`
	Impact string   `help:"What users see."`
	Next   string   `help:"When the next word is due, as in 30m; none for no next one."`
	target
	remote
}

// Run posts the word in #status. Without any words the prepared ones are
// posted, as [Post update] in the form does.
func (c *updateCmd) Run(r *run) error {
	a, err := c.command(r, typing("update"), c.Incident)
	if err != nil {
		return err
	}
	if a.Reply.Form == nil {
		return r.show(a)
	}
	given := map[string]any{}
	for name, value := range map[string]string{"doing": strings.Join(c.Words, " "), "impact": c.Impact, "state": c.State, "next": c.Next} {
		if value != "" {
			given[name] = value
		}
	}
	if a, err = c.fill(r, a.Reply.Form, given); err != nil {
		return err
	}
	return r.show(a)
}

type noteCmd struct {
	Words []string `arg:"" help:"The fact."`
	target
	remote
}

// Run puts a fact on the timeline.
func (c *noteCmd) Run(r *run) error { return c.plain(r, typing("note", c.Words...), c.Incident) }

// plain types a command and shows the answer.
func (m *remote) plain(r *run, t *typed, where string) error {
	a, err := m.command(r, t, where)
	if err != nil {
		return err
	}
	return r.show(a)
}

type snoozeCmd struct {
	For string   `arg:"" optional:"" help:"How long: 10m or 30m."`
	Why []string `arg:"" optional:"" help:"Why, for the timeline."`
	target
	remote
}

// Run holds the next reminder.
func (c *snoozeCmd) Run(r *run) error {
	return c.plain(r, typing("snooze", append(strings.Fields(c.For), c.Why...)...), c.Incident)
}

type freezeCmd struct {
	Switch string   `arg:"" enum:"on,off" help:"on or off."`
	Why    []string `arg:"" optional:"" help:"Why, for everybody to read."`
	remote
}

// Run stops all steps, or lets them go on.
func (c *freezeCmd) Run(r *run) error {
	return c.plain(r, typing("freeze", append([]string{c.Switch}, c.Why...)...), "")
}

type suspectsCmd struct {
	Service string `help:"Of which service (default: the incident's)."`
	Window  string `help:"How far back, as in 2h."`
	target
	remote
}

// Run says what changed recently.
func (c *suspectsCmd) Run(r *run) error {
	return c.plain(r, typing("suspects").option("service", c.Service).option("window", c.Window), c.Incident)
}

type resolveCmd struct {
	Fixed []string `arg:"" optional:"" help:"What fixed it."`
	Saw   string   `help:"What users saw."`
	Lost  string   `help:"Data that was lost or must be repaired."`
	Tell  string   `enum:"yes,no" default:"yes" help:"Tell readers in #status: yes or no."`
	Put   []string `name:"put-back" placeholder:"ACT" help:"Acts still in force that should be put back; see mayday incidents INC-42."`
	target
	remote
}

// Run ends an incident, with a last word for readers.
func (c *resolveCmd) Run(r *run) error {
	a, err := c.command(r, typing("resolve"), c.Incident)
	if err != nil {
		return err
	}
	if a.Reply.Form == nil {
		return r.show(a)
	}
	incident := a.Incident // an answer that somebody was faster (E22) does not name it
	given := map[string]any{"tell": c.Tell}
	for name, value := range map[string]string{"fixed": strings.Join(c.Fixed, " "), "saw": c.Saw, "lost": c.Lost} {
		if value != "" {
			given[name] = value
		}
	}
	for _, f := range a.Reply.Form.Fields {
		if f.Type == "many" && len(c.Put) > 0 {
			given[f.Name] = c.Put
		}
	}
	if a, err = c.fill(r, a.Reply.Form, given); err != nil {
		return err
	}
	if err := r.show(a); err != nil {
		return err
	}
	r.next("mayday export postmortem %s", cmp.Or(a.Incident, incident))
	return nil
}
