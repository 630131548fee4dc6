package incident

// Grade says how much care an action needs (INTERACTION 2.7). Grades follow the
// effect, not the verb: a plan may raise the grade of its action, and nothing
// lowers it.
type Grade string

// The three grades.
const (
	GradeLook   Grade = "look"   // reads only; runs by itself in a playbook
	GradeChange Grade = "change" // has an undo: preview and one named button
	GradeDanger Grade = "danger" // no undo or wide in effect: typed target, second person in production
)

func (g Grade) rank() int {
	switch g {
	case GradeLook:
		return 0
	case GradeChange:
		return 1
	case GradeDanger:
		return 2
	}
	return -1
}

// Valid reports whether g is one of the three.
func (g Grade) Valid() bool { return g.rank() >= 0 }

// Raise answers the higher of the two: nothing ever lowers a grade.
func (g Grade) Raise(to Grade) Grade {
	if to.rank() > g.rank() {
		return to
	}
	return g
}
