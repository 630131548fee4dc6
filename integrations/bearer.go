package integrations

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"mayday/internal/config"
	"mayday/internal/fault"
)

// Bearer checks the Authorization header of a request against every token in
// use, for receivers whose senders do not sign. It takes the same time whichever
// of them matches. sender is who is meant to call, in words; key is where its
// token stands in the config. The error is a *fault.Fault of kind unsigned.
func Bearer(h http.Header, tokens config.Secrets, sender, key string) error {
	given, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if given = strings.TrimSpace(given); !ok || given == "" {
		return fault.New(fault.Unsigned, "E19", "This call carries no token, so I cannot tell whether "+sender+" sent it.",
			"Send the header Authorization: Bearer with the value of "+key+".")
	}
	match, readable := 0, 0
	for _, token := range tokens {
		want, err := token.Reveal()
		if err != nil || want == "" {
			continue // one that cannot be read stops none of the others
		}
		readable++
		match |= subtle.ConstantTimeCompare([]byte(given), []byte(want))
	}
	switch {
	case readable == 0:
		return fault.New(fault.Unsigned, "E19", "I cannot read the token of "+sender+", so I cannot tell who sent this.", "Give "+key+" a value that can be read.")
	case match == 0:
		return fault.New(fault.Unsigned, "E19", "The token of this call is not the one of "+sender+".", "Compare it with the value of "+key+".")
	}
	return nil
}
