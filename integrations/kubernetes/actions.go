package kubernetes

import (
	"slices"

	"mayday/integrations"
)

// actions are all verbs of the package, the looks first.
func (f *fleet) actions() []integrations.Action {
	return slices.Concat(f.looks(), f.rollouts(), f.counts(), f.contents())
}

// looks only read.
func (f *fleet) looks() []integrations.Action {
	return []integrations.Action{f.lookWorkloads(), f.lookHistory(), f.lookStatus(), f.lookLogs(), f.lookEvents(), f.lookDiff(), f.lookConfigMap(), f.workers()}
}

// rollouts change what a workload runs, or whether it goes on.
func (f *fleet) rollouts() []integrations.Action {
	return []integrations.Action{f.rollback(), f.hold(pausing), f.hold(resumes), f.restart()}
}
