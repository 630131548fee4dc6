package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Submit sends a form that is open on somebody's phone; "" is the one on top.
// Values are by block_id, action_id or label: a string, or a list of strings for a
// menu of several. What is not given stays as it was filled in before.
func (s *Slack) Submit(ctx context.Context, user, viewID string, values map[string]any) (Seen, error) {
	dl, v, err := s.submitted(user, viewID, values)
	if err != nil {
		return Seen{}, err
	}
	if err := s.send(ctx, dl); err != nil {
		return Seen{}, err // the form stays open, with the vendor's word of trouble
	}
	answer, _, _ := dl.outcome()
	if err := s.settle(v, answer); err != nil {
		s.audit.breach("the answer to %s was no good: %v", dl.what, err)
		return Seen{}, fmt.Errorf("%s: %w: %w", dl.what, ErrNotReached, err)
	}
	return s.watch(ctx, dl)
}

func (s *Slack) open(user, id string) (*view, *person, error) {
	p, err := s.world.mustPerson(user)
	if err != nil {
		return nil, nil, err
	}
	v := s.top(user)
	if v == nil || (id != "" && v.id != id) {
		return nil, nil, fmt.Errorf("no form %q is open for %s", id, p.real)
	}
	return v, p, nil
}

func (s *Slack) submitted(user, viewID string, values map[string]any) (*delivery, *view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, p, err := s.open(user, viewID)
	if err != nil {
		return nil, nil, err
	}
	if v.submit == "" {
		return nil, nil, fmt.Errorf("the form %q has nothing to send it with", v.title)
	}
	if err := v.enter(values); err != nil {
		return nil, nil, err
	}
	out := s.interaction("view_submission", p, v.id)
	out["view"], out["response_urls"] = s.viewJSON(v), []any{}
	return s.newAction(out, p, "", "the form "+v.title), v, nil
}

// enter fills the form in, and looks that nothing needed is missing.
func (v *view) enter(values map[string]any) error {
	used := map[string]bool{}
	for _, b := range v.blocks {
		e, _ := b["element"].(object)
		if b["type"] != "input" || e == nil {
			continue
		}
		in := inputOf(b)
		for _, key := range []string{in.BlockID + "/" + in.ActionID, in.BlockID, in.ActionID, in.Label} {
			given, ok := values[key]
			if !ok {
				continue
			}
			used[key] = true
			state, err := v.set(in, e, given)
			if err != nil {
				return err
			}
			if v.state[in.BlockID] == nil {
				v.state[in.BlockID] = map[string]object{}
			}
			v.state[in.BlockID][in.ActionID] = state
			break
		}
		if state := v.values()[in.BlockID][in.ActionID]; !in.Optional && empty(state) {
			return fmt.Errorf("the field %q must be filled in", in.Label)
		}
	}
	for key := range values {
		if !used[key] {
			return fmt.Errorf("the form %q has no field %q", v.title, key)
		}
	}
	return nil
}

// settle does with a form what the answer to its submission says; without a word
// it is closed.
func (s *Slack) settle(v *view, answer json.RawMessage) error {
	var a struct {
		Action string            `json:"response_action"`
		View   json.RawMessage   `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if len(answer) > 0 && json.Unmarshal(answer, &a) != nil {
		return refuse("invalid_response")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch a.Action {
	case "":
		s.shut(v)
		return nil
	case "clear":
		delete(s.views, v.user)
		s.see(sight{user: v.user, view: true})
		return nil
	case "errors":
		return s.showErrors(v, a.Errors)
	case "update", "push":
		d, err := readView(string(a.View), surfaceModal)
		if err != nil {
			return err
		}
		if a.Action == "push" {
			_, err := s.push(v.user, d)
			return err
		}
		s.fill(v, d)
		s.see(sight{user: v.user, view: true})
		return nil
	}
	return refuse("invalid_response_action", a.Action)
}

func (s *Slack) showErrors(v *view, errors map[string]string) error {
	if len(errors) == 0 {
		return refuse("invalid_response", "errors are missing")
	}
	for id := range errors {
		if !slices.ContainsFunc(v.blocks, func(b object) bool { return b["type"] == "input" && b["block_id"] == id }) {
			return refuse("invalid_response", "there is no input block "+id)
		}
	}
	v.errors = errors
	s.see(sight{user: v.user, view: true})
	return nil
}

// shut closes one form, under mu; the one below is seen again.
func (s *Slack) shut(v *view) {
	s.views[v.user] = slices.DeleteFunc(s.views[v.user], func(x *view) bool { return x == v })
}

// CloseView closes the form on top, of which the bot hears when it asked to.
func (s *Slack) CloseView(ctx context.Context, user string) error {
	s.mu.Lock()
	v, p, err := s.open(user, "")
	if err != nil {
		s.mu.Unlock()
		return err
	}
	s.shut(v)
	if v.clears {
		delete(s.views, user)
	}
	if !v.notifies {
		s.mu.Unlock()
		return nil
	}
	out := s.interaction("view_closed", p, "")
	delete(out, "trigger_id")
	out["view"], out["is_cleared"] = s.viewJSON(v), v.clears
	dl := s.newAction(out, p, "", "closing the form "+v.title)
	s.mu.Unlock()
	return s.send(ctx, dl)
}

// Suggest types the beginning of an option of an external menu in a form, and
// answers what is suggested; Submit takes those.
func (s *Slack) Suggest(ctx context.Context, user, viewID, actionID, prefix string) ([]Option, error) {
	s.mu.Lock()
	v, p, err := s.open(user, viewID)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	block := ""
	for _, b := range v.blocks {
		for _, e := range elementsOf(b) {
			if str(e, "action_id") == actionID && (str(e, "type") == "external_select" || str(e, "type") == "multi_external_select") {
				block = str(b, "block_id")
			}
		}
	}
	if block == "" {
		s.mu.Unlock()
		return nil, fmt.Errorf("the form %q has no menu %q that suggests", v.title, actionID)
	}
	out := s.interaction("block_suggestion", p, "")
	delete(out, "trigger_id")
	out["action_id"], out["block_id"], out["value"] = actionID, block, prefix
	out["container"], out["view"] = object{"type": "view", "view_id": v.id}, s.viewJSON(v)
	dl := s.newAction(out, p, "", "typing in "+actionID)
	s.mu.Unlock()
	if err := s.send(ctx, dl); err != nil {
		return nil, err
	}
	answer, _, _ := dl.outcome()
	found, err := suggestions(answer)
	if err != nil {
		s.audit.breach("the suggestions for %s were no good: %v", actionID, err)
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v.offered[actionID] = append(v.offered[actionID], found...)
	return found, nil
}

// suggestions reads the options of an answer.
func suggestions(answer json.RawMessage) ([]Option, error) {
	var o object
	if json.Unmarshal(answer, &o) != nil {
		return nil, refuse("invalid_response")
	}
	k := &check{}
	switch {
	case o["option_groups"] != nil:
		k.groups("", o)
	default:
		k.options("", o, 0, 100)
	}
	if len(k.messages) > 0 {
		return nil, refuse("invalid_options", k.messages...)
	}
	out := []Option{}
	for _, one := range optionObjects(o) {
		out = append(out, Option{Label: words(one["text"]), Value: str(one, "value")})
	}
	return out, nil
}
