package kubernetes

import (
	"slices"

	"mayday/integrations"
)

// actions are all verbs of the package, the looks first.
func (f *fleet) actions() []integrations.Action {
	return slices.Concat(f.looks())
}

// looks only read.
func (f *fleet) looks() []integrations.Action { return nil }
