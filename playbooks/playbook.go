package playbooks

import (
	"slices"
	"strings"
	"time"

	"mayday/integrations"
	"mayday/internal/incident"
)

// Catalogue is what the outside offers: playbooks are checked against it.
type Catalogue struct {
	Actions     []integrations.Action
	Connections map[string][]string // prefix of actions to names of connections: "pg": {"payments-db"}
	Envs        map[string]string   // connection to its env; unset means prod
	Services    []string            // empty means that any service is accepted
	Signals     []string            // names of the services' charts
}

func (c Catalogue) action(name string) (integrations.Action, bool) {
	i := slices.IndexFunc(c.Actions, func(a integrations.Action) bool { return a.Name == name })
	if i < 0 {
		return integrations.Action{}, false
	}
	return c.Actions[i], true
}

func (c Catalogue) actionNames() []string {
	names := make([]string, 0, len(c.Actions))
	for _, a := range c.Actions {
		names = append(names, a.Name)
	}
	return names
}

// prefixOf is the integration of an action, "pg" of "pg.cancel".
func prefixOf(action string) string {
	prefix, _, _ := strings.Cut(action, ".")
	return prefix
}

// Playbook is one file, checked and complete with the files that it runs. It does
// not change, so any number of runs may share it.
type Playbook struct {
	Name    string
	Say     string
	For     []string      // services it is offered to; empty means all
	Who     incident.Role // the least role that may start it
	Impact  []ImpactRow   // worst first
	DoNot   []string      // shown before the first step
	Ask     []Input       // in the order in which positional words fill them
	BuiltIn bool
	Usable  bool // every integration that it acts on has a connection

	when    *condition
	remind  time.Duration // after which acts in force are asked about, 0 for never
	checks  []*guard      // of every act in this file
	steps   []*step
	verify  []*wait
	then    []*step
	after   []*step           // offered when the incident resolves
	audits  bool              // this is what is done after: Next begins there
	backups bool              // a guard asks for the age of a backup
	signals []string          // names of signals that its expressions use
	texts   map[string]string // name to YAML: the file and all that it runs
	acts    map[string]int    // action to version, nested files included
	around  surroundings
}

// surroundings is what the interpreter needs of the catalogue: it checks values
// that become known only in a run.
type surroundings struct {
	connections map[string][]string
	envs        map[string]string
	services    []string
}

// ImpactRow says what breaks, for whom, and how badly.
type ImpactRow struct {
	What, Effect string
	Severity     string // high, medium, low, none; "" when the file gives plain text
}

// Input is one value that a run is started with.
type Input struct {
	integrations.Field
	Service bool    // it names a service of the configuration
	Prefix  string  // of an input of kind connection: whose connection, "pg"
	Max     float64 // greatest number, 0 for none
	Feeds   string  // the parameter that gave it its type, "pg.list_queries.on"
}

// fields gives what a form needs.
func fields(inputs []Input) []integrations.Field {
	out := make([]integrations.Field, 0, len(inputs))
	for _, in := range inputs {
		out = append(out, in.Field)
	}
	return out
}

// all are the top-level steps of every part of the file.
func (p *Playbook) all() []*step { return slices.Concat(p.steps, p.then, p.after) }

// After counts the steps that are offered when the incident resolves.
func (p *Playbook) After() int { return len(p.after) }

// Audit is the playbook's `after`: Next and Judge go through it, with what the run
// before it found. Its steps are at the paths that begin with incident.AuditPrefix.
func (p *Playbook) Audit() *Playbook {
	out := *p
	out.audits = true
	return &out
}

// Steps counts the steps that people see numbers of: the top-level ones.
func (p *Playbook) Steps() int { return len(p.steps) }

// Text is the file as it was read.
func (p *Playbook) Text() string { return p.texts[p.Name] }

// Facts is what a playbook may know of its incident.
type Facts struct {
	Now      time.Time
	ID       string
	Title    string
	Severity string
	State    string
	Service  string
	Env      string
	OpenedAt time.Time
	Pager    string // the incident's id at the source that calls people; "" when none did

	// What guards ask for.
	Zone       *time.Location       // of business hours; nil is UTC
	OtherOpen  int                  // incidents that are open beside this one
	OtherKnown bool                 // OtherOpen was counted
	Backups    map[string]time.Time // connection to its last good backup

	// What expressions see beside the incident. A signal without data is missing.
	Signals    map[string]float64
	SignalsFor string // whose they are
	// SignalsOf reads those of another service, for a playbook that is run for it;
	// nil knows none.
	SignalsOf func(service string) map[string]float64
	Trends    map[string]bool // "rising:errors", "falling:lag.count"
	Alerts    int
	Suspects  []incident.Suspect
}

// AsksBackups reports whether a guard of the file, or of one that it runs, asks
// how old a backup is.
func (p *Playbook) AsksBackups() bool { return p.backups }

// Signals names the signals that the playbook's expressions use, with those of
// the playbooks that it runs.
func (p *Playbook) Signals() []string { return p.signals }

func (f Facts) minutes() int64 {
	if f.OpenedAt.IsZero() || f.Now.Before(f.OpenedAt) {
		return 0
	}
	return int64(f.Now.Sub(f.OpenedAt) / time.Minute)
}
