package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Handler puts the redactor in front of a log handler: what next writes holds no
// registered secret in the message, in keys, in values, in groups or in errors.
func (r *Redactor) Handler(next slog.Handler) slog.Handler {
	return &maskHandler{redactor: r, next: next}
}

type maskHandler struct {
	redactor *Redactor
	next     slog.Handler
}

func (h *maskHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *maskHandler) Handle(ctx context.Context, in slog.Record) error {
	out := slog.NewRecord(in.Time, in.Level, h.redactor.Mask(in.Message), in.PC)
	in.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(h.redactor.attr(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

// WithAttrs masks what is known now: the next handler formats the attributes at
// once. What becomes known later is masked by the writer beneath.
func (h *maskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	masked := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		masked = append(masked, h.redactor.attr(a))
	}
	return &maskHandler{redactor: h.redactor, next: h.next.WithAttrs(masked)}
}

func (h *maskHandler) WithGroup(name string) slog.Handler {
	return &maskHandler{redactor: h.redactor, next: h.next.WithGroup(h.redactor.Mask(name))}
}

func (r *Redactor) attr(a slog.Attr) slog.Attr {
	return slog.Attr{Key: r.Mask(a.Key), Value: r.value(a.Value.Resolve())}
}

func (r *Redactor) value(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(r.Mask(v.String()))
	case slog.KindGroup:
		group := v.Group()
		masked := make([]slog.Attr, 0, len(group))
		for _, a := range group {
			masked = append(masked, r.attr(a))
		}
		return slog.GroupValue(masked...)
	case slog.KindAny:
		return r.any(v)
	}
	return v
}

// any masks values that the next handler would print in a form of its own. They
// keep their structure unless a secret shows in one of the two usual forms.
func (r *Redactor) any(v slog.Value) slog.Value {
	if r.words.Load() == nil {
		return v
	}
	switch t := v.Any().(type) {
	case nil, *slog.Source, time.Time:
		return v
	case []byte:
		return slog.StringValue(r.Mask(string(t)))
	case error:
		return slog.StringValue(r.Mask(t.Error()))
	default:
		return r.printed(v, t)
	}
}

func (r *Redactor) printed(v slog.Value, t any) slog.Value {
	text := fmt.Sprintf("%+v", t)
	masked := r.Mask(text)
	if masked != text {
		return slog.StringValue(masked)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // as the JSON handler of slog does
	if err := enc.Encode(t); err != nil {
		return slog.StringValue(masked)
	}
	raw := strings.TrimSuffix(out.String(), "\n")
	if inJSON := r.Mask(raw); inJSON != raw {
		return slog.StringValue(inJSON)
	}
	return v
}

// maskWriter masks whole records once more, after formatting. The handlers of slog
// write each record in one call.
type maskWriter struct {
	redactor *Redactor
	out      io.Writer
}

func (w maskWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.out, w.redactor.Mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
