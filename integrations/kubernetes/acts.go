package kubernetes

import (
	"slices"

	"mayday/integrations"
)

// counts change how many pods there are, or whether jobs start.
func (f *fleet) counts() []integrations.Action {
	return append([]integrations.Action{f.scale(), f.resumeKeda(), f.setHPA()}, slices.Concat(f.cronActs(), f.gitActs(), f.argoActs())...)
}
