package bot

import (
	"encoding/json"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// typed gives a value that went through JSON its Go type again. What does not
// fit is passed on as it is: the action refuses it.
func typed(f integrations.Field, v any) any {
	switch f.Kind {
	case integrations.Int:
		if n, ok := v.(float64); ok {
			return int64(n)
		}
	case integrations.Duration:
		if s, ok := v.(string); ok {
			if d, err := time.ParseDuration(s); err == nil {
				return d
			}
		}
	case integrations.Time:
		if s, ok := v.(string); ok {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return t
			}
		}
	case integrations.RowKind:
		if id, ok := v.(string); ok {
			return incident.Row{ID: id}
		}
		if r, ok := again[incident.Row](v); ok {
			return r
		}
	case integrations.Rows:
		if r, ok := again[[]incident.Row](v); ok {
			return r
		}
	}
	return v
}

func again[T any](v any) (T, bool) {
	var out T
	if t, ok := v.(T); ok {
		return t, true
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return out, false
	}
	return out, json.Unmarshal(raw, &out) == nil
}
