package playbooks

import (
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// draft is a file whose shape has been read. References, expressions and nested
// playbooks are settled afterwards, when all files are known.
type draft struct {
	lint  *lint
	src   Source
	book  *Playbook
	asks  []ask
	count int // steps in all

	thenAt   place // of its `then`
	remindAt place // of the file's own `remind`
}

// ask is one input as it is written.
type ask struct {
	place
	name  string
	kind  integrations.Kind // "" until it is derived
	typed bool              // the file gives the type
	svc   bool
	def   *node
	oneOf []*node
	match string
	max   float64
	say   string
}

type stepKind string

const (
	actionStep stepKind = "action"
	runStep    stepKind = "run"
	tellStep   stepKind = "tell"
	chooseStep stepKind = "choose"
	undoStep   stepKind = "undo"
)

// step is one step of a file. Its path is its position in the list it stands in.
type step struct {
	place
	kind     stepKind
	id       string
	idAt     place
	say      text
	when     *condition
	optional bool
	timeout  time.Duration  // 0 when the file does not say
	grade    incident.Grade // the file raises the action's to this; "" when not
	remind   time.Duration
	remindAt place
	checks   []*guard

	undoes   string // undo: the id of an earlier step
	undoesAt place

	action integrations.Action
	exec   bool // the action came from `exec`
	args   []arg
	pick   string
	until  []*wait
	most   int // what the steps after it take of its picked rows, 0 for no limit
	each   *each

	run    string
	with   []arg
	nested *Playbook

	tell, link, copy text

	question text
	options  []*option
}

// each repeats an act over rows.
type each struct {
	place
	over     ref
	max      int
	failures int
	pause    time.Duration
}

// arg is one parameter with what is given for it.
type arg struct {
	place // of the value
	field integrations.Field
	key   place
	value operand
	node  *node // of a `with`, until the nested playbook is known
}

// operand is a literal, a reference, or a list or map of operands.
type operand struct {
	place
	lit  any
	ref  *ref
	list []operand
	keys []string // of a map, with list
}

type option struct {
	place
	label  string
	say    string
	likely *condition
	asks   []ask
	ask    []Input
	steps  []*step
}

// walk visits a list of steps with those in its options, in order.
func walk(steps []*step, visit func(*step)) {
	for _, s := range steps {
		visit(s)
		for _, o := range s.options {
			walk(o.steps, visit)
		}
	}
}
