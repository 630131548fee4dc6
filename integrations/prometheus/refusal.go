package prometheus

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"mayday/integrations"
)

const longestWords = 200

// refused puts an error of the client into words. Those of net/http repeat the
// address, and those of the server repeat the expression, so neither is passed on
// whole.
func refused(err error) *integrations.Rejected {
	r := &integrations.Rejected{Code: "E5", Fix: "Try again, or look at the figure in Prometheus itself.", Err: cause(err)}
	var said *v1.Error
	switch {
	case errors.Is(err, errNoSecret):
		r.Code, r.Why, r.Fix = "E24", "Prometheus was not asked: "+errNoSecret.Error()+".", "Give connect.prometheus a token or password that can be read."
	case errors.Is(err, errPartial):
		r.Why = "Prometheus answered, and " + integrations.Clip(integrations.OneLine(err.Error()), longestWords) + "."
	case !errors.As(err, &said):
		r.Why = "I can't reach Prometheus (" + inWords(err) + ")."
	default:
		answered(r, said)
	}
	return r
}

// answered says what the server said. 400 is an expression that it does not
// understand, 422 one that it cannot compute, 503 one that took too long.
func answered(r *integrations.Rejected, said *v1.Error) {
	short, _, _ := strings.Cut(said.Msg, ": [{") // the series that clash, with their addresses
	text := integrations.Clip(integrations.OneLine(short), longestWords)
	code := text[strings.LastIndexByte(text, ' ')+1:] // "client error: 401", without a body that says more
	switch {
	case said.Type == v1.ErrBadData:
		r.Code, r.Why, r.Fix = "E24", "Prometheus does not understand the expression: "+text+".", "Mend the expression in the config or the playbook."
	case said.Type == v1.ErrExec:
		r.Code, r.Why, r.Fix = "E24", "Prometheus cannot compute the expression: "+text+".", "Mend the expression in the config or the playbook."
	case said.Type == v1.ErrTimeout, said.Type == v1.ErrCanceled:
		r.Why, r.Fix = "Prometheus did not finish in time.", "Try again, or ask for less."
	case said.Type == v1.ErrClient && (code == "401" || code == "403"):
		r.Code, r.Why, r.Fix = "E6", "Prometheus does not let me in ("+code+").", "Check token, or user and password, of connect.prometheus."
	case said.Type == v1.ErrClient && code == "404":
		r.Why, r.Fix = "There is no Prometheus at its address (404).", "Check connect.prometheus.url: it ends before /api/v1."
	case said.Type == v1.ErrBadResponse && strings.Contains(text, "unexpected value type"):
		r.Code, r.Why, r.Fix = "E24", "The expression answers no figure, but a text or something newer.", "Mend the expression in the config or the playbook."
	case said.Type == v1.ErrBadResponse && !strings.Contains(text, "response code"):
		r.Why, r.Fix = "The answer is not what Prometheus answers.", "Check connect.prometheus.url."
	default:
		r.Why = "Prometheus cannot answer (" + text + ")."
	}
}

// cause keeps only what callers may test for.
func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// inWords says what went wrong on the way.
func inWords(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, errTooLong):
		return errTooLong.Error()
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout"
	case errors.As(err, &op) && op.Op == "dial":
		return "the connection was refused or cannot be made"
	}
	return "the connection broke"
}
