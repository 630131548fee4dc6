package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mayday/bot/chat"
)

// Codes of Discord that mean something to Mayday.
const (
	codeUnknownChannel  = 10003
	codeUnknownMember   = 10007
	codeUnknownMessage  = 10008
	codeUnknownUser     = 10013
	codeUnknownInter    = 10062
	codeEditsCapped     = 30046
	codeAlreadyAnswered = 40060
	codeMissingAccess   = 50001
	codeMissingPermit   = 50013
	codeInvalidToken    = 50027
	codeThreadArchived  = 50083
	codeNoHistory       = 160002 // an answer names a message that we may not read
	codeThreadExists    = 160004
	codeTooManyThreads  = 160006
)

// How long to stay away when nobody says it. A page that shuts us out is not
// Discord's own word: after minutes one call may try.
const (
	banPause            = 5 * time.Minute
	banMost             = 10 * time.Minute
	limitedWithoutATime = 5 * time.Second
)

const (
	maxTroubleText = 200
	maxTroubleBody = 64 << 10
)

// trouble is what went wrong with a call.
type trouble struct {
	status int    // 0: there was no answer
	code   int    // Discord's own
	sent   bool   // it may have been done although nobody said so
	local  bool   // not sent: there was no room in the budget
	banned bool   // a page instead of an answer: our address is shut out
	global bool   // a 429 for the whole bot
	scope  string // of a 429
	// tokenless says that it was never asked: our own token could not be read.
	tokenless bool
	after     time.Duration
	err       error
}

func (t *trouble) Error() string { return t.err.Error() }

// Unwrap gives the cause.
func (t *trouble) Unwrap() error { return t.err }

// newTrouble reads a refusal. What Discord writes is shown to people, so it is
// cut and cleaned.
func newTrouble(c call, got *said) *trouble {
	t := &trouble{status: got.status, sent: got.status >= 500, scope: got.header.Get("X-RateLimit-Scope")}
	var b struct {
		Message    string          `json:"message"`
		Code       int             `json:"code"`
		RetryAfter float64         `json:"retry_after"`
		Global     bool            `json:"global"`
		Errors     json.RawMessage `json:"errors"`
	}
	isJSON := json.Unmarshal(got.body[:min(len(got.body), maxTroubleBody)], &b) == nil
	text := b.Message
	if len(b.Errors) > 0 {
		text += " " + string(b.Errors)
	}
	if !isJSON {
		text = http.StatusText(got.status)
	}
	t.code = b.Code
	t.err = fmt.Errorf("%s: answer %d %s (code %d)", c.route, got.status, clip(chat.Clean(strings.TrimSpace(text)), maxTroubleText), b.Code)
	refused := got.status == http.StatusForbidden || got.status == http.StatusTooManyRequests
	t.banned = refused && !isJSON
	if got.status == http.StatusTooManyRequests || t.banned {
		t.global = b.Global || got.header.Get("X-RateLimit-Global") != ""
		t.after = max(time.Duration(min(b.RetryAfter, 86400)*float64(time.Second)), seconds(got.header.Get("Retry-After")))
	}
	switch {
	case t.banned && t.after <= 0:
		t.after = banPause
	case t.banned:
		t.after = min(t.after, banMost)
	case got.status == http.StatusTooManyRequests && t.after <= 0:
		t.after = limitedWithoutATime
	}
	return t
}

// troubleOf finds it in an error; nil when there is none.
func troubleOf(err error) *trouble {
	var t *trouble
	if errors.As(err, &t) {
		return t
	}
	return nil
}

// coded reports whether Discord refused with one of these codes.
func coded(err error, codes ...int) bool {
	t := troubleOf(err)
	if t == nil {
		return false
	}
	for _, c := range codes {
		if t.code == c {
			return true
		}
	}
	return false
}

// dest is what a call was about.
type dest struct {
	room    string // operations, status
	channel string // as people see it: "#status"
	thread  bool   // the channel is a thread
	message bool   // there is a message to edit or delete
	card    string // the message it is an answer to, in the room itself
	needs   string // the permissions that it takes
}

// failed classifies an error for the outbox.
func failed(err error, at dest) error {
	t := troubleOf(err)
	if t == nil {
		return err
	}
	f := &chat.Failure{Kind: chat.Down, After: t.after, Err: t}
	switch {
	case t.local, t.status == http.StatusTooManyRequests, t.banned:
		f.Kind = chat.Limited
	case t.sent:
		f.Kind = chat.Uncertain
	case t.status == 0, t.status == http.StatusUnauthorized:
	case t.code == codeUnknownMessage && at.message:
		f.Kind, f.What = chat.Lost, chat.LostMessage
	case t.code == codeUnknownChannel && at.thread, t.code == codeThreadArchived:
		f.Kind, f.What = chat.Lost, chat.LostThread
	case t.code == codeTooManyThreads && at.thread:
		// It was put away and cannot come back: the incident needs another place.
		f.Kind, f.What = chat.Lost, chat.LostThread
	case t.code == codeUnknownChannel:
		f.Kind, f.What, f.Fix = chat.Lost, chat.LostRoom, fmt.Sprintf("There is no %s on the server any more: make it, or change chat.channels.", at.channel)
	case t.status == http.StatusForbidden:
		f.Kind, f.What, f.Fix = chat.Lost, chat.LostRoom, fmt.Sprintf("Give my role %s in %s.", at.needs, at.channel)
	case t.status == http.StatusBadRequest, t.status == http.StatusRequestEntityTooLarge:
		f.Kind = chat.Rejected
	}
	return f
}
