package prometheus

import (
	"context"
	"fmt"
	"math"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"mayday/integrations"
)

var _ integrations.Signals = (*source)(nil)

// mostPoints is what a server answers for one series at most.
const mostPoints = 11000

// Now answers the newest value.
func (s *source) Now(ctx context.Context, expr string) (integrations.Sample, bool, error) {
	if err := s.ready(); err != nil {
		return integrations.Sample{}, false, err
	}
	v, err := s.api.now(ctx, expr)
	if err != nil {
		return integrations.Sample{}, false, err
	}
	switch v := v.(type) {
	case *model.Scalar:
		return sample(v.Timestamp, v.Value)
	case model.Vector:
		if len(v) > 1 {
			return integrations.Sample{}, false, several(len(v))
		}
		if len(v) == 0 || v[0].Histogram != nil {
			return integrations.Sample{}, false, nil
		}
		return sample(v[0].Timestamp, v[0].Value)
	}
	return integrations.Sample{}, false, noFigure(v)
}

// sample answers ok=false for what is no figure.
func sample(at model.Time, v model.SampleValue) (integrations.Sample, bool, error) {
	if !isFigure(float64(v)) {
		return integrations.Sample{}, false, nil
	}
	return integrations.Sample{At: at.Time().UTC(), Value: float64(v)}, true, nil
}

func isFigure(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Range answers the values between two instants, oldest first.
func (s *source) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]integrations.Sample, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if step <= 0 || to.Before(from) || to.Sub(from)/step >= mostPoints {
		return nil, &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("Prometheus was not asked: from %s to %s in steps of %s are too many values, or none.", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), step),
			Fix: "Ask for less time, or longer steps."}
	}
	v, err := s.api.between(ctx, expr, v1.Range{Start: from, End: to, Step: step})
	if err != nil {
		return nil, err
	}
	matrix, ok := v.(model.Matrix)
	switch {
	case !ok:
		return nil, noFigure(v)
	case len(matrix) > 1:
		return nil, several(len(matrix))
	}
	var out []integrations.Sample
	for _, series := range matrix {
		for _, p := range series.Values {
			if one, ok, _ := sample(p.Timestamp, p.Value); ok {
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// several says that an expression is not one signal.
func several(n int) *integrations.Rejected {
	return &integrations.Rejected{Code: "E24", Why: fmt.Sprintf("The expression answers %d series, and a signal is one.", n),
		Fix: "Put sum(…), max(…) or a label around it in the config."}
}

func noFigure(v model.Value) *integrations.Rejected {
	why := "The expression answers no figure."
	if v != nil && v.Type() == model.ValMatrix {
		why = "The expression answers a stretch of time, as errors[5m] does, and a signal is one figure."
	}
	return &integrations.Rejected{Code: "E24", Why: why, Fix: "Mend the expression in the config or the playbook."}
}
