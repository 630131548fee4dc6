package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
)

// unreachable is E5: nothing was learnt, and nothing was done.
func unreachable(err error) *integrations.Rejected {
	r := &integrations.Rejected{
		Code: "E5", Why: "I can't reach LaunchDarkly (" + inWords(err) + ").",
		Fix: "Try again, or flip the flag in LaunchDarkly by hand.", Err: cause(err),
	}
	if errors.Is(err, errNoToken) {
		r.Code, r.Fix = "E24", "Give connect.launchdarkly.token a value that can be read."
	}
	return r
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

// inWords says what went wrong. The errors of net/http repeat the address, which
// may be internal, so they are put into words of our own.
func inWords(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, errTooLong), errors.Is(err, errNoToken), errors.Is(err, errNotUnderstood):
		return err.Error()
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout"
	case errors.As(err, &op) && op.Op == "dial":
		return "the connection was refused or cannot be made"
	}
	if text, ok := strings.CutPrefix(err.Error(), "answer "); ok {
		return "it answers " + text
	}
	return "the connection broke"
}

// refused is E17: LaunchDarkly said no. action is the right that the change
// needs, "" for a read.
func refused(said answer, action string) *integrations.Rejected {
	r := &integrations.Rejected{Code: "E17", Why: "LaunchDarkly said no (" + strconv.Itoa(said.status) + reason(said) + ")."}
	switch said.status {
	case http.StatusUnauthorized:
		r.Fix = "LaunchDarkly does not know the token: set connect.launchdarkly.token to a service token of this account (api_url), not to an SDK key."
	case http.StatusForbidden:
		r.Fix = "The role of the token lacks a right to read flags and the audit log."
		if action != "" {
			r.Why = "LaunchDarkly said no (403: the token may not " + action + ")."
			r.Fix = "Give its role the action " + action + " on this flag and environment."
		}
	case http.StatusNotFound:
		r.Fix = "Check the key of the flag, and connect.launchdarkly.project and environment."
	case http.StatusTooManyRequests:
		r.Why = "LaunchDarkly takes no more requests for " + waitText(said.header, time.Now()) + " (429)."
		r.Fix = "Try again then."
	case http.StatusBadRequest:
		r.Fix = "A scheduled change or an approval request may be in the way: look at the flag in LaunchDarkly."
	}
	if said.status/100 == 3 {
		r.Fix = "Check connect.launchdarkly.api_url: it answers with a redirect, which I do not follow."
	}
	return r
}

// reason is what LaunchDarkly gave as the reason; untrusted, so cut and on one line.
func reason(said answer) string {
	var body struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(said.body, &body) // a body that is no JSON leaves the status
	if text := integrations.Clip(integrations.OneLine(body.Message), 200); text != "" {
		return ": " + text
	}
	return ""
}

const longestWait = 10 * time.Minute

// waitText says how long to wait: limits of addresses answer with Retry-After,
// the others with the moment of the reset in milliseconds.
func waitText(h http.Header, now time.Time) string {
	wait := 10 * time.Second
	if ms, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
		wait = time.UnixMilli(ms).Sub(now)
	}
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestWait.Seconds()))) * time.Second
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = at.Sub(now)
	}
	wait = min(max(wait, time.Second), longestWait)
	return fmt.Sprintf("%d s", int(wait.Round(time.Second).Seconds()))
}
