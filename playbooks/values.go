package playbooks

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

var durationForm = regexp.MustCompile(`^(?:(\d{1,4})d)?((?:\d+(?:\.\d+)?(?:h|m|s|ms))*)$`)

// parseDuration reads 90s, 5m, 1h30m or 2d. Nothing below zero is a duration here.
func parseDuration(s string) (time.Duration, bool) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, false
	}
	var d time.Duration
	if m[2] != "" {
		var err error
		if d, err = time.ParseDuration(m[2]); err != nil {
			return 0, false
		}
	}
	days, _ := strconv.Atoi(m[1]) // digits, or nothing
	d += time.Duration(days) * 24 * time.Hour
	return d, d >= 0
}

// short writes a duration as people do: 5m, not 5m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// typed makes the Go type that Args promise of a value that may have been
// through JSON, where numbers became float64, and rows maps.
func typed(f integrations.Field, v any) (any, bool) {
	if f.Kind != integrations.Duration && f.Kind != integrations.Time {
		v = plain(v)
	}
	switch f.Kind {
	case integrations.Text, integrations.Connection:
		s, ok := v.(string)
		return s, ok
	case integrations.Int:
		return asInt(v)
	case integrations.Number:
		return asNumber(v)
	case integrations.Bool:
		b, ok := v.(bool)
		return b, ok
	case integrations.Duration:
		return asDuration(v)
	case integrations.Time:
		return asTime(v)
	case integrations.RowKind:
		r, ok := asRow(f.Columns, v)
		return r, ok
	case integrations.Rows:
		return asRows(f.Columns, v)
	case integrations.Map:
		m, ok := v.(map[string]any)
		return m, ok
	case integrations.List:
		return asList(v)
	}
	return nil, false
}

// maxInt is the greatest whole number that JSON carries as it is. What is longer
// is an identifier, and text.
const maxInt = 1 << 53

func asInt(v any) (any, bool) {
	switch n := v.(type) {
	case int64:
		return n, n <= maxInt && n >= -maxInt
	case int:
		return asInt(int64(n))
	case float64:
		if n == math.Trunc(n) && math.Abs(n) <= maxInt {
			return int64(n), true
		}
	}
	return nil, false
}

func asNumber(v any) (any, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return nil, false
}

// asDuration takes text, "5m", and what time.Duration becomes in JSON, nanoseconds.
func asDuration(v any) (any, bool) {
	switch d := v.(type) {
	case time.Duration:
		return d, true
	case string:
		if got, ok := parseDuration(d); ok {
			return got, true
		}
		got, err := time.ParseDuration(d)
		return got, err == nil
	}
	if n, ok := asInt(v); ok {
		return time.Duration(n.(int64)), true
	}
	return nil, false
}

func asTime(v any) (any, bool) {
	switch t := v.(type) {
	case time.Time:
		return t.UTC(), !t.IsZero()
	case string:
		got, err := time.Parse(time.RFC3339, t)
		return got.UTC(), err == nil
	}
	return nil, false
}

func asList(v any) (any, bool) {
	switch l := v.(type) {
	case []any:
		return l, true
	case []string:
		out := make([]any, 0, len(l))
		for _, s := range l {
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}

func asRows(columns []integrations.Field, v any) (any, bool) {
	switch rows := v.(type) {
	case []incident.Row:
		return typedRows(columns, rows), true
	case []any:
		out := make([]incident.Row, 0, len(rows))
		for _, one := range rows {
			r, ok := asRow(columns, one)
			if !ok {
				return nil, false
			}
			out = append(out, r)
		}
		return out, true
	}
	return nil, false
}

// asRow takes a row, or the map that JSON makes of one.
func asRow(columns []integrations.Field, v any) (incident.Row, bool) {
	switch r := v.(type) {
	case incident.Row:
		return typedRow(columns, r), true
	case map[string]any:
		id, _ := r["id"].(string)
		label, _ := r["label"].(string)
		values, _ := r["values"].(map[string]any)
		return typedRow(columns, incident.Row{ID: id, Label: label, Values: values}), id != ""
	}
	return incident.Row{}, false
}

func typedRows(columns []integrations.Field, rows []incident.Row) []incident.Row {
	out := make([]incident.Row, 0, len(rows))
	for _, r := range rows {
		out = append(out, typedRow(columns, r))
	}
	return out
}

// typedRow keeps columns that nobody described, and drops what is not of the
// type that was promised: it counts as missing.
func typedRow(columns []integrations.Field, r incident.Row) incident.Row {
	out := incident.Row{ID: r.ID, Label: r.Label, Values: make(map[string]any, len(r.Values))}
	for k, v := range r.Values {
		i := slices.IndexFunc(columns, func(f integrations.Field) bool { return f.Name == k })
		if i < 0 {
			out.Values[k] = plain(v)
			continue
		}
		if got, ok := typed(columns[i], v); ok {
			out.Values[k] = got
		}
	}
	return out
}

// plain evens out what JSON would change anyway.
func plain(v any) any {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case time.Duration:
		return float64(n)
	case time.Time:
		return n.Format(time.RFC3339Nano)
	}
	return v
}

// kindWords says what a kind is, for people.
var kindWords = map[integrations.Kind]string{
	integrations.Text:       "text",
	integrations.Int:        "a whole number",
	integrations.Number:     "a number",
	integrations.Bool:       "true or false",
	integrations.Duration:   "a duration like 5m",
	integrations.Time:       "a time like 2026-03-01T14:05:00Z",
	integrations.Connection: "the name of a connection",
	integrations.RowKind:    "one row of a look",
	integrations.Rows:       "rows of a look",
	integrations.Map:        "a map",
	integrations.List:       "a list",
}

// fromText reads what a person typed for an input.
func fromText(f integrations.Field, s string) (any, bool) {
	switch f.Kind {
	case integrations.Int:
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && n <= maxInt && n >= -maxInt
	case integrations.Number:
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
	case integrations.Bool:
		switch strings.ToLower(s) {
		case "true", "yes", "on":
			return true, true
		case "false", "no", "off":
			return false, true
		}
		return nil, false
	case integrations.Duration:
		_, ok := parseDuration(s)
		return s, ok
	case integrations.Time:
		t, err := time.Parse(time.RFC3339, s)
		return t.UTC().Format(time.RFC3339), err == nil
	}
	return s, true
}
