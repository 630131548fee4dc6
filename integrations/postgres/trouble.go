package postgres

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"mayday/integrations"
)

// SQLSTATEs that have words of their own.
const (
	stateNoRight    = "42501"
	stateNoFunction = "42883"
	stateNoSchema   = "3F000"
)

// setupError is trouble on our side of the wire, in words that hold no secret.
type setupError struct{ text string }

func (e *setupError) Error() string { return e.text }

// unreachable is E5: the database could not be asked, and nothing was done. The
// driver's own error names host, user and database, so it is not kept.
func (c *connection) unreachable(err error) error {
	var already *integrations.Rejected
	if errors.As(err, &already) {
		return already
	}
	return &integrations.Rejected{
		Code: "E5",
		Why:  "I can't reach " + c.name + " (" + inWords(err) + ").",
		Fix:  "Try again; `mayday doctor` checks the connection.",
		Err:  cause(err),
	}
}

// cause keeps only what callers may test for.
func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// inWords says what went wrong without repeating any part of the address.
func inWords(err error) string {
	var setup *setupError
	var server *pgconn.PgError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &setup):
		return setup.text
	case errors.As(err, &server):
		return serverInWords(server.Code)
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err):
		return "timeout"
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout"
	case errors.As(err, &op):
		return systemCause(op)
	}
	return "the connection broke"
}

// systemCause is the last link of "dial tcp 10.0.0.1:5432: connect: connection
// refused"; the links before hold the address.
func systemCause(op *net.OpError) string {
	text := op.Err.Error()
	text = text[strings.LastIndexByte(text, ':')+1:]
	if strings.Contains(op.Err.Error(), "no such file") {
		return "no server listens there"
	}
	return strings.TrimSpace(text)
}

func serverInWords(state string) string {
	known := map[string]string{
		"28P01": "the server refused the password",
		"28000": "the server refused the login",
		"3D000": "the database does not exist",
		"53300": "the server has no free connection",
		"57P03": "the server is starting up or shutting down",
		"57P01": "the server ended our session",
		"57014": "the statement took too long",
		"55P03": "a lock could not be had in time",
	}
	if text, ok := known[state]; ok {
		return text
	}
	return "the server answered SQLSTATE " + state
}

func sqlState(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}
