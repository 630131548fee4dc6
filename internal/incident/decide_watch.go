package incident

import "time"

// What a run that waits for conditions is asked.
const (
	AskWatch  = "watch"   // conditions are watched; a person may go on
	AskNotMet = "not_met" // they did not come true in time; a person decides
)

// KeepWatching records what is seen of conditions that are waited for, and comes
// back when they are to be looked at again.
func KeepWatching(runID, path, text string, res Result, due time.Time) Decide {
	return func(v View) (Change, error) {
		r := v.Incident.Run(runID)
		if r == nil || r.State.Over() || r.Results[path].Outcome != "" {
			return Change{}, nil
		}
		w := wakeRun(runID, v)
		w.Due = due
		first := r.Results[path].Watch == nil
		return Change{Entries: []Entry{{Text: text, Quiet: !first, Body: &RunResult{Run: runID, Path: path, Result: res, State: RunWaiting}}}, Wakes: []Wake{w}}, nil
	}
}
