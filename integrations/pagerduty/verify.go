package pagerduty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/fault"
)

const signatureHeader = "X-PagerDuty-Signature"

// receiver is the inbound door.
type receiver struct {
	secrets config.Secrets
	log     *slog.Logger
}

// Path is the route.
func (r *receiver) Path() string { return "/hooks/pagerduty" }

// Verify accepts a body that any configured secret has signed. The signature
// scheme has no timestamp, so a replay is recognised by its event id alone. What
// a secret that cannot be read may have signed is not refused, but asked for
// again: PagerDuty drops what is answered 401, and then the subscription.
func (r *receiver) Verify(h http.Header, body []byte) (string, error) {
	if len(r.secrets) == 0 {
		return "", unsigned("I have no webhook secret for PagerDuty, so I cannot tell who sent this.",
			"Set pagerduty.webhook_secret.")
	}
	given := signatures(h)
	if len(given) == 0 {
		return "", unsigned("This PagerDuty webhook carries no v1 signature.",
			"Send it through a V3 webhook subscription, which signs with "+signatureHeader+".")
	}
	signed, unread := r.anySigned(given, body)
	switch {
	case signed:
		return eventID(h, body), nil
	case unread != nil:
		return "", integrations.Unread("A webhook secret of PagerDuty", "pagerduty.webhook_secret", unread)
	}
	return "", unsigned("The signature of this PagerDuty webhook doesn't match.",
		"Compare pagerduty.webhook_secret with the secret that PagerDuty showed when the subscription was made.")
}

func unsigned(message, hint string) *fault.Fault {
	return fault.New(fault.Unsigned, "E19", message, hint)
}

// anySigned compares every signature with every secret, without an early exit,
// so that time tells nothing about which of them matched. Secrets are read each
// time: one that is rotated counts at once, one that is unreadable stops none of
// the others. unread is why one of them could not be read.
func (r *receiver) anySigned(given [][]byte, body []byte) (match bool, unread error) {
	for _, secret := range r.secrets {
		key, err := secret.Reveal()
		if err == nil && key == "" {
			err = errors.New("it is empty")
		}
		if err != nil {
			r.log.Error("a webhook secret cannot be read", "secret", secret.Ref(), "error", err)
			unread = err
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, sum := range given {
			if hmac.Equal(sum, want) {
				match = true
			}
		}
	}
	return match, unread
}

// signatures are the well-formed v1 signatures of all header lines. Other
// versions are left alone: PagerDuty may add one beside v1.
func signatures(h http.Header) [][]byte {
	var sums [][]byte
	for _, line := range h.Values(signatureHeader) {
		for part := range strings.SplitSeq(line, ",") {
			text, isV1 := strings.CutPrefix(strings.TrimSpace(part), "v1=")
			if !isV1 {
				continue
			}
			sum, err := hex.DecodeString(text)
			if err == nil && len(sum) == sha256.Size {
				sums = append(sums, sum)
			}
		}
	}
	return sums
}
