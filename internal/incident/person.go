package incident

import (
	"fmt"
	"slices"
)

// Role is a rung of one ladder; each includes those before it. Nobody approves
// what they asked for, whatever the rung (P8).
type Role string

// The ladder.
const (
	Viewer    Role = "viewer"
	Responder Role = "responder"
	Commander Role = "commander"
	Approver  Role = "approver"
	Admin     Role = "admin"
)

// Roles from the lowest to the highest.
var Roles = []Role{Viewer, Responder, Commander, Approver, Admin}

// Valid reports whether r is a rung of the ladder.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// AtLeast reports whether r includes least. An unknown role includes nothing.
func (r Role) AtLeast(least Role) bool {
	return r.Valid() && slices.Index(Roles, r) >= slices.Index(Roles, least)
}

// ParseRole reads the word used in configuration and tokens.
func ParseRole(s string) (Role, error) {
	if r := Role(s); r.Valid() {
		return r, nil
	}
	return "", fmt.Errorf("a role is one of viewer, responder, commander, approver, admin, not %q", s)
}

// Person is somebody who acts. Name is what people read and what the timeline
// keeps: the name in the configuration, else `platform:id`. Two accounts that
// the configuration links have one name and are one person.
type Person struct {
	Name    string // "Ana"
	ID      string // "web:ana": the immutable id the press came with
	Role    Role   // as evaluated now
	Via     string // "the war room"; "" for Mayday itself
	Linked  bool   // the configuration says which accounts are theirs
	Service bool   // a token of kind service: it never approves
	Outside bool   // a guest, or of another company: may look, never act
}
