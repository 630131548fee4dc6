package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayday/bot/chat"
)

// How long to stay away when nobody says it.
const (
	limitedWithoutATime = 5 * time.Second
	limitedMost         = time.Hour
)

const maxTroubleText = 300

// trouble is what went wrong with a call.
type trouble struct {
	status int    // 0: there was no answer
	code   string // Slack's own: "not_in_channel"
	needed string // with missing_scope
	sent   bool   // it may have been done although nobody said so
	local  bool   // not sent: there was no room in the budget
	// tokenless says that Slack was never asked: our own token could not be read.
	tokenless bool
	after     time.Duration
	err       error
}

func (t *trouble) Error() string { return t.err.Error() }

// Unwrap gives the cause.
func (t *trouble) Unwrap() error { return t.err }

// limited reports that Slack wants to be asked later.
func (t *trouble) limited() bool {
	return t.status == http.StatusTooManyRequests || t.code == "ratelimited" || t.code == "rate_limited"
}

// heading is what every answer of the API has.
type heading struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// newTrouble reads an answer, nil when it is a good one. What Slack writes is
// shown to people, so it is cut and cleaned.
func newTrouble(method string, got *said) *trouble {
	var h heading
	isJSON := json.Unmarshal(got.body, &h) == nil
	t := &trouble{status: got.status, sent: got.status >= 500, code: h.Error, needed: h.Needed}
	text := strings.Join(append([]string{h.Error}, h.Metadata.Messages...), " ")
	switch {
	case got.status == http.StatusOK && isJSON && h.OK:
		return nil
	case got.status == http.StatusOK && !isJSON:
		t.sent, text = true, "no answer of Slack's"
	case got.status != http.StatusOK && !isJSON:
		text = http.StatusText(got.status)
	case unsure[h.Error]:
		t.sent = true
	}
	if t.limited() {
		t.after = retryAfter(got.header)
	}
	t.err = fmt.Errorf("%s: answer %d: %s", method, got.status, chat.Clamp(chat.Clean(strings.TrimSpace(text)), maxTroubleText))
	return t
}

func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 1 {
		return limitedWithoutATime
	}
	return min(time.Duration(n)*time.Second, limitedMost)
}

// troubleOf finds it in an error; nil when there is none.
func troubleOf(err error) *trouble {
	var t *trouble
	if errors.As(err, &t) {
		return t
	}
	return nil
}

// coded reports whether Slack refused with one of these codes.
func coded(err error, codes ...string) bool {
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

func set(words ...string) map[string]bool {
	out := map[string]bool{}
	for _, w := range words {
		out[w] = true
	}
	return out
}

var (
	// unsure are failures of Slack's own after which nobody knows what was done.
	unsure = set("internal_error", "fatal_error", "request_timeout", "service_unavailable")
	// refusedToken: no call with this token will ever work.
	refusedToken = set("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type")
	closedRoom   = set("not_in_channel", "channel_not_found", "is_archived", "restricted_action", "restricted_action_read_only_channel",
		"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "cannot_post_in_channel", "not_in_group")
	goneThread  = set("thread_not_found", "cannot_reply_to_message", "invalid_thread_ts", "restricted_action_thread_locked")
	goneMessage = set("message_not_found", "edit_window_closed", "cant_update_message", "cant_delete_message", "is_inactive")
	badBody     = set("no_text", "text_too_long", "too_many_attachments", "slack_connect_file_link_sharing_blocked", "metadata_too_large",
		"duplicate_message_not_found", "markdown_text_conflict", "block_mismatch", "external_channel_migrating_blocks")
)

// rejected reports that these bytes will never be taken.
func (t *trouble) rejected() bool {
	return badBody[t.code] || strings.HasPrefix(t.code, "invalid_") || strings.HasPrefix(t.code, "msg_") ||
		t.status == http.StatusBadRequest || t.status == http.StatusRequestEntityTooLarge
}

// dest is what a call was about.
type dest struct {
	channel string // as people see it: "#status"
	command string // the bot's name, for /invite
	thread  bool   // it went to a thread
	message bool   // there is a message to edit or delete
	moved   bool   // it stands in a channel that is not the room any more
}

// failed classifies an error for the outbox.
func failed(err error, at dest) error {
	t := troubleOf(err)
	if t == nil {
		return err
	}
	f := &chat.Failure{Kind: chat.Down, After: t.after, Err: t}
	switch {
	case t.local, t.limited():
		f.Kind = chat.Limited
	case t.sent:
		f.Kind = chat.Uncertain
	case t.status == 0, refusedToken[t.code]:
	case goneMessage[t.code] && at.message:
		f.Kind, f.What = chat.Lost, chat.LostMessage
	case goneThread[t.code], t.code == "message_not_found" && at.thread:
		f.Kind, f.What = chat.Lost, chat.LostThread
	case closedRoom[t.code] && at.moved && at.message:
		f.Kind, f.What = chat.Lost, chat.LostMessage
	case closedRoom[t.code] && at.moved:
		f.Kind, f.What = chat.Lost, chat.LostThread
	case closedRoom[t.code]:
		f.Kind, f.What, f.Fix = chat.Lost, chat.LostRoom, at.fix(t.code)
	case t.code == "missing_scope":
		f.Kind, f.What, f.Fix = chat.Lost, chat.LostRoom, scopeFix(t.needed)
	case t.rejected():
		f.Kind = chat.Rejected
	}
	return f
}

// fix is what a person does about a closed room (E2).
func (at dest) fix(code string) string {
	switch {
	case code == "is_archived":
		return fmt.Sprintf("Unarchive %s, or change chat.channels.", at.channel)
	case strings.HasPrefix(code, "restricted_action"):
		return fmt.Sprintf("Let me post in %s: its settings, Posting permissions.", at.channel)
	}
	return fmt.Sprintf("Type `/invite @%s` in %s.", at.command, at.channel)
}

// scopeFix is E3.
func scopeFix(needed string) string {
	if needed == "" {
		return "A scope is missing: paste the manifest of `mayday setup slack` into the app and reinstall it."
	}
	return fmt.Sprintf("Scope `%s` is missing: paste the manifest of `mayday setup slack` into the app and reinstall it.", chat.Clamp(chat.Clean(needed), 80))
}
