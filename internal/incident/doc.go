// Package incident is the domain of Mayday: what an incident is, what may
// happen to it, and what follows. It is pure. It does no I/O, starts no
// goroutines and never reads a clock: `now` is an argument.
//
// An incident is an append-only timeline of entries. Its state is the fold of
// those entries, and every row that a query needs is a cached fold. So the
// audit log, the undo stack, the postmortem, the chat card and the war room are
// views of one list and cannot disagree.
//
// A use case is a function `decide(view) (Change, error)`: it looks at the
// folded incident and answers the entries to append, the messages to send and
// the wake-ups to set. The store runs it inside one transaction. A decision
// that errs leaves no trace.
package incident
