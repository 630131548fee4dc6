package playbooks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// vars are the values of expressions: plain maps and lists.
func (fr *frame) vars() map[string]any {
	f := fr.facts
	vars := map[string]any{
		"service": f.Service, "env": f.Env,
		"incident": map[string]any{"severity": f.Severity, "state": f.State, "minutes": f.minutes(), "opened_at": f.OpenedAt.UTC()},
	}
	for name, v := range f.Signals {
		vars[name] = v
	}
	vars[trendMap] = f.trends()
	vars["alert"] = map[string]any{"title": f.Title, "count": int64(f.Alerts)}
	vars["suspects"] = f.suspects()
	for name, v := range fr.inputs {
		vars[name] = v
	}
	for id, d := range fr.steps {
		one := map[string]any{"outcome": string(d.result.Outcome)}
		if d.usable() {
			for name, v := range d.outputs() {
				one[name] = celValue(v)
			}
		}
		vars[id] = one
	}
	return vars
}

func celValue(v any) any {
	switch x := v.(type) {
	case incident.Row:
		return celRow(x)
	case []incident.Row:
		out := make([]any, 0, len(x))
		for _, r := range x {
			out = append(out, celRow(r))
		}
		return out
	}
	return v
}

func celRow(r incident.Row) map[string]any {
	out := map[string]any{"id": r.ID, "label": r.Label}
	for name, v := range r.Values {
		if v != nil {
			out[name] = celValue(v)
		}
	}
	return out
}

// render fills a text in; values pass through escape. why is set when one is
// missing.
func (fr *frame) render(t text, escape func(string) string) (out, why string) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.ref == nil {
			b.WriteString(p.word)
			continue
		}
		v, why := fr.value(*p.ref, nil)
		if why != "" {
			return "", why
		}
		b.WriteString(escape(inWords(v)))
	}
	return b.String(), ""
}

func inWords(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(x)
	case time.Duration:
		return short(x)
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case incident.Row:
		if x.Label != "" {
			return x.Label
		}
		return x.ID
	}
	return fmt.Sprint(v)
}

// fit makes a value right for a parameter, or says why it is not. An act never
// runs with an empty value.
func (fr *frame) fit(f integrations.Field, prefix string, v any) (any, string) {
	if f.Kind == "" {
		if missing(v) {
			return nil, fmt.Sprintf("`%s` would be empty", f.Name)
		}
		return v, ""
	}
	got, ok := typed(f, v)
	switch v.(type) {
	case incident.Row, []incident.Row:
		got = v // the look's own columns have typed it
	}
	switch {
	case missing(v) || ok && missing(got):
		return nil, fmt.Sprintf("`%s` would be empty", f.Name)
	case !ok:
		return nil, fmt.Sprintf("`%s` is %s, and what there is cannot be read as one", f.Name, kindWords[f.Kind])
	}
	s, isText := got.(string)
	if !isText {
		return got, ""
	}
	if f.Kind == integrations.Connection {
		if !slices.Contains(fr.book.around.connections[prefix], s) {
			return nil, fmt.Sprintf("%s is no connection of %s", quotedText(s), prefix)
		}
		return s, ""
	}
	if why := badText(f, s); why != "" {
		return nil, fmt.Sprintf("`%s` %s", f.Name, why)
	}
	return s, ""
}
