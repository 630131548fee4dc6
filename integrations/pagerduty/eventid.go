package pagerduty

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

// maxID is far above the ids of PagerDuty; longer ones are not stored as keys.
const maxID = 200

// eventID names a signed delivery. The event's own id counts first: the header
// is not signed, and two subscriptions that overlap deliver one event under two
// webhook ids.
func eventID(h http.Header, body []byte) string {
	if id := bodyID(body); id != "" {
		return id
	}
	if id := h.Get("X-Webhook-Id"); isID(id) {
		return "webhook:" + id
	}
	return hashID(body)
}

func hashID(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// bodyID is event.id of a body that is JSON to its end. A body that was cut off
// must not take the name of the whole one. Values are kept raw, so that depth
// and size cost one scan and no tree.
func bodyID(body []byte) string {
	var top, event map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil || json.Unmarshal(top["event"], &event) != nil {
		return ""
	}
	raw := bytes.TrimSpace(event["id"])
	if len(raw) == 0 || len(raw) > 6*maxID {
		return ""
	}
	var text string
	if raw[0] != '"' {
		text = numberText(raw)
	} else if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	if !isID(text) {
		return ""
	}
	return text
}

func numberText(raw []byte) string {
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return ""
	}
	return n.String()
}

// isID reports whether text can be a key: short, printable ASCII, no spaces.
func isID(text string) bool {
	if text == "" || len(text) > maxID {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
