package playbooks

import "strings"

// Outline says in one line each what a playbook does, for people who read it
// before they run it. Steps in options and nested playbooks are indented.
func (p *Playbook) Outline() []string {
	out := outline(p.steps, "")
	for _, w := range p.verify {
		out = append(out, "then check: "+w.src)
	}
	out = append(out, outline(p.then, "")...)
	if len(p.after) > 0 {
		out = append(out, "after the incident:")
		out = append(out, outline(p.after, "  ")...)
	}
	return out
}

func outline(steps []*step, indent string) []string {
	var out []string
	for _, s := range steps {
		out = append(out, indent+s.words())
		for _, o := range s.options {
			out = append(out, indent+"  "+o.label+":")
			out = append(out, outline(o.steps, indent+"    ")...)
		}
		if s.nested != nil {
			out = append(out, outline(s.nested.steps, indent+"  ")...)
		}
	}
	return out
}

// words is a step as people say it: "change: Roll back a deployment (k8s.rollback)".
func (s *step) words() string {
	switch s.kind {
	case runStep:
		return "run " + s.run
	case tellStep:
		return "by hand: " + s.tell.plain()
	case chooseStep:
		return "choose: " + s.question.plain()
	case undoStep:
		return "undo " + s.undoes
	}
	grade := string(s.action.Grade.Raise(s.grade))
	tail := ""
	if s.each != nil {
		tail = ", once for each"
	}
	for _, w := range s.until {
		tail += ", until " + w.src
	}
	return grade + ": " + strings.TrimSuffix(s.action.Summary, ".") + " (" + s.action.Name + ")" + tail
}

// plain is a text with its references as they are written.
func (t text) plain() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.ref != nil {
			b.WriteString(p.ref.String())
			continue
		}
		b.WriteString(p.word)
	}
	return b.String()
}
