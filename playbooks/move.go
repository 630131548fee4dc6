package playbooks

import (
	"encoding/json"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// MoveKind says what a run does next.
type MoveKind string

// The moves. Look, Act and Enter happen by themselves (an act and
// an undo begin with their preview), Skip is only recorded, the others ask a person.
const (
	Look   MoveKind = "look"   // run Action, store its table; with Pick the question follows
	Act    MoveKind = "act"    // preview Action with Args, or with Each for all Items
	Undo   MoveKind = "undo"   // preview taking back the acts at the paths in Undoes
	Pick   MoveKind = "pick"   // choose rows of the table that is in the result
	Choose MoveKind = "choose" // choose one of Options
	Inputs MoveKind = "inputs" // the chosen option asks for Fields
	Tell   MoveKind = "tell"   // something for hands
	Ask    MoveKind = "ask"    // `when` could not be computed: [Do it] stores When true, [Skip] skips
	Watch  MoveKind = "watch"  // ask Looks again and judge Waits until all held; a person may go on before
	Enter  MoveKind = "enter"  // a nested playbook begins: store done, When and Extra, then ask again
	Skip   MoveKind = "skip"   // store skipped with Reason
	Done   MoveKind = "done"   // nothing is left
)

// Move is the next thing of a run.
type Move struct {
	Kind  MoveKind
	Path  string // of the step in the pinned file: "2", "2.o1.0" in its option 1, "3.r.0" in a nested run
	ID    string // as written in the file, may be ""
	Say   string
	Index int // position for people, from 1, counting top-level steps
	Of    int

	Action   integrations.Action
	Args     integrations.Args // look and act, typed and complete
	Each     bool              // one act per item
	Items    []Item            // of an act with each, in order
	Failures int               // how many items may fail
	Pause    time.Duration     // between items
	Pick     string            // one or many: of look and pick
	Most     int               // pick: how many rows the steps after it take, 0 for no limit
	Optional bool
	Timeout  time.Duration // 0 of an act: what the configuration says

	Waits []Wait   // of a watch, and of a look that one follows
	Looks []Relook // of a watch: asked again each time

	Undoes []string       // of an undo: paths of acts, in the order in which they were done
	Guards []Guard        // of an act and an undo: lines of every preview
	Grade  incident.Grade // the file raises the grade to this; "" when it does not
	Remind time.Duration  // of an act that can be taken back: ask after so long whether it stays; 0 for never

	Reason  string         // of a skip or an ask, in words
	When    *bool          // computed now, or earlier and stored: store it in Result.When
	Saw     map[string]any // values that `when` saw: store them with Extra
	Inputs  map[string]any // of a nested run that begins: store them with Extra
	Options []Option
	Tell    string
	Link    string
	Copy    string // a command to paste; values in it are quoted for a shell
	Fields  []integrations.Field
}

// Item is one act of an `each`.
type Item struct {
	Row  incident.Row
	Args integrations.Args
}

// Option is one answer to a choose. Its Label is what Result.Choice stores.
type Option struct {
	Label  string
	Say    string
	Likely *bool                // nil: cannot tell, or nothing was written
	Fields []integrations.Field // asked when it is chosen
}

// Extra is what incident.Result.Extra holds.
type Extra struct {
	Saw    map[string]any `json:"saw,omitempty"`
	Inputs map[string]any `json:"inputs,omitempty"` // of an option, or of a nested run
}

// JSON encodes it for incident.Result; nil when there is nothing to store.
func (e Extra) JSON() json.RawMessage {
	if len(e.Saw) == 0 && len(e.Inputs) == 0 {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil
	}
	return b
}

func extraOf(r incident.Result) Extra {
	var e Extra
	if len(r.Extra) > 0 {
		_ = json.Unmarshal(r.Extra, &e) // what is not ours has no inputs
	}
	return e
}
