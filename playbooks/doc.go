// Package playbooks is the language of playbooks: it reads the files, refuses
// what is wrong in them with line, column and the fix, pins a playbook for a run,
// and says which move of a run comes next.
//
// Nothing here looks, acts or asks. Next is a pure function of the pinned text,
// the inputs and the results so far, so that a run is a fold of its timeline and
// goes on after a restart exactly where it was.
package playbooks
