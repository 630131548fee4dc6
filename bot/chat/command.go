package chat

import "strings"

// Command describes one verb, for registrations, manifests and completion.
type Command struct {
	Name  string
	Help  string // one line, at most 100 characters
	Usage string // what follows the verb
	Args  []Arg
}

// Arg is an argument of a command.
type Arg struct {
	Name     string
	Help     string
	Required bool
	Suggest  bool     // Handler.Suggest completes it
	Named    bool     // typed as name=value; the others by their place
	Rest     bool     // takes words as they are, up to the end
	Choices  []Choice // the only values there are
}

// Line is the command as somebody would type it, from the values of a platform
// that has a field for each argument.
func (c Command) Line(values map[string]string) string {
	parts := []string{c.Name}
	for _, a := range c.Args {
		v := strings.TrimSpace(values[a.Name])
		switch {
		case v == "":
		case a.Named:
			parts = append(parts, a.Name+"="+quoted(v))
		case a.Rest:
			parts = append(parts, v)
		default:
			parts = append(parts, quoted(v))
		}
	}
	return strings.Join(parts, " ")
}

// quoted keeps a value together. The grammar of commands has double quotes and
// no escape, so one inside becomes a single quote.
func quoted(v string) string {
	if !strings.ContainsAny(v, " \t\n\"'=") {
		return v
	}
	return `"` + strings.ReplaceAll(v, `"`, "'") + `"`
}
