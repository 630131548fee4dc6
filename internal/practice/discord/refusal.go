package discord

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// refusal is an answer that is no success.
type refusal struct {
	status  int
	code    int
	message string
	tree    object
	after   float64 // seconds, of a 429
	scope   string
	global  bool
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s (%d)", r.status, r.message, r.code) }

// body as the vendor writes it.
func (r *refusal) body() object {
	if r.status == http.StatusTooManyRequests {
		out := object{"message": r.message, "retry_after": r.after, "global": r.global}
		if r.code != 0 {
			out["code"] = r.code
		}
		return out
	}
	out := object{"message": r.message, "code": r.code}
	if len(r.tree) > 0 {
		out["errors"] = r.tree
	}
	return out
}

func refuse(status, code int, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

func unauthorized() *refusal   { return refuse(401, 0, "401: Unauthorized") }
func missingAccess() *refusal  { return refuse(403, 50001, "Missing Access") }
func missingRights() *refusal  { return refuse(403, 50013, "Missing Permissions") }
func unknownChannel() *refusal { return refuse(404, 10003, "Unknown Channel") }
func unknownGuild() *refusal   { return refuse(404, 10004, "Unknown Guild") }
func unknownMessage() *refusal { return refuse(404, 10008, "Unknown Message") }
func unknownInteraction() *refusal {
	return refuse(404, 10062, "Unknown interaction")
}
func badToken() *refusal { return refuse(401, 50027, "Invalid Webhook Token") }
func badJSON() *refusal {
	return refuse(400, 50109, "The request body contains invalid JSON.")
}
func archivedThread() *refusal {
	return refuse(400, 50083, "Thread is archived")
}

func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	return refuse(http.StatusInternalServerError, 0, "500: Internal Server Error")
}

// form gathers what is wrong with an input, as a tree of fields.
type form struct{ tree object }

// bad notes an error at a dotted path: "embeds.0.title".
func (f *form) bad(path, code, message string) {
	if f.tree == nil {
		f.tree = object{}
	}
	at := f.tree
	for part := range strings.SplitSeq(path, ".") {
		if part == "" {
			continue
		}
		next, ok := at[part].(object)
		if !ok {
			next = object{}
			at[part] = next
		}
		at = next
	}
	errs, _ := at["_errors"].([]any)
	at["_errors"] = append(errs, object{"code": code, "message": message})
}

func (f *form) required(path string) { f.bad(path, "BASE_TYPE_REQUIRED", "This field is required") }

func (f *form) choices(path, allowed string) {
	f.bad(path, "BASE_TYPE_CHOICES", "Value must be one of ("+allowed+").")
}

// length looks at the code points of a text.
func (f *form) length(path, text string, least, most int) {
	n := len([]rune(text))
	if n >= least && n <= most {
		return
	}
	if least == 0 {
		f.bad(path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
		return
	}
	if n == 0 {
		f.required(path)
		return
	}
	f.bad(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
}

// count looks at the number of entries.
func (f *form) count(path string, n, least, most int) {
	if n < least || n > most {
		f.bad(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	}
}

// err is nil when nothing was wrong.
func (f *form) err() error {
	if f.tree == nil {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, code: 50035, message: "Invalid Form Body", tree: f.tree}
}
