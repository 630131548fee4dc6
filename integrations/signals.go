package integrations

import (
	"context"
	"time"
)

// Sample is a signal's value at one moment.
type Sample struct {
	At    time.Time
	Value float64
}

// Chart is one signal of a service: services.NAME.charts.
type Chart struct {
	Name    string
	Source  string  // prefix of the integration that reads it, "prom"
	Expr    string  // in the language of its source
	Bad     float64 // from here on it is bad; 0 when the file does not say
	Traffic string  // expression of how much there is to go by; "" when it does not matter
	Least   float64 // with less traffic nobody can tell
}

// Signals reads figures over time. The expression is the source's own language;
// it comes from the configuration (services.NAME.charts) and never from chat.
type Signals interface {
	// Now answers the newest value, ok=false when there is no data: that is
	// "cannot tell", never zero. NaN and infinities are no data. An expression
	// that answers several series is an error that says so.
	Now(ctx context.Context, expr string) (s Sample, ok bool, err error)
	// Range answers the values between two instants, oldest first, one per step;
	// moments without data are left out.
	Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Sample, error)
}
