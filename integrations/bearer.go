package integrations

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"mayday/internal/config"
	"mayday/internal/fault"
)

// Bearer checks the Authorization header of a request against every token in
// use, for receivers whose senders do not sign. It takes the same time whichever
// of them matches. sender is who is meant to call, in words; key is where its
// token stands in the config. The error is a *fault.Fault of kind unsigned, or
// of kind unavailable when a token cannot be read: the call may be authentic.
func Bearer(h http.Header, tokens config.Secrets, sender, key string) error {
	given, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if given = strings.TrimSpace(given); !ok || given == "" {
		return fault.New(fault.Unsigned, "E19", "This call carries no token, so I cannot tell whether "+sender+" sent it.",
			"Send the header Authorization: Bearer with the value of "+key+".")
	}
	if len(tokens) == 0 {
		return fault.New(fault.Unsigned, "E19", "I have no token of "+sender+", so I cannot tell who sent this.", "Set "+key+".")
	}
	match := 0
	var unread error
	for _, token := range tokens {
		want, err := readToken(token)
		if err != nil {
			unread = err // one that cannot be read stops none of the others
			continue
		}
		match |= subtle.ConstantTimeCompare([]byte(given), []byte(want))
	}
	switch {
	case match == 1:
		return nil
	case unread != nil:
		return Unread("A token of "+sender, key, unread)
	}
	return fault.New(fault.Unsigned, "E19", "The token of this call is not the one of "+sender+".", "Compare it with the value of "+key+".")
}

func readToken(token config.Secret) (string, error) {
	want, err := token.Reveal()
	if err == nil && want == "" {
		err = errors.New("read secret: it is empty")
	}
	return want, err
}

// Unread is the answer of a door to a call that matches none of its secrets
// while one of them cannot be read, a file in the middle of its replacement for
// example. It becomes 503 and not 401: senders drop what is refused with 4xx for
// good (P2), and come back after a 503. what is the secret in words; key is where
// it stands in the config; cause names the reference and never the value.
func Unread(what, key string, cause error) *fault.Fault {
	return fault.New(fault.Unavailable, "E26", what+" cannot be read, so I cannot tell who sent this.",
		"Make "+key+" readable ("+cause.Error()+"); the sender comes back.").Because(cause)
}
