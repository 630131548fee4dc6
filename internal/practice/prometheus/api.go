package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// mostPoints is the real server's limit on a range query, a series.
const mostPoints = 11000

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		mux.HandleFunc(method+" /api/v1/query", s.answer(s.instant))
		mux.HandleFunc(method+" /api/v1/query_range", s.answer(s.span))
	}
	mux.HandleFunc("GET /api/v1/status/buildinfo", s.answer(func(*http.Request) (promql.Query, error) { return nil, nil }))
	for _, path := range []string{"/-/ready", "/-/healthy"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("Prometheus Server is Ready.\n")) })
	}
	return mux
}

// response is the envelope of every answer.
type response struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

type result struct {
	Type  parser.ValueType `json:"resultType"`
	Value parser.Value     `json:"result"`
}

// badData is a question that cannot be understood.
type badData struct{ error }

func bad(param string, err error) error {
	return badData{fmt.Errorf("invalid parameter %q: %w", param, err)}
}

func (s *Server) answer(ask func(*http.Request) (promql.Query, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status, ok := s.trouble(); ok {
			http.Error(w, http.StatusText(status), status)
			return
		}
		status, out := s.run(r, ask)
		raw, err := json.Marshal(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(raw) // who went away needs no answer
	}
}

func (s *Server) trouble() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.statuses) == 0 {
		return 0, false
	}
	status := s.statuses[0]
	s.statuses = s.statuses[1:]
	return status, true
}

func (s *Server) run(r *http.Request, ask func(*http.Request) (promql.Query, error)) (int, response) {
	q, err := ask(r)
	if err != nil {
		return failure(err)
	}
	if q == nil {
		return http.StatusOK, response{Status: "success", Data: map[string]string{"version": "3.13.2", "revision": "practice", "branch": "practice", "buildUser": "", "buildDate": "", "goVersion": "go1.26"}}
	}
	defer q.Close()
	ctx, cancel, err := deadline(r)
	if err != nil {
		return failure(err)
	}
	defer cancel()
	res := q.Exec(ctx)
	if res.Err != nil {
		return failure(res.Err)
	}
	warnings, infos := res.Warnings.AsStrings(r.FormValue("query"), 10, 10)
	// Written down now: the points go back to a pool when the query is closed.
	data, err := json.Marshal(result{res.Value.Type(), plain(res.Value)})
	if err != nil {
		return failure(err)
	}
	return http.StatusOK, response{Status: "success", Data: json.RawMessage(data), Warnings: warnings, Infos: infos}
}

// plain makes "no series" an empty list instead of null.
func plain(v parser.Value) parser.Value {
	switch v := v.(type) {
	case promql.Vector:
		if v == nil {
			return promql.Vector{}
		}
	case promql.Matrix:
		if v == nil {
			return promql.Matrix{}
		}
	}
	return v
}

// failure sorts errors as the real API does.
func failure(err error) (int, response) {
	var timeout promql.ErrQueryTimeout
	var canceled promql.ErrQueryCanceled
	var wrong badData
	status, kind := http.StatusUnprocessableEntity, "execution"
	switch {
	case errors.As(err, &wrong):
		status, kind = http.StatusBadRequest, "bad_data"
	case errors.As(err, &timeout):
		status, kind = http.StatusServiceUnavailable, "timeout"
	case errors.As(err, &canceled):
		status, kind = 499, "canceled" // the real API uses the status of nginx
	}
	return status, response{Status: "error", ErrorType: kind, Error: err.Error()}
}

func deadline(r *http.Request) (context.Context, context.CancelFunc, error) {
	text := r.FormValue("timeout")
	if text == "" {
		return r.Context(), func() {}, nil
	}
	d, err := duration(text)
	if err != nil {
		return nil, nil, bad("timeout", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	return ctx, cancel, nil
}

func (s *Server) instant(r *http.Request) (promql.Query, error) {
	at := time.Now()
	if text := r.FormValue("time"); text != "" {
		var err error
		if at, err = moment(text); err != nil {
			return nil, bad("time", err)
		}
	}
	q, err := s.engine.NewInstantQuery(r.Context(), s.memory, nil, r.FormValue("query"), at)
	if err != nil {
		return nil, bad("query", err)
	}
	return q, nil
}

func (s *Server) span(r *http.Request) (promql.Query, error) {
	start, err := moment(r.FormValue("start"))
	if err != nil {
		return nil, bad("start", err)
	}
	end, err := moment(r.FormValue("end"))
	if err != nil {
		return nil, bad("end", err)
	}
	if end.Before(start) {
		return nil, bad("end", errors.New("end timestamp must not be before start time"))
	}
	step, err := duration(r.FormValue("step"))
	if err != nil {
		return nil, bad("step", err)
	}
	if step <= 0 {
		return nil, bad("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	}
	if end.Sub(start)/step > mostPoints {
		return nil, badData{errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	q, err := s.engine.NewRangeQuery(r.Context(), s.memory, nil, r.FormValue("query"), start, end, step)
	if err != nil {
		return nil, bad("query", err)
	}
	return q, nil
}

// moment is a Unix time with a fraction, or RFC 3339.
func moment(text string) (time.Time, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		whole, part := math.Modf(f)
		return time.Unix(int64(whole), int64(math.Round(part*1000))*int64(time.Millisecond)).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, fmt.Errorf("cannot parse %q to a valid timestamp", text)
	}
	return at, nil
}

// duration is a number of seconds, or Go's notation where it agrees with the one
// of Prometheus ("15s", "1m30s").
func duration(text string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("cannot parse %q to a valid duration", text)
	}
	return d, nil
}
