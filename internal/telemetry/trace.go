package telemetry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/honeycombio/beeline-go"
	"github.com/honeycombio/beeline-go/propagation"
	"github.com/honeycombio/beeline-go/trace"
	"github.com/honeycombio/libhoney-go"
	"github.com/honeycombio/libhoney-go/transmission"
)

// This file is everything that knows Honeycomb's library, which is archived: with
// another one, this file is written anew and nothing else.

// TraceOptions say where traces go.
type TraceOptions struct {
	Key     string // an ingest key
	APIURL  string // https://api.honeycomb.io unless set
	Dataset string // "mayday" unless set; the name of the service there
}

// Tracer sends what happened, and because of what, to Honeycomb: a delivery, the
// incident that it opened, the messages about that; a press and the act that
// followed. What causes what is remembered in memory, so a chain that a restart
// cuts goes on as a trace of its own; incident and step stand in every span.
//
// The library keeps its state in globals: one process has one Tracer.
type Tracer struct {
	mu     sync.Mutex
	causes map[cause]place
	order  []cause // oldest first, so that it does not grow for ever
}

// cause names a thing that other things follow from.
type cause struct{ kind, id string }

type place struct{ trace, span string }

const (
	// mostCauses is above what waits in a storm, at about 200 bytes each.
	mostCauses = 20_000
	// sendTime bounds one batch, and with it how long a stop takes when Honeycomb
	// does not answer: the library tries twice.
	sendTime = 2 * time.Second
)

// StartTracing starts to send. Every span passes the redactor.
func (t *Telemetry) StartTracing(o TraceOptions) (*Tracer, error) {
	if o.Dataset == "" {
		o.Dataset = "mayday"
	}
	sender := &transmission.Honeycomb{
		MaxBatchSize: 50, BatchTimeout: 500 * time.Millisecond, MaxConcurrentBatches: 4, PendingWorkCapacity: 10_000,
		BatchSendTimeout: sendTime, DisableCompression: true, UserAgentAddition: "mayday",
	}
	client, err := libhoney.NewClient(libhoney.ClientConfig{APIKey: o.Key, APIHost: o.APIURL, Dataset: o.Dataset, Transmission: sender})
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	config := beeline.Config{WriteKey: o.Key, ServiceName: o.Dataset, Client: client, PresendHook: t.redactor.span}
	if beeline.IsClassicKey(config) {
		config.Dataset = o.Dataset // else the library prints a warning
	}
	beeline.Init(config)
	return &Tracer{causes: map[cause]place{}}, nil
}

// span takes the secrets out of the fields of one span.
func (r *Redactor) span(fields map[string]any) {
	for name, value := range fields {
		if text, ok := value.(string); ok {
			fields[name] = r.Mask(text)
		}
	}
}

// Close sends what waits.
func (t *Tracer) Close() error {
	beeline.Close()
	return nil
}

// Span begins a span. It belongs to the trace of the context, or to what it
// follows from when that is known; else it begins a trace. The function that it
// answers ends it, with the error if there was one.
func (t *Tracer) Span(ctx context.Context, name, kind, id string) (context.Context, func(err error)) {
	var from *propagation.PropagationContext
	if parent := trace.GetSpanFromContext(ctx); parent != nil {
		from = &propagation.PropagationContext{TraceID: parent.GetTrace().GetTraceID(), ParentID: parent.GetSpanID()}
	} else if p, ok := t.cause(cause{kind, id}); ok {
		from = &propagation.PropagationContext{TraceID: p.trace, ParentID: p.span}
	}
	ctx, own := trace.NewTrace(ctx, from)
	span := own.GetRootSpan()
	span.AddField("name", name)
	return ctx, func(err error) {
		if err != nil {
			span.AddField("error", err.Error())
		}
		own.Send()
	}
}

// Tell adds a field to the span of the context.
func (t *Tracer) Tell(ctx context.Context, name, value string) {
	if span := trace.GetSpanFromContext(ctx); span != nil && value != "" {
		span.AddField(name, value)
	}
}

// Cause remembers that the span of the context is what later spans of this kind
// and id follow from. The newest counts.
func (t *Tracer) Cause(ctx context.Context, kind, id string) {
	span := trace.GetSpanFromContext(ctx)
	if span == nil || id == "" {
		return
	}
	c := cause{kind, id}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.causes[c]; !known {
		t.order = append(t.order, c)
	}
	t.causes[c] = place{trace: span.GetTrace().GetTraceID(), span: span.GetSpanID()}
	if len(t.order) > mostCauses {
		delete(t.causes, t.order[0])
		t.order = t.order[1:]
	}
}

// Knows reports whether spans of this kind and id have something to follow from.
func (t *Tracer) Knows(kind, id string) bool {
	_, ok := t.cause(cause{kind, id})
	return ok
}

func (t *Tracer) cause(c cause) (place, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.causes[c]
	return p, ok
}
