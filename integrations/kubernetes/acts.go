package kubernetes

import (
	"slices"

	"mayday/integrations"
)

// counts change how many pods there are, or whether jobs start.
func (f *fleet) counts() []integrations.Action {
	return append([]integrations.Action{f.scale(), f.resumeKeda(), f.setHPA()}, f.cronActs()...)
}

// contents change what pods are given, which of them run, and who else decides on
// that.
func (f *fleet) contents() []integrations.Action {
	return slices.Concat([]integrations.Action{f.setEnv(), f.patchConfig()}, f.podActs(), f.nodeActs(), f.gitActs(), f.argoActs())
}
