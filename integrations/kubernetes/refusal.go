package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

// setupError is trouble on our side of the wire, in words that hold no secret.
type setupError struct {
	text string
	err  error
}

func (e *setupError) Error() string { return e.text }
func (e *setupError) Unwrap() error { return e.err }

// errNoTimeLeft is the end of the caller's own deadline.
var errNoTimeLeft = errors.New("no answer in the time there was")

// unreachable is E5: nothing was learnt, and nothing was done.
func (c *cluster) unreachable(err error, tried int) error {
	var already *integrations.Rejected
	if errors.As(err, &already) {
		return already
	}
	var setup *setupError
	if errors.As(err, &setup) {
		return &integrations.Rejected{
			Code: "E24", Why: "I can't use cluster " + c.name + ": " + setup.text + ".",
			Fix: "Check connect.k8s." + c.name + " in the config; `mayday doctor` says more.",
		}
	}
	detail := inWords(err)
	if tried > 1 {
		detail += fmt.Sprintf(", %d tries", tried)
	}
	if at := c.goodSince(); !at.IsZero() {
		detail += ", last good " + clock(at, time.Now())
	}
	return &integrations.Rejected{
		Code: "E5", Why: "I can't reach cluster " + c.name + " (" + detail + ").",
		Fix: "Try again; `mayday doctor` checks the cluster.", Err: cause(err),
	}
}

// byHand adds to E5 what a person can type meanwhile.
func byHand(err error, command string) error {
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E5" || command == "" {
		return err
	}
	out := *r
	out.Fix = "By hand: `" + command + "` (safe to repeat)"
	return &out
}

// cause keeps only what callers may test for: the errors of net/http repeat the
// address, which may be internal.
func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		return status
	}
	return nil
}

// inWords says what went wrong without repeating any part of the address.
func inWords(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var status *apierrors.StatusError
	var wire *wireError
	if errors.As(err, &wire) {
		err = wire.err
	}
	switch {
	case errors.Is(err, errNoTimeLeft):
		return err.Error()
	case errors.As(err, &status):
		return fmt.Sprintf("it answers %d", status.ErrStatus.Code)
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout " + short(tryTimeout)
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout " + short(tryTimeout)
	case errors.As(err, &op) && op.Op == "dial":
		return "the connection was refused or cannot be made"
	case strings.Contains(err.Error(), "x509"), strings.Contains(err.Error(), "tls:"):
		return "its certificate is not the expected one"
	}
	return "the connection broke"
}

func short(d time.Duration) string { return fmt.Sprintf("%d s", int(d.Seconds())) }

// passing reports whether a read may go better the next time.
func passing(err error) bool {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return true
	}
	code := status.ErrStatus.Code
	return code >= 500 || code == 429 || code == 408
}

// refused puts a definite no of the server into words. what is the right that
// was needed.
func (c *cluster) refused(err error, what access) error {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return c.unreachable(err, 1)
	}
	says := shown(status.ErrStatus.Message, 300)
	r := &integrations.Rejected{Code: "E17", Why: fmt.Sprintf("Cluster %s said no (%d: %s).", c.name, status.ErrStatus.Code, says), Err: status}
	switch {
	case status.ErrStatus.Code == 401:
		r.Code, r.Why = "E6", "Cluster "+c.name+" does not know my account (401)."
		r.Fix = "Give connect.k8s." + c.name + ".kubeconfig a credential that is valid."
	case status.ErrStatus.Code == 403 && missingRight(status):
		r.Code, r.Why = "E6", "The cluster refused: my account may not "+what.words()+"."
		r.Fix = what.fix()
	case status.ErrStatus.Code == 403, strings.Contains(says, "admission webhook"):
		r.Code, r.Why, r.Fix = "E6", "The cluster refused: "+says+".", "A rule of the cluster stands in the way, not a missing right: ask who keeps it."
	case status.ErrStatus.Code == 404:
		r.Why, r.Fix = fmt.Sprintf("There is no %s %s in %s:%s.", what.resource, what.name, c.name, what.namespace), "Look with k8s.workloads."
	}
	return r
}

// missingRight tells a 403 of the authorizer from one of admission, which has
// another cause and another cure.
func missingRight(status *apierrors.StatusError) bool {
	return strings.Contains(status.ErrStatus.Message, `User "`) && strings.Contains(status.ErrStatus.Message, " cannot ")
}

// verdict judges the answer to a change whose request may have left. A definite
// no proves that nothing was done; a timeout, a broken connection and the errors
// of the server prove nothing (PROMISES rule 1).
func (c *cluster) verdict(err error, what access) error {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		c.log.Warn("answer to a change is not known", "resource", what.resource, "cause", inWords(err))
		return fmt.Errorf("%s: %s after the request was sent", what.words(), inWords(err))
	}
	switch code := status.ErrStatus.Code; {
	case code == 408 || code >= 500 || code < 300:
		return fmt.Errorf("%s: cluster %s answers %d", what.words(), c.name, code)
	case code == 404 && status.ErrStatus.Reason == metav1.StatusReasonNotFound:
		return &gone{integrations.Stale{Code: "E18", Diff: what.object() + " is gone"}, status}
	case code == 409:
		return &gone{integrations.Stale{Code: "E10", Diff: what.object() + " changed at the same moment (409)"}, status}
	}
	c.answered()
	return c.refused(err, what)
}

// gone is a Stale that keeps the server's answer.
type gone struct {
	stale  integrations.Stale
	status error
}

func (g *gone) Error() string   { return g.stale.Error() }
func (g *gone) Unwrap() []error { return []error{&g.stale, g.status} }

// words say a right as people read it: "patch deployments/scale checkout in shop".
func (a access) words() string {
	return a.verb + " " + a.object() + inNamespace(a.namespace)
}

func inNamespace(ns string) string {
	if ns == "" {
		return ""
	}
	return " in " + ns
}

func (a access) object() string {
	out := a.resource
	if a.sub != "" {
		out += "/" + a.sub
	}
	if a.name != "" {
		out += " " + a.name
	}
	return out
}

// outran reports whether the server refused a patch because the object is not the
// one that was read: by the patch's own test (422), or by a conflict (409).
func outran(err error) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && (status.ErrStatus.Code == 422 || status.ErrStatus.Code == 409)
}

func isNotFound(err error) bool { return apierrors.IsNotFound(err) }
