package launchdarkly

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"mayday/integrations"
)

// The keys of a plan's preconditions and record.
const (
	keyVersion    = "version"
	keyOn         = "on"
	keyServes     = "serves"
	keyOff        = "off_serves"
	keyBackTo     = "goes_to"
	keyDependants = "dependants"

	keyFlag       = "flag"
	keyWasOn      = "was_on"
	keyWasServes  = "was_serves"
	keyWasVersion = "was_version"
	keyWasAt      = "was_at"    // when the flag was changed last, in milliseconds
	keyWasEntry   = "was_entry" // last entry of the audit log: what is younger is news
	keySetOn      = "set_on"
	keySetServes  = "set_serves"
)

// plan reads everything there is to know, and says what the act will do.
func (t *target) plan(ctx context.Context, k kind, a integrations.Args) (integrations.Plan, error) {
	if err := t.configured(); err != nil {
		return integrations.Plan{}, err
	}
	s, err := t.read(ctx, a.Text("flag"))
	if err != nil {
		return integrations.Plan{}, err
	}
	if s.Archived {
		return integrations.Plan{}, &integrations.Rejected{Code: "E17", Why: s.Key + " is archived: it serves its off value and cannot be changed.", Fix: "Restore it in LaunchDarkly first: " + t.link(s)}
	}
	w, err := k.want(ctx, t, s, a)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := t.outline(k, s, w)
	if w.to.equal(s.state()) {
		p.Gone = s.Key + " is " + w.already + " already"
		return p, nil
	}
	t.fill(&p, s, w, t.dependants(ctx, s.Key))
	if list, err := t.entries(ctx, s.Key, 1); err == nil && len(list) > 0 {
		p.Record[keyWasEntry] = list[0].ID
	}
	return p, nil
}

func (t *target) outline(k kind, s seen, w wanted) integrations.Plan {
	args := map[string]any{"flag": s.Key}
	for name, value := range w.args {
		args[name] = value
	}
	return integrations.Plan{
		Action: k.action, Version: 1, Grade: integrations.GradeChange,
		Target: t.name(s.Key), Title: w.title + " (" + t.own.Environment + ")", Subject: s.Key,
		Env: t.own.Env, Credential: "launchdarkly", Args: args,
	}
}

// name is the unique name of a flag in our environment.
func (t *target) name(key string) string {
	return "launchdarkly/" + t.own.Project + "/" + t.own.Environment + "/" + key
}

func (t *target) fill(p *integrations.Plan, s seen, w wanted, d dependants) {
	from := s.state()
	p.From, p.To = s.whole(from), s.whole(w.to)
	if !from.On && !w.to.On {
		p.From, p.To = p.From+"; "+s.rule(from.Serves)+" when it is on", p.To+"; "+s.rule(w.to.Serves)+" when it is on"
	}
	if w.to.On && s.decides() {
		w.details = append(w.details, "Its targets and rules decide first; the default rule serves the rest.")
	}
	if len(d.keys) > 0 {
		p.Grade = integrations.GradeDanger
		w.details = append(w.details, "Depends on it: "+d.text(s, w.to))
	}
	p.Details = w.details[:min(4, len(w.details))]
	p.Checks = append(append(w.checks, s.ruleChecks(from, w.to)...), d.checks()...)
	p.Command = t.command(s.Key, instructions(from, w.to))
	p.Undo = "yes, back to " + p.From
	p.Pre = s.pre()
	p.Pre[keyBackTo], p.Pre[keyDependants] = w.to.text(), d.names()
	p.Record = map[string]string{
		keyFlag: s.Key, keyWasOn: strconv.FormatBool(from.On), keyWasServes: from.Serves.json(),
		keyWasVersion: strconv.Itoa(s.Version), keyWasAt: strconv.FormatInt(s.Modified, 10),
		keySetOn: strconv.FormatBool(w.to.On), keySetServes: w.to.Serves.json(),
	}
}

// whole is a state with what it means for people.
func (s seen) whole(st state) string {
	if st.On {
		return s.words(st)
	}
	off, _ := s.offValue()
	return "off, everybody gets " + off
}

func (d dependants) text(of seen, to state) string {
	if lines := d.lines(of, to); lines != "" {
		return lines
	}
	return d.names()
}

// decides reports whether something comes before the default rule.
func (s seen) decides() bool { return some(s.Rules) || some(s.Targets) || some(s.ContextTargets) }

// pre is what must be the same at the tap.
func (s seen) pre() map[string]string {
	off := "nothing"
	if s.Off != nil {
		off = strconv.Itoa(*s.Off)
	}
	return map[string]string{
		keyVersion: strconv.Itoa(s.Version), keyOn: strconv.FormatBool(s.setting.On),
		keyServes: s.state().Serves.print(), keyOff: off,
	}
}

func (s state) text() string { return onOff(s.On) + " " + s.Serves.print() }

// ruleChecks are about what a new default rule does beyond its weights.
func (s seen) ruleChecks(from, to state) []integrations.Check {
	roll := s.Fallthrough.Rollout
	if roll == nil || from.Serves.print() == to.Serves.print() {
		return nil
	}
	var out []integrations.Check
	if len(roll.Experiment) > 0 && string(roll.Experiment) != "null" {
		out = append(out, integrations.Check{Text: "an experiment runs on the default rule; what this does to it is not known", Answer: integrations.Unknown})
	}
	if roll.Seed != nil {
		out = append(out, integrations.Check{Text: "the rollout has a seed of its own; whether the same people stay in is not known", Answer: integrations.Unknown})
	}
	return out
}

// command is what a person would type to do the same.
func (t *target) command(key string, list []instruction) string {
	body, err := json.Marshal(patch{Environment: t.own.Environment, Instructions: list})
	if err != nil {
		return ""
	}
	return fmt.Sprintf(`curl -X PATCH %s%s -H "Authorization: $LD_TOKEN" -H 'Content-Type: %s' -d '%s'`,
		t.own.APIURL, path("flags", t.own.Project, key), semanticPatch, strings.ReplaceAll(string(body), "'", `'\''`))
}

// patch is the body of a semantic patch.
type patch struct {
	Environment  string        `json:"environmentKey"`
	Comment      string        `json:"comment,omitempty"`
	Instructions []instruction `json:"instructions"`
}
