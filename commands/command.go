// Package commands is what people can type. Each command is a value in a file of
// its own; help, suggestions and registrations derive from the list. The package
// makes the one handler that every platform, the JSON API and the conversation
// scripts call.
package commands

import (
	"context"
	"slices"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/incident"
)

// Command is one verb.
type Command struct {
	Name     string
	Synonyms []string // from the muscle memory of other tools
	Help     string   // one line
	Usage    string   // what follows the verb
	Args     []Arg
	// NeedsIncident asks which incident is meant before Run is called.
	NeedsIncident bool
	Run           func(ctx context.Context, c *Call) (chat.Message, error)
}

// Arg is an argument, for typed options and suggestions.
type Arg struct {
	Name     string
	Help     string
	Required bool
	Named    bool          // typed as name=value; the others by their place
	Rest     bool          // takes words as they are, up to the end
	Choices  []chat.Choice // the only values there are
	Suggest  func(ctx context.Context, d *bot.Desk, q chat.Query) ([]chat.Choice, error)
}

// Call is one use of a command.
type Call struct {
	Desk   *bot.Desk
	By     incident.Person
	Number int64             // of the incident, where one is needed
	Where  string            // the incident in whose thread it was typed, or that was named; "" for none
	Rest   string            // everything behind the verb, as it was typed
	Words  []string          // split, quotes taken off, without the named ones
	Named  map[string]string // key=value
}

// all is filled by init functions and sorted by the order that people should
// learn them in.
var all []Command

func register(c Command) { all = append(all, c) }

// order is how help lists them: five to remember, then the rest.
var order = []string{"open", "own", "update", "run", "resolve", "suspects", "note", "snooze", "undo", "freeze", "help", "doctor"}

// All lists the commands in the order of the help.
func All() []Command {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b Command) int { return rank(a.Name) - rank(b.Name) })
	return out
}

// rank is a command's place in the help; one without a place comes last.
func rank(name string) int {
	if n := slices.Index(order, name); n >= 0 {
		return n
	}
	return len(order)
}

// find answers the command that a word means.
func find(word string) *Command {
	for n := range all {
		if all[n].Name == word || slices.Contains(all[n].Synonyms, word) {
			return &all[n]
		}
	}
	return nil
}

// vocabulary is every word that is understood, for "did you mean".
func vocabulary() []string {
	var out []string
	for _, c := range all {
		out = append(append(out, c.Name), c.Synonyms...)
	}
	return out
}

// Described are the commands as platforms need to know them.
func Described() []chat.Command {
	var out []chat.Command
	for _, c := range All() {
		d := chat.Command{Name: c.Name, Help: c.Help, Usage: c.Usage}
		for _, a := range c.Args {
			d.Args = append(d.Args, chat.Arg{Name: a.Name, Help: a.Help, Required: a.Required, Suggest: a.Suggest != nil, Named: a.Named, Rest: a.Rest, Choices: a.Choices})
		}
		out = append(out, d)
	}
	return out
}
