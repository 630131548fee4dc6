package web

import (
	"context"
	"slices"
	"time"

	"mayday/internal/fault"
)

// freshFor is how new a sign-in must be to approve with (PROMISES, least
// privilege, web): a browser that was left open does not approve.
const freshFor = 5 * time.Minute

// freshVerbs are the presses that stand for a second person, or for none.
var freshVerbs = []string{"approve", "glass"}

// fresh refuses an approval by a session whose sign-in is too old. Tokens prove
// themselves with every request, and a proxy signs people in by its own rules.
func (s *Server) fresh(ctx context.Context, v visitor, button string) error {
	if s.o.Demo != nil || v.cookie == "" || v.proxy || button == "" || s.o.Verb == nil {
		return nil
	}
	verb, err := s.o.Verb(ctx, button)
	if err != nil || !slices.Contains(freshVerbs, verb) {
		return nil //nolint:nilerr // a button that nobody knows is refused by the handler, in its own words
	}
	if x, ok := s.sessions.find(v.cookie); ok && s.o.Now().Sub(x.proven) <= freshFor {
		return nil
	}
	return errStale()
}

// errStale is E25 for somebody who is signed in.
func errStale() error {
	return fault.New(fault.Unsigned, "E25", "You signed in more than 5 minutes ago; approving needs a fresh sign-in.",
		"Open a new sign-in link in this browser (help in chat, or mayday web link) and press again.")
}
