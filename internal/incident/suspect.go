package incident

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// SuspectKind is what sort of change a suspect is. The order is that of the
// ranking when two are equally near (INTERACTION 2.2).
type SuspectKind string

// The kinds, most suspicious first.
const (
	SuspectDeploy    SuspectKind = "deploy"
	SuspectFlag      SuspectKind = "flag"
	SuspectConfig    SuspectKind = "config"
	SuspectScale     SuspectKind = "scale"
	SuspectMigration SuspectKind = "migration"
	SuspectQuery     SuspectKind = "query" // a long transaction, a pile-up of locks
	SuspectCron      SuspectKind = "cron"
	SuspectOther     SuspectKind = "change" // a source that does not say
)

// SuspectKinds lists them in the order of the ranking.
var SuspectKinds = []SuspectKind{SuspectDeploy, SuspectFlag, SuspectConfig, SuspectScale, SuspectMigration, SuspectQuery, SuspectCron, SuspectOther}

// Suspect is one thing that changed. Every text in it is untrusted.
type Suspect struct {
	ID      string      `json:"id"`     // stable at its source: the same change has the same id
	Source  string      `json:"source"` // prefix of the integration that told, "k8s"
	Kind    SuspectKind `json:"kind"`
	Service string      `json:"service,omitempty"` // of the configuration; "" when nobody can tell
	At      time.Time   `json:"at"`                // when it happened
	What    string      `json:"what"`              // "checkout rev 40→41"
	Who     string      `json:"who,omitempty"`     // "ci"
	Why     string      `json:"why,omitempty"`     // its change cause, its comment: "cart v2"
	URL     string      `json:"url,omitempty"`
	Detail  []string    `json:"detail,omitempty"` // for [Details], at most 12 lines
	Offer   *Offer      `json:"offer,omitempty"`  // the one act that puts it back; nil when there is none
}

// Offer is a playbook with its inputs, as a button offers it. Pressing it starts
// the playbook, so that nothing happens without a preview.
type Offer struct {
	Label    string            `json:"label"` // "Roll back checkout"; at most 24 characters
	Playbook string            `json:"playbook"`
	Inputs   map[string]string `json:"inputs,omitempty"`
}

// Command is the command that does the same: "run rollback service=checkout".
func (o Offer) Command() string {
	parts := []string{"run", o.Playbook}
	for _, k := range slices.Sorted(maps.Keys(o.Inputs)) {
		parts = append(parts, k+"="+o.Inputs[k])
	}
	return strings.Join(parts, " ")
}
