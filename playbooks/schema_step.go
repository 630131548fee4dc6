package playbooks

import (
	"maps"

	"mayday/integrations"
	"mayday/internal/incident"
)

// stepSchema lists the forms of a step: one for each word of the language and
// one for each action. They exclude one another by the key that they need.
func stepSchema(cat Catalogue) object {
	words := object{"type": "array", "items": def("word"), "maxItems": maxWords}
	program := object{"type": "array", "minItems": 1, "maxItems": maxWords + 1, "prefixItems": []object{oneOfWords(append([]string{}, cat.Connections[prefixOf(execAction)]...))}, "items": def("word")}
	mixed := object{"type": "string", "minLength": 1}
	forms := []object{
		form("tell", described(mixed, "something for hands"), object{"link": mixed, "copy": described(mixed, "a command to paste")}),
		form("choose", described(mixed, "a question"), object{"options": listOf(optionSchema(), 2, 6)}, "options"),
		form("run", described(object{"type": "string"}, "another playbook"), raising(object{"with": object{"type": "object"}})),
		form("undo", described(object{"type": "string", "pattern": idName.String()}, "the id of an act or a run further up"), raising(nil)),
	}
	for _, a := range cat.sorted() {
		switch {
		case a.Name == execAction:
			own := actFields()
			own["show"], own["undo"] = words, words
			forms = append(forms, form("exec", described(program, "a program of the configuration and its arguments"), own))
		case a.IsLook():
			forms = append(forms, form(a.Name, actionSchema(cat, a), object{"pick": oneOfWords([]string{"one", "many"}), "until": waitSchema()}))
		default:
			forms = append(forms, form(a.Name, actionSchema(cat, a), actFields()))
		}
	}
	return object{"type": "object", "anyOf": forms}
}

// form is one sort of step with the fields that it may have.
func form(kind string, value, own object, required ...string) object {
	properties := object{
		kind: value, "id": object{"type": "string", "pattern": idName.String()}, "say": textOf(maxSay), "when": def("condition"),
		"optional": object{"type": "boolean"}, "timeout": def("duration"),
	}
	maps.Copy(properties, own)
	return closed(properties, append([]string{kind}, required...)...)
}

func raising(own object) object {
	out := object{
		"checks": described(listOf(def("guard"), 1, 0), "guards before it"),
		"grade":  described(oneOfWords([]string{string(incident.GradeChange), string(incident.GradeDanger)}), "raises the grade"),
	}
	maps.Copy(out, own)
	return out
}

func actFields() object {
	return raising(object{
		"each": described(def("reference"), "rows, one act for each"), "max": object{"type": "integer", "minimum": 1, "maximum": 200},
		"failures": object{"type": "integer", "minimum": 0, "maximum": 200}, "pause": def("duration"), "remind": def("duration"),
	})
}

func optionSchema() object {
	return closed(object{
		"label": textOf(maxLabel), "say": textOf(maxSay), "likely": def("condition"), "ask": listOf(def("input"), 0, 0),
		"steps": listOf(def("step"), 0, 0),
	}, "label")
}

// actionSchema takes the parameters as a map, or one value for the first.
func actionSchema(cat Catalogue, a integrations.Action) object {
	known := cat.Connections[prefixOf(a.Name)]
	properties := object{}
	var required []string
	for _, f := range a.Params {
		properties[f.Name] = fieldSchema(f, known)
		if f.Required && f.Default == nil {
			required = append(required, f.Name)
		}
	}
	whole := closed(properties, required...)
	switch {
	case len(a.Params) == 0:
		return described(either(whole, object{"type": "null"}), a.Summary)
	case len(required) > 1 || len(required) == 1 && required[0] != a.Params[0].Name || a.Params[0].Kind == integrations.Map:
		return described(whole, a.Summary)
	}
	return described(either(fieldSchema(a.Params[0], known), whole), a.Summary)
}
