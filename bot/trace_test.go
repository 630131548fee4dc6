package bot

import (
	"context"
	"testing"

	"mayday/internal/incident"
)

// TestTracingOffCostsNothing: without a key there is no tracer, and what asks for
// a span allocates nothing.
func TestTracingOffCostsNothing(t *testing.T) {
	d, ctx := &Desk{}, context.Background()
	made := []incident.Entry{{Step: "s"}}
	row := incident.OutRow{Incident: 1}
	got := testing.AllocsPerRun(100, func() {
		ctx, end := d.span(ctx, "webhook", "pagerduty", "E1")
		d.mark(ctx, "source", "pagerduty")
		d.cause(ctx, "pagerduty", "E1")
		d.begun(ctx, made)
		d.about(ctx, nil, made)
		_, endMessage := d.messageSpan(ctx, row)
		_, endStep := d.stepSpan(ctx, 1, "s")
		endStep(nil)
		endMessage(nil)
		end(nil)
	})
	if got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}
