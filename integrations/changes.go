package integrations

import (
	"context"
	"time"

	"mayday/internal/config"
	"mayday/internal/incident"
)

type (
	// Suspect is one thing that changed.
	Suspect = incident.Suspect
	// Offer is the one act that puts a suspect back.
	Offer = incident.Offer
)

// Service is a service of the configuration, as an integration needs to know it.
type Service struct {
	Name      string
	Env       string            // unset means prod
	DependsOn []string          // names of services and connections that it stands on
	Charts    []Chart           // its signals, in the order of the file
	Match     map[string]string // labels of an alert that mean this service
	// Migrations is what the service says about schema changes, services.NAME.migrations:
	// "none" when its deploys bring none; "" when it does not say.
	Migrations string
	// Own is what the service says about this integration,
	// services.NAME.<name of the integration>; absent when it says nothing.
	Own config.Section
}

// Window is a question for changes: what happened to these services, or to
// nobody's service in particular, between the two instants.
type Window struct {
	Services []string // with those that they depend on; empty means all
	From, To time.Time
}

// Changes knows what was changed at an outside system.
type Changes interface {
	// Changes lists what changed in the window, in any order, each with a stable
	// id and, where there is one, the act that puts it back. It reads and nothing
	// else, keeps to ctx's deadline (2 s in an incident), and leaves out what it
	// cannot date. Errors are in words for people: the source is named as silent.
	Changes(ctx context.Context, w Window) ([]Suspect, error)
}
