package playbooks

import (
	"encoding/json"
	"slices"
	"strings"

	"mayday/integrations"
	"mayday/internal/incident"
)

// object is a JSON object; encoding/json writes its keys in order.
type object = map[string]any

// Schema writes a JSON Schema (draft 2020-12) of playbooks with the actions and
// connections of a catalogue, for editors: completion, help, and squiggles under
// unknown keys. It says less than the linter, which knows references,
// expressions and other files as well; what it refuses, the linter refuses too.
func Schema(cat Catalogue) []byte {
	s := closed(fileProperties(), "name", "say", "steps")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Playbook of Mayday"
	s["$defs"] = object{
		"reference": described(object{"type": "string", "pattern": wholeRef.String()}, "a value of an input or of an earlier step, like $found.picked"),
		"condition": described(object{"type": []string{"string", "boolean"}, "maxLength": maxExpression}, "an expression (CEL) that is true or false"),
		"duration":  described(object{"type": "string", "pattern": `^(\d{1,4}d)?(\d+(\.\d+)?(ms|h|m|s))*$`, "minLength": 2}, "a duration like 90s, 5m, 1h30m or 2d"),
		"input":     inputSchema(),
		"guard":     guardSchema(cat),
		"word":      object{"type": []string{"string", "number", "boolean"}},
		"step":      stepSchema(cat),
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil // maps, lists and texts can always be encoded
	}
	return append(b, '\n')
}

// closed is an object that has these keys and no others.
func closed(properties object, required ...string) object {
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func described(s object, what string) object {
	if what != "" {
		s["description"] = what
	}
	return s
}

func def(name string) object { return object{"$ref": "#/$defs/" + name} }

func either(list ...object) object { return object{"anyOf": list} }

func listOf(item object, least, most int) object {
	out := object{"type": "array", "items": item}
	if least > 0 {
		out["minItems"] = least
	}
	if most > 0 {
		out["maxItems"] = most
	}
	return out
}

func textOf(limit int) object { return object{"type": "string", "minLength": 1, "maxLength": limit} }

func oneOfWords(words []string) object { return object{"enum": words} }

func fileProperties() object {
	return object{
		"name":   described(object{"type": "string", "pattern": bookName.String()}, "the file name without .yaml"),
		"say":    described(textOf(maxSay), "what it is for, one line"),
		"for":    described(listOf(object{"type": "string"}, 0, 0), "services it is offered to first"),
		"when":   described(def("condition"), "when false it is not suggested, but still runs by name"),
		"who":    described(oneOfWords(words(incident.Roles)), "least role that may start it"),
		"ask":    described(listOf(def("input"), 0, 0), "values that a run is started with"),
		"impact": either(textOf(maxLines), listOf(closed(object{"what": textOf(maxSay), "effect": textOf(maxLines), "severity": oneOfWords(impactWords)}, impactKeys...), 0, 0)),
		"do_not": described(listOf(textOf(maxLines), 0, 0), "lines shown before the first step"),
		"checks": described(listOf(def("guard"), 1, 0), "guards before every act of the file"),
		"remind": described(def("duration"), "while acts are in force, ask after so long whether they stay"),
		"verify": described(waitSchema(), "asked after the steps, EXPRESSION [for D] [within D]"),
		"then":   described(listOf(def("step"), 1, maxSteps), "steps once verify held"),
		"after":  described(listOf(def("step"), 1, maxSteps), "steps offered when the incident resolves"),
		"steps":  listOf(def("step"), 1, maxSteps),
	}
}

func waitSchema() object { return either(def("condition"), listOf(def("condition"), 1, 0)) }

func inputSchema() object {
	plain := object{"type": []string{"string", "number", "boolean"}}
	name := object{"type": "string", "pattern": idName.String()}
	details := closed(object{
		"type": oneOfWords(askTypes), "default": plain, "one_of": listOf(plain, 1, 0), "match": object{"type": "string"},
		"max": object{"type": "number", "exclusiveMinimum": 0}, "say": textOf(maxSay),
	})
	return either(name, object{"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": name,
		"additionalProperties": either(plain, listOf(plain, 1, 0), details)})
}

func guardSchema(cat Catalogue) object {
	firm := described(object{"type": "boolean"}, "false: nobody may go on in spite of a no")
	yes := object{"const": true}
	var known []string
	for _, prefix := range keysOf(cat.Connections) {
		known = append(known, cat.Connections[prefix]...)
	}
	on := either(def("reference"), oneOfWords(append([]string{}, known...)))
	return either(
		oneOfWords([]string{guardHours, guardOther}),
		closed(object{guardHours: yes, "override": firm}, guardHours),
		closed(object{guardOther: yes, "override": firm}, guardOther),
		closed(object{guardEnv: listOf(textOf(maxSay), 1, 0), "override": firm}, guardEnv),
		closed(object{guardThat: def("condition"), "say": textOf(maxSay), "override": firm}, guardThat),
		closed(object{guardBackup: closed(object{"on": on, "max_age": def("duration")}, backupKeys...), "override": firm}, guardBackup),
	)
}

// fieldSchema is what one parameter takes: a literal of its kind, or a reference.
func fieldSchema(f integrations.Field, known []string) object {
	scalars := object{"type": []string{"string", "number", "boolean"}}
	var literal object
	switch f.Kind {
	case integrations.Connection:
		literal = oneOfWords(append([]string{}, known...))
	case integrations.Text:
		literal = textSchema(f)
	case integrations.Int:
		literal = object{"type": "integer"}
	case integrations.Number:
		literal = object{"type": "number"}
	case integrations.Bool:
		literal = object{"type": "boolean"}
	case integrations.Duration:
		literal = def("duration")
	case integrations.Time:
		literal = object{"type": "string"}
	case integrations.Map:
		literal = object{"type": "object", "additionalProperties": scalars}
	case integrations.List:
		literal = listOf(scalars, 0, 0)
	}
	out := either(def("reference"))
	if literal != nil {
		out = either(literal, def("reference"))
	}
	if f.Default != nil {
		out["default"] = f.Default
	}
	return described(out, f.Say)
}

func textSchema(f integrations.Field) object {
	if len(f.OneOf) > 0 {
		return oneOfWords(f.OneOf)
	}
	out := object{"type": "string", "minLength": 1}
	if f.Match == "" {
		out["maxLength"], out["pattern"] = maxText, `^[A-Za-z0-9_.:@/][A-Za-z0-9_.:@/-]*$`
		return out
	}
	// Patterns are RE2, and editors read ECMAScript: the common part is kept.
	foreign := strings.Contains(strings.ReplaceAll(f.Match, "(?:", ""), "(?") || strings.Contains(f.Match, "[[:") || strings.Contains(f.Match, `\p`) ||
		strings.Contains(f.Match, `\A`) || strings.Contains(f.Match, `\z`) || strings.Contains(f.Match, `\Q`)
	if !foreign {
		out["pattern"] = "^(?:" + f.Match + ")$"
	}
	return out
}

// sorted gives the actions by name, so that the schema is the same every time.
func (c Catalogue) sorted() []integrations.Action {
	out := slices.Clone(c.Actions)
	slices.SortFunc(out, func(a, b integrations.Action) int { return strings.Compare(a.Name, b.Name) })
	return out
}
