package pagerduty

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"mayday/integrations"
)

// Codes of PagerDuty's error bodies.
const (
	alreadyResolved     = 1001
	alreadyAcknowledged = 1002
)

const (
	defaultWait = 30 * time.Second
	longestWait = 10 * time.Minute
)

// busy says that PagerDuty wants to be left alone for a while.
type busy struct {
	wait time.Duration
	err  error
}

func (b *busy) Error() string {
	return fmt.Sprintf("PagerDuty takes no more requests for %s: %v", b.wait, b.err)
}

func (b *busy) Unwrap() error { return b.err }

// RetryAfter is how long PagerDuty asked to wait.
func (b *busy) RetryAfter() time.Duration { return b.wait }

// classify sorts an answer that is no success: *integrations.Rejected is final,
// everything else may be tried again.
func classify(resp *http.Response, raw []byte) error {
	said := pagerduty.APIError{StatusCode: resp.StatusCode}
	_ = json.Unmarshal(raw, &said) // a body that is no JSON leaves the status
	said.StatusCode = resp.StatusCode
	cause := fmt.Errorf("PagerDuty answered %d: %w", resp.StatusCode, said)
	switch {
	case said.RateLimited():
		return &busy{wait: waitOf(resp.Header, time.Now()), err: cause}
	case said.Temporary(), resp.StatusCode == http.StatusRequestTimeout:
		return cause
	}
	return refused(said, cause)
}

func refused(said pagerduty.APIError, cause error) *integrations.Rejected {
	why := "PagerDuty said no (" + strconv.Itoa(said.StatusCode) + words(said) + ")."
	r := &integrations.Rejected{Code: "E17", Why: why, Err: cause}
	switch said.StatusCode {
	case http.StatusUnauthorized:
		r.Code, r.Fix = "E6", "PagerDuty does not know the token: set pagerduty.token to a REST API key of this account and region (pagerduty.api_url)."
	case http.StatusForbidden:
		r.Code, r.Fix = "E6", "The token may not do this: pagerduty.token needs a REST API key with write access."
	case http.StatusPaymentRequired:
		r.Fix = "The PagerDuty plan does not include this; do it by hand in PagerDuty."
	case http.StatusNotFound:
		r.Fix = "The incident is not in this PagerDuty account, or pagerduty.api_url is of another region."
	case http.StatusBadRequest:
		r.Fix = "Check that pagerduty.from is the e-mail address of a user of this account."
	}
	if said.StatusCode/100 == 3 {
		r.Fix = "Check pagerduty.api_url: it answers with a redirect, which I do not follow."
	}
	return r
}

// words are what PagerDuty gave as the reason; untrusted, so cut and on one line.
func words(said pagerduty.APIError) string {
	if !said.APIError.Valid {
		return ""
	}
	text := said.APIError.ErrorObject.Message
	if details := strings.Join(said.APIError.ErrorObject.Errors, ", "); details != "" {
		text += ", " + details
	}
	if text = clamp(oneLine(clean(text)), maxName); text == "" {
		return ""
	}
	return ": " + text
}

// hasCode reports whether PagerDuty gave this reason.
func hasCode(err error, code int) bool {
	var said pagerduty.APIError
	return errors.As(err, &said) && said.APIError.Valid && said.APIError.ErrorObject.Code == code
}

// waitOf reads how long to wait. Some limits answer without any header.
func waitOf(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "Ratelimit-Reset"} {
		value := strings.TrimSpace(h.Get(name))
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
			return min(max(time.Duration(min(seconds, longestWait.Seconds())*float64(time.Second)), time.Second), longestWait)
		}
		if at, err := http.ParseTime(value); err == nil {
			return min(max(at.Sub(now), time.Second), longestWait)
		}
	}
	return defaultWait
}
