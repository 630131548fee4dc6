package cli

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ask shows what a run asks and answers it as the flags say; at a terminal a
// person is asked what they do not say.
func (f *follow) ask(r *run, inc incidentView, run *runView) (ended bool, err error) {
	m, err := f.asking(r, run.WaitsFor)
	if err != nil || m == nil {
		return false, err // it is on its way into the thread
	}
	f.asked = run.WaitsFor
	f.seen.clear()
	if !r.style.JSON {
		r.message(*m)
	}
	if f.act.DryRun {
		return true, f.withdraw(r, inc, run)
	}
	if s := inc.step(run.WaitsFor); s != nil {
		return f.start(r, m, s)
	}
	return f.answer(r, m, run)
}

// asking answers the message whose buttons belong to what waits; nil while it is
// not posted.
func (f *follow) asking(r *run, id string) (*message, error) {
	all, err := f.messages(r, f.incident)
	if err != nil {
		return nil, err
	}
	for n := range slices.Backward(all) {
		if slices.ContainsFunc(all[n].Buttons, func(b button) bool { return b.Step == id }) {
			return &all[n], nil
		}
	}
	return nil, nil
}

// start confirms an act: --yes for a change, the typed words for danger. What a
// second person must approve is only waited for.
func (f *follow) start(r *run, m *message, s *stepView) (ended bool, err error) {
	if s.Second {
		r.next("somebody else: mayday approve %s -i %s --confirm %q", s.Code, f.incident, s.Phrase)
		if f.act.NoWait {
			return true, &exit{exitRefused, errors.New("it waits for a second person; nothing was done yet")}
		}
		return false, nil
	}
	b := verb(m, s.ID, "start")
	if b == nil {
		return false, nil
	}
	input, err := f.confirmed(r, s, b)
	if err != nil {
		return true, err
	}
	a, err := f.press(r, b.ID, input)
	if err == nil && !a.done() {
		err = r.show(a)
	}
	return err != nil, err
}

func verb(m *message, step string, verbs ...string) *button {
	for n := range m.Buttons {
		if b := &m.Buttons[n]; b.Step == step && slices.Contains(verbs, b.Verb) {
			return b
		}
	}
	return nil
}

// confirmed answers what starts the act, or why it is not started.
func (f *follow) confirmed(r *run, s *stepView, b *button) (map[string]any, error) {
	stands := fmt.Sprintf("Nothing was done; the preview stands until %s: mayday press %q -i %s", r.clock(s.ExpiresAt), b.Label, f.incident)
	if s.Phrase == "" {
		if f.act.Yes {
			return map[string]any{}, nil
		}
		word, ok := r.prompt(b.Label + "? Type yes: ")
		if !ok || !strings.EqualFold(word, "yes") {
			return nil, &exit{exitRefused, errors.New("not confirmed (--yes). " + stands)}
		}
		return map[string]any{}, nil
	}
	word := f.act.Confirm
	if word == "" {
		word, _ = r.prompt(fmt.Sprintf("Type %q to start: ", s.Phrase))
	}
	if word != s.Phrase {
		return nil, &exit{exitRefused, fmt.Errorf("this is a danger step: it needs --confirm %q. %s", s.Phrase, stands)}
	}
	return map[string]any{"phrase": word}, nil
}

// withdraw takes a preview back after it was looked at.
func (f *follow) withdraw(r *run, inc incidentView, run *runView) error {
	all, err := f.messages(r, f.incident)
	if err != nil {
		return err
	}
	for n := range slices.Backward(all) {
		if b := verb(&all[n], run.ID, "stop"); b != nil {
			if _, err := f.press(r, b.ID, nil); err != nil {
				return err
			}
			break
		}
	}
	if r.style.JSON {
		return r.json(map[string]any{"incident": inc.ID, "dry_run": true, "step": inc.step(run.WaitsFor)})
	}
	r.say("Nothing was done: this was a dry run.")
	return nil
}

// answer answers a question of a playbook.
func (f *follow) answer(r *run, m *message, run *runView) (ended bool, err error) {
	if b := verb(m, run.WaitsFor, "pick"); b != nil {
		return f.pick(r, m, b)
	}
	var labels []string
	for _, b := range m.Buttons {
		if b.Step == run.WaitsFor {
			labels = append(labels, b.Label)
		}
	}
	word := ""
	if f.chosen < len(f.act.Choose) {
		word, f.chosen = f.act.Choose[f.chosen], f.chosen+1
	} else if word, _ = r.prompt("Which? "); word == "" {
		return true, &exit{exitRefused, fmt.Errorf("the playbook asks; answer with --choose, or: mayday press ANSWER -i %s", f.incident)}
	}
	for _, b := range m.Buttons {
		if b.Step != run.WaitsFor || !alike(b.Label, word) {
			continue
		}
		p := pressing{remote: f.remote, incident: f.incident, with: f.act.Set}
		a, err := p.give(r, b)
		if err == nil && !a.done() {
			err = r.show(a)
		}
		return err != nil, err
	}
	return true, &exit{exitUsage, fmt.Errorf("no answer is %q; there is: %s", word, strings.Join(labels, ", "))}
}

// alike compares without marks like the star of what is probably right.
func alike(label, word string) bool {
	bare := func(s string) string { return strings.ToLower(strings.Trim(s, " ★…")) }
	return bare(label) == bare(word)
}

// pick chooses rows of a look.
func (f *follow) pick(r *run, m *message, b *button) (ended bool, err error) {
	if m.Form == nil || len(m.Form.Fields) == 0 {
		return false, nil
	}
	fd := m.Form.Fields[0]
	words := f.act.Pick
	if len(words) == 0 {
		for _, o := range fd.Options {
			r.say("  %s", inert(o.Label))
		}
		line, _ := r.prompt("Which? (words of a row, or all) ")
		words = strings.FieldsFunc(line, func(c rune) bool { return c == ',' })
	}
	picked, err := picked(fd, words)
	if err != nil {
		return true, err
	}
	var value any = picked
	if fd.Type == "one" {
		value = picked[0]
	}
	a, err := f.press(r, b.ID, map[string]any{fd.Name: value})
	if err == nil && !a.done() {
		err = r.show(a)
	}
	return err != nil, err
}

// picked finds the rows that words mean. A word that means several means none.
func picked(fd field, words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		w = strings.TrimSpace(w)
		var found []string
		for _, o := range fd.Options {
			if w == "all" && fd.Type == "many" || o.Value == w || strings.Contains(o.Label, w) {
				found = append(found, o.Value)
			}
		}
		if len(found) != 1 && w != "all" {
			return nil, &exit{exitUsage, fmt.Errorf("%q means %d of the rows; say more of it", w, len(found))}
		}
		out = append(out, found...)
	}
	if len(out) == 0 || fd.Type == "one" && len(out) > 1 {
		return nil, &exit{exitRefused, errors.New("nothing was picked (--pick); nothing was done")}
	}
	return out, nil
}

// prompt asks a person at a terminal; false when there is none.
func (r *run) prompt(question string) (string, bool) {
	if !terminal(r.in) || !terminal(r.words) || r.style.JSON {
		return "", false
	}
	fmt.Fprint(r.words, question)
	line, err := bufio.NewReader(r.in).ReadString('\n')
	return strings.TrimSpace(line), err == nil
}
