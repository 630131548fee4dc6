package app

import (
	"testing"

	"mayday/internal/postgrestest"
)

// TestAct runs playbooks through the whole product, from the words that somebody
// types to what a real Postgres does, and looks at every message on the way.
func TestAct(t *testing.T) {
	server := postgrestest.Start(t)
	for name, test := range map[string]func(*testing.T, *postgrestest.Server){
		"a query is cancelled, then its session ended, by functions": func(t *testing.T, s *postgrestest.Server) { queryThenSession(t, s, byFunctions) },
		"a query is cancelled, then its session ended, by grants":    func(t *testing.T, s *postgrestest.Server) { queryThenSession(t, s, byGrants) },
		"the root of a pile-up":                       pileUpRoot,
		"two rows, one ends by itself":                twoRows,
		"two rows, both ended":                        twoRowsBoth,
		"a missing right, then granted":               missingRight,
		"a right taken away after the preview":        rightTaken,
		"a role that may not even look":               blindRole,
		"a pooled session starts another transaction": anotherTransaction,
		"the session is gone at the press":            goneAtPress,
		"nothing was picked":                          nothingPicked,
		"fifty presses":                               fiftyPresses,
		"presses that come too late":                  latePresses,
		"declined and withdrawn":                      declinedAndWithdrawn,
		"a press after the incident was resolved":     afterTheEnd,
		"a preview outlives a restart":                acrossRestart,
		"killed while the act hangs":                  killedInAct,
		"stopped while the act hangs":                 stoppedInAct,
		"every kind of step":                          everyKind,
		"restarted at every pause":                    everyRestart,
		"a nested run and an optional act":            nestedAndOptional,
		"missing inputs open a form":                  formGoesOn,
		"stopped in the middle":                       stoppedInMiddle,
		"a check that holds":                          verifyHolds,
		"a check that is not met":                     verifyNotMet,
		"who confirms":                                whoConfirms,
		"read-only":                                   readOnly,
		"what comes after the incident":               afterIncident,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}
