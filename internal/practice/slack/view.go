package slack

import (
	"encoding/json"
	"slices"
)

// view is an open modal or a Home tab, under Slack.mu.
type view struct {
	id, hash string
	root     string
	previous string
	user     string
	kind     string // modal, home
	title    string
	submit   string
	close    string
	blocks   []object
	metadata string
	callback string
	external string
	clears   bool // clear_on_close
	notifies bool // notify_on_close
	errors   map[string]string
	state    map[string]map[string]object // what the person chose already
	offered  map[string][]Option          // of external menus, by action_id
}

// View is a modal or a Home tab as a person sees it.
type View struct {
	ID, Hash        string
	Type            string
	Title           string
	SubmitLabel     string
	CloseLabel      string
	CallbackID      string
	PrivateMetadata string
	Errors          map[string]string // below the inputs, by block_id
	Blocks          json.RawMessage

	names map[string]string
}

// Input is one input of a form.
type Input struct {
	BlockID, ActionID string
	Label, Hint       string
	Placeholder       string
	Kind              string // plain_text_input, static_select, …
	Options           []Option
	Value             string   // what stands in it
	Chosen            []string // in menus: the values
	Multiline         bool
	Optional          bool
	MinLength         int
	MaxLength         int
}

// Option is one line of a menu.
type Option struct{ Label, Value string }

func (s *Slack) seenView(v *view) *View {
	return &View{
		ID: v.id, Hash: v.hash, Type: v.kind, Title: v.title, SubmitLabel: v.submit, CloseLabel: v.close, CallbackID: v.callback,
		PrivateMetadata: v.metadata, Errors: v.errors, Blocks: encode(v.blocks), names: s.world.names(),
	}
}

// View is the modal that is open on somebody's phone; nil for none.
func (s *Slack) View(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.top(user); v != nil {
		return s.seenView(v)
	}
	return nil
}

// Views are all modals of the stack, the top one last.
func (s *Slack) Views(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, v := range s.views[user] {
		out = append(out, *s.seenView(v))
	}
	return out
}

// Home is somebody's Home tab; nil when none was published.
func (s *Slack) Home(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.homes[user]; v != nil {
		return s.seenView(v)
	}
	return nil
}

func (s *Slack) top(user string) *view {
	all := s.views[user]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// viewByID finds an open view, or a Home tab.
func (s *Slack) viewByID(id, external string) *view {
	fits := func(v *view) bool {
		return (id != "" && v.id == id) || (id == "" && external != "" && v.external == external)
	}
	for _, all := range s.views {
		if n := slices.IndexFunc(all, fits); n >= 0 {
			return all[n]
		}
	}
	for _, v := range s.homes {
		if fits(v) {
			return v
		}
	}
	return nil
}
