package cli

import (
	"errors"
	"fmt"
	"strings"

	"mayday/internal/fault"
)

var errNoIncident = errors.New("no incident is open: mayday open WHAT IS WRONG")

func whichIncident(ids string) error {
	return fmt.Errorf("several incidents are open (%s): say which with --incident", ids)
}

// target says which incident is meant; the server guesses when there is one.
type target struct {
	Incident string `short:"i" placeholder:"INC-42" help:"Which incident (default: the only open one, or the only one you own)."`
}

// here names an incident for the next command; "" where the answer does not say
// which one it was, and the server would choose the same again.
func here(incident string) string {
	if incident == "" {
		return ""
	}
	return " -i " + incident
}

// quoted makes one word of the grammar of commands out of an argument. The
// grammar has no escapes, so the quotes are those that the word does not hold.
func quoted(word string) (string, error) {
	if word != "" && !strings.ContainsAny(word, " \t\n\"“”„'") {
		return word, nil
	}
	for _, q := range []string{`""`, "“”", "''"} {
		open, end := string([]rune(q)[0]), string([]rune(q)[1])
		if !strings.Contains(word, open) && !strings.Contains(word, end) {
			return open + word + end, nil
		}
	}
	return "", &exit{exitUsage, fmt.Errorf("%q holds every kind of quote there is; leave one out", word)}
}

// typed makes the text of a command: words as they are, options as name=value.
type typed struct {
	parts []string
	err   error
}

func typing(verb string, words ...string) *typed {
	return &typed{parts: append([]string{verb}, words...)}
}

// option adds name=value, unless the value is empty.
func (t *typed) option(name, value string) *typed {
	if value == "" || t.err != nil {
		return t
	}
	word, err := quoted(value)
	t.parts, t.err = append(t.parts, name+"="+word), err
	return t
}

// words adds arguments, each as one word. One of the form name=value keeps it.
func (t *typed) words(args ...string) *typed {
	for _, a := range args {
		name, value, named := strings.Cut(a, "=")
		if named && t.err == nil && fieldName(name) {
			word, err := quoted(value)
			t.parts, t.err = append(t.parts, name+"="+word), err
			continue
		}
		word, err := quoted(a)
		if t.err == nil {
			t.parts, t.err = append(t.parts, word), err
		}
	}
	return t
}

// fieldName reports whether a word can stand before "=".
func fieldName(word string) bool {
	return word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && word[0] >= 'a'
}

// command types a command at the server.
func (m *remote) command(r *run, t *typed, where string) (reply, error) {
	if t.err != nil {
		return reply{}, t.err
	}
	body := map[string]string{"text": strings.Join(t.parts, " ")}
	if where != "" {
		body["incident"] = where
	}
	var a reply
	err := m.post(r, "/api/v1/commands", body, &a)
	return a, err
}

// press presses a button.
func (m *remote) press(r *run, id string, input map[string]any) (reply, error) {
	var a reply
	err := m.post(r, "/api/v1/buttons/"+id, map[string]any{"input": input}, &a)
	return a, err
}

// fill posts the form of an answer with what was given; prefilled fields keep
// their values. What is still missing is a mistake of the caller.
func (m *remote) fill(r *run, f *form, given map[string]any) (reply, error) {
	input := map[string]any{}
	var missing []string
	for _, one := range f.Fields {
		if one.Value != nil {
			input[one.Name] = one.Value
		}
		if v, ok := given[one.Name]; ok {
			input[one.Name] = v
		}
		if v := input[one.Name]; one.Required && (v == nil || v == "") {
			missing = append(missing, one.Name+" ("+one.Label+")")
		}
	}
	if len(missing) > 0 {
		return reply{}, &exit{exitUsage, fmt.Errorf("more is needed: %s", strings.Join(missing, ", "))}
	}
	return m.press(r, f.Submit, input)
}

// show writes the answer and turns its code into an exit code.
func (r *run) show(a reply) error {
	if r.style.JSON {
		if err := r.json(a); err != nil {
			return err
		}
	} else if a.done() {
		fmt.Fprintln(r.out, inert(a.Reply.Text))
	}
	if a.done() {
		return nil
	}
	return &exit{codeExit(a.Reply.Code), &fault.Fault{Kind: fault.Conflict, Code: a.Reply.Code, Message: inert(a.Reply.Text)}}
}

// done reports whether it was done, be it by somebody before (E22).
func (a reply) done() bool { return a.Reply.Code == "" || a.Reply.Code == "E22" }

// started reports whether a command started a run. What asks is a form, and what
// was done before has a code.
func (a reply) started() bool {
	return a.Reply.Kind == "answer" && a.Reply.Code == "" && a.Incident != ""
}

// codeExit is the exit code of an error code of INTERACTION section 3.
func codeExit(code string) int {
	switch code {
	case "E1", "E6", "E8", "E10", "E11", "E12", "E16", "E18", "E21", "E25":
		return exitRefused
	case "E24":
		return exitUsage
	case "E5", "E20", "E26":
		return exitUnreachable
	case "E13":
		return exitUnknown
	}
	return exitFailed
}
