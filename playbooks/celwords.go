package playbooks

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
)

// celProblem puts what CEL says into the words of the language.
func (c *condition) celProblem(l *lint, sc *scope, p prepared, issues *cel.Issues) {
	for i, e := range issues.Errors() {
		if i == 3 {
			return
		}
		at := c.at(p, e.Location.Line(), e.Location.Column())
		what, fix := c.explain(sc, firstLine(e.Message))
		if m := noFunction.FindStringSubmatch(firstLine(e.Message)); m != nil && !c.block {
			at.col = max(at.col-len([]rune(m[1])), c.col) // CEL gives the place of the bracket
		}
		l.fail(at, what, fix)
	}
}

var (
	noField    = regexp.MustCompile(`undefined field '([^']+)'`)
	noFunction = regexp.MustCompile(`undeclared reference to '([^']+)'`)
	wrongType  = regexp.MustCompile(`expected type '(.*)' but found '(.*)'`)
	noOverload = regexp.MustCompile(`found no matching overload for '([^']+)' applied to '(.*)'`)
)

var celFunctions = []string{
	"size", "has", "duration", "timestamp", "matches", "contains", "startsWith", "endsWith", "all", "exists", "exists_one", "filter", "map",
	"double", "int", "string",
}

var signNames = map[string]string{
	"_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_+_": "+", "_-_": "-",
	"_*_": "*", "_/_": "/", "_%_": "%", "_&&_": "&&", "_||_": "||", "!_": "!", "-_": "-", "@in": "in", "_?_:_": "?:", "_[_]": "[]",
}

func (c *condition) explain(sc *scope, message string) (what, fix string) {
	if m := noField.FindStringSubmatch(message); m != nil {
		return "there is no " + named(m[1]) + " here", meant(m[1], sc)
	}
	if m := noFunction.FindStringSubmatch(message); m != nil {
		return "unknown function " + named(m[1]), didYouMean(m[1], celFunctions)
	}
	if m := noOverload.FindStringSubmatch(message); m != nil {
		return c.overload(m[1], m[2])
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		return "this is " + typeWords(m[2]) + ", and " + typeWords(m[1]) + " is wanted here", compareHint(m[1])
	}
	if rest, ok := strings.CutPrefix(message, "Syntax error:"); ok {
		return syntaxWords(rest), ""
	}
	return "this expression is wrong: " + message, ""
}

func (c *condition) overload(function, operands string) (what, fix string) {
	name := function
	if sign, ok := signNames[function]; ok {
		name = sign
	}
	operands = typeWords(operands)
	what = "`" + name + "` does not take " + operands
	switch {
	case (name == "==" || name == "!=") && operands == "(a number with a fraction, a whole number)":
		return what, "Write the number with a fraction, like 1.0"
	case (name == "&&" || name == "||" || name == "!"):
		return what, "Compare the value first, like `x > 0`"
	case strings.Contains(operands, "a duration"):
		return what, `Write a duration as duration("5m")`
	}
	return what, ""
}

// typeWords puts the types of CEL into words.
func typeWords(s string) string {
	return plainTypes.Replace(typeNames.ReplaceAllString(s, "a step or row"))
}

func compareHint(wanted string) string {
	if wanted == "bool" {
		return "Compare it with something, like `x > 0`"
	}
	return ""
}

// syntaxWords leaves out the list of everything that could have stood there.
func syntaxWords(message string) string {
	message, _, _ = strings.Cut(message, " expecting ")
	if strings.Contains(message, "<EOF>") {
		return "the expression ends too early"
	}
	return "this expression cannot be read: " + strings.TrimSpace(message)
}

var typeNames = regexp.MustCompile(`mayday\.[a-z0-9_.]+`)

var plainTypes = strings.NewReplacer(
	"google.protobuf.Duration", "a duration", "google.protobuf.Timestamp", "a time",
	"duration", "a duration", "timestamp", "a time",
	"bool", "true or false", "string", "text", "double", "a number with a fraction", "uint", "a whole number", "int", "a whole number",
)
