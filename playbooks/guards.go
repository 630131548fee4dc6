package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// Guard is one check of the file before an act, answered as far as the file and
// the facts go.
type Guard struct {
	Kind     string          // backup_fresh, env, business_hours, no_other_incident, that
	Text     string          // for people
	Answer   incident.Answer // unknown when nobody can tell
	Override bool            // a person may go on in spite of a no
	Args     map[string]any  // of env: "envs" ([]string); of backup_fresh: "on", "max_age"
}

// Check is the guard as a line of a plan's preview. The plan knows best where it
// acts, so that a guard on the env asks it.
func (g Guard) Check(p incident.Plan) incident.Check {
	if envs, ok := g.Args["envs"].([]string); ok && g.Kind == guardEnv && g.Answer != incident.No {
		g = envGuard(g, orElse(p.Subject, p.Title), plainEnv(p.Env), envs)
	}
	out := incident.Check{Text: g.Text, Answer: g.Answer}
	if g.Answer == incident.No {
		out.Code = "E8"
	}
	return out
}

func orElse(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// bound is a guard with the frame that its references belong to: those of a
// `run` hold for what acts inside.
type bound struct {
	*guard
	in *frame
}

func bind(guards []*guard, fr *frame) []bound {
	out := make([]bound, 0, len(guards))
	for _, g := range guards {
		out = append(out, bound{g, fr})
	}
	return out
}

// guards answers what guards an act: the file's, those of the `run` around it,
// and its own.
func (fr *frame) guards(s *step, m Move) []Guard {
	all := slices.Concat(bind(fr.book.checks, fr), fr.outer, bind(s.checks, fr))
	var out []Guard
	for _, b := range all {
		g := b.in.answer(b.guard, fr.connectionsOf(m))
		g.Override = !b.firm
		out = append(out, g)
	}
	return out
}

// connectionsOf lists the connections that a move acts on.
func (fr *frame) connectionsOf(m Move) []string {
	all := []integrations.Args{m.Args}
	for _, item := range m.Items {
		all = append(all, item.Args)
	}
	var out []string
	for _, f := range m.Action.Params {
		if f.Kind != integrations.Connection {
			continue
		}
		for _, args := range all {
			if name := args.Text(f.Name); name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// answer computes one guard.
func (fr *frame) answer(g *guard, on []string) Guard {
	out := Guard{Kind: g.kind, Answer: incident.Unknown}
	switch g.kind {
	case guardThat:
		return fr.thatGuard(out, g)
	case guardHours:
		return hoursGuard(out, fr.facts)
	case guardOther:
		return otherGuard(out, fr.facts)
	case guardBackup:
		return fr.backupGuard(out, g)
	}
	out.Args = map[string]any{"envs": g.envs}
	out.Text = "runs in " + strings.Join(g.envs, ", ") + " only"
	for _, name := range on {
		if one := envGuard(out, name, plainEnv(fr.book.around.envs[name]), g.envs); out.Answer != incident.No {
			out = one
		}
	}
	return out
}

func envGuard(out Guard, name, env string, envs []string) Guard {
	out.Answer, out.Text = incident.Yes, fmt.Sprintf("%s is %s", name, env)
	if !slices.Contains(envs, env) {
		out.Answer, out.Text = incident.No, fmt.Sprintf("%s is %s, and this runs in %s only", name, env, strings.Join(envs, ", "))
	}
	return out
}

func (fr *frame) thatGuard(out Guard, g *guard) Guard {
	out.Text = orElse(g.say, g.that.src)
	v := g.that.eval(fr.vars())
	switch {
	case !v.known:
		out.Text += " (" + v.why + ")"
	case v.value:
		out.Answer = incident.Yes
	default:
		out.Answer = incident.No
	}
	return out
}

// hoursGuard asks for Monday to Friday, 9 to 17.
func hoursGuard(out Guard, f Facts) Guard {
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	now := f.Now.In(zone)
	out.Text = "business hours, Mon-Fri 9-17; it is " + now.Format("Mon 15:04 MST")
	out.Answer = incident.No
	if day := now.Weekday(); day != time.Saturday && day != time.Sunday && now.Hour() >= 9 && now.Hour() < 17 {
		out.Answer = incident.Yes
	}
	return out
}

func otherGuard(out Guard, f Facts) Guard {
	switch {
	case !f.OtherKnown:
		out.Text = "other open incidents: nobody can tell"
	case f.OtherOpen <= 0:
		out.Text, out.Answer = "no other incident is open", incident.Yes
	case f.OtherOpen == 1:
		out.Text, out.Answer = "another incident is open", incident.No
	default:
		out.Text, out.Answer = fmt.Sprintf("%d other incidents are open", f.OtherOpen), incident.No
	}
	return out
}

func (fr *frame) backupGuard(out Guard, g *guard) Guard {
	v, why := fr.operand(onField, "", g.on, nil)
	name, _ := v.(string)
	if why != "" || name == "" {
		out.Text = "backup: nobody can tell (" + orElse(why, "no connection is named") + ")"
		return out
	}
	out.Args = map[string]any{"on": name, "max_age": g.maxAge}
	at, known := fr.facts.Backups[name]
	if !known || at.IsZero() {
		out.Text = "backup of " + name + ": nobody can tell"
		return out
	}
	age := max(fr.facts.Now.Sub(at), 0).Round(time.Minute)
	out.Text = fmt.Sprintf("backup of %s: %s old, limit %s", name, short(age), short(g.maxAge))
	out.Answer = incident.Yes
	if age > g.maxAge {
		out.Answer = incident.No
	}
	return out
}
