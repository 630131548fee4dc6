package bot

import (
	"context"

	"mayday/internal/incident"
)

// Tracer tells what followed from what: a delivery, its incident, its messages; a
// press, its act. internal/telemetry implements it. A thing that others follow
// from is known by a kind and an id.
type Tracer interface {
	// Span begins a span that follows from a thing; end it with what is answered.
	Span(ctx context.Context, name, kind, id string) (context.Context, func(err error))
	// Tell adds a field to the span of ctx.
	Tell(ctx context.Context, name, value string)
	// Cause says that what is done later for this thing follows from ctx.
	Cause(ctx context.Context, kind, id string)
	// Knows reports whether Cause was called for it.
	Knows(kind, id string) bool
}

// Kinds of things that others follow from, beside the names of alert sources,
// whose things are events and keys.
const (
	fromIncident = "incident"
	fromStep     = "step"
)

func untraced(error) {}

// span is Tracer.Span; without a tracer it costs nothing.
func (d *Desk) span(ctx context.Context, name, kind, id string) (context.Context, func(err error)) {
	if d.Trace == nil {
		return ctx, untraced
	}
	return d.Trace.Span(ctx, name, kind, id)
}

// mark adds a field to the span of ctx.
func (d *Desk) mark(ctx context.Context, name, value string) {
	if d.Trace != nil {
		d.Trace.Tell(ctx, name, value)
	}
}

func (d *Desk) cause(ctx context.Context, kind, id string) {
	if d.Trace != nil {
		d.Trace.Cause(ctx, kind, id)
	}
}

// about puts what was decided into the span, and remembers that acts and messages
// follow from it.
func (d *Desk) about(ctx context.Context, inc *incident.Incident, made []incident.Entry) {
	if d.Trace == nil || inc == nil {
		return
	}
	d.Trace.Tell(ctx, "incident", inc.ID())
	if len(made) > 0 {
		d.Trace.Cause(ctx, fromIncident, inc.ID())
	}
}

// begun remembers, before they are committed, which acts follow from this: they
// may be taken up at the very moment of the commit.
func (d *Desk) begun(ctx context.Context, made []incident.Entry) {
	if d.Trace == nil {
		return
	}
	for _, e := range made {
		if e.Step != "" {
			d.Trace.Tell(ctx, "step", e.Step)
			d.Trace.Cause(ctx, fromStep, e.Step)
		}
	}
}

// messageSpan is the span of one message. The message about a new incident may
// leave before it is known what opened that; then the key of its source tells.
func (d *Desk) messageSpan(ctx context.Context, row incident.OutRow) (context.Context, func(err error)) {
	if d.Trace == nil {
		return ctx, untraced
	}
	kind, id := fromIncident, incident.FormatID(row.Incident)
	if !d.Trace.Knows(kind, id) {
		if inc, err := d.Store.Journal.Incident(ctx, row.Incident); err == nil && len(inc.Sources) > 0 {
			kind, id = inc.Sources[0].Kind, inc.Sources[0].Key
		}
	}
	ctx, end := d.Trace.Span(ctx, "message", kind, id)
	d.Trace.Tell(ctx, "incident", incident.FormatID(row.Incident))
	d.Trace.Tell(ctx, "platform", row.Platform)
	d.Trace.Tell(ctx, "message", row.Key)
	return ctx, end
}

// stepSpan is the span of an act: it follows from the press that started it.
func (d *Desk) stepSpan(ctx context.Context, number int64, id string) (context.Context, func(err error)) {
	if d.Trace == nil {
		return ctx, untraced
	}
	ctx, end := d.Trace.Span(ctx, "act", fromStep, id)
	d.Trace.Tell(ctx, "incident", incident.FormatID(number))
	d.Trace.Tell(ctx, "step", id)
	return ctx, end
}
