package alertmanager

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayday/integrations"
)

const (
	defaultFor = time.Hour
	leastFor   = time.Minute
	mostFor    = 24 * time.Hour // what should be quiet for longer is a matter for the alert's owner
	wide       = 20             // alerts; over that it is a danger
)

// Keys of what a plan records.
const (
	keyMatchers = "matchers"
	keyFor      = "for"
	keyPlanned  = "planned_at"
	keySilence  = "silence"
	keyInForce  = "silences_in_force"
)

func (m *manager) silence() integrations.Action {
	return integrations.Action{
		Name: silenceName, Summary: "Keep the alerts of a service quiet for a while", Grade: integrations.GradeChange, Version: 1,
		Params: []integrations.Field{
			{Name: "service", Kind: integrations.Text, Say: "the service whose alerts are meant; its labels are those of services.NAME.match, else service=NAME"},
			{Name: "match", Kind: integrations.Map, Say: "exact labels instead, {alertname: HighErrorRate}"},
			{Name: "for", Kind: integrations.Duration, Default: "1h", Say: "how long, 1m to 24h; then alerts notify again by themselves"},
		},
		Output: []integrations.Field{{Name: "silence", Kind: integrations.Text, Say: "id of the silence in Alertmanager"}},
		Checks: []string{"whether an alert matches now", "whether the same is silent already"},
		Back:   "ends the silence early",
		Rights: "write access to silences, where a proxy asks",
		Plan:   m.planSilence, Apply: m.applySilence, Probe: m.probeSilence, Undo: m.undoSilence,
	}
}

func (m *manager) planSilence(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	if err := m.ready(); err != nil {
		return integrations.Plan{}, err
	}
	list, err := m.wanted(a)
	if err != nil {
		return integrations.Plan{}, err
	}
	length := defaultFor
	if d, ok := a["for"].(time.Duration); ok {
		length = d
	}
	if length = length.Truncate(time.Minute); length < leastFor || length > mostFor {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "A silence lasts from 1m to 24h, not " + length.String() + ".", Fix: "Choose a shorter time; it can be silenced again."}
	}
	alerts, err := m.matched(ctx, list)
	if err != nil {
		return integrations.Plan{}, err
	}
	there, err := m.same(ctx, list)
	if err != nil {
		return integrations.Plan{}, err
	}
	return m.planned(list, length, alerts, there)
}

func (m *manager) planned(list []matcher, length time.Duration, alerts []live, there []silenced) (integrations.Plan, error) {
	raw, err := json.Marshal(list)
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("write the labels: %w", err)
	}
	labels := map[string]any{}
	for _, one := range list {
		labels[one.Name] = one.Value
	}
	now := time.Now()
	p := integrations.Plan{
		Action: silenceName, Target: "alertmanager/" + words(list), Title: "Silence " + words(list) + " for " + lasting(length),
		Subject: list[0].Value, Env: m.own.Env, Grade: integrations.GradeChange,
		From: noisy(alerts), To: "no notifications for them until about " + clock(now.Add(length)),
		Details: named(alerts), Checks: checks(alerts, there),
		Command: "amtool silence add " + shell(list) + " --duration=" + short(length) + " --comment=incident",
		Undo:    "yes, the silence is ended; without that it ends by itself",
		Args:    map[string]any{"match": labels, "for": short(length)}, Credential: source,
		Pre:    map[string]string{keyInForce: ids(there)},
		Record: map[string]string{keyMatchers: string(raw), keyFor: length.String(), keyPlanned: now.UTC().Format(time.RFC3339)},
	}
	if len(alerts) > wide {
		p.Grade = integrations.GradeDanger
	}
	for _, s := range there {
		if s.EndsAt.After(now.Add(length)) {
			p.Gone = words(list) + " is silent already, until " + clock(s.EndsAt)
		}
	}
	return p, nil
}

func noisy(alerts []live) string {
	switch len(alerts) {
	case 0:
		return "no alert of these labels fires now"
	case 1:
		return "1 alert of these labels fires now"
	}
	return fmt.Sprintf("%d alerts of these labels fire now", len(alerts))
}

// named lists the alerts that a silence meets now, at most four lines.
func named(alerts []live) []string {
	var out []string
	for n, a := range alerts {
		if n == 3 && len(alerts) > 4 {
			return append(out, fmt.Sprintf("and %d more", len(alerts)-n))
		}
		out = append(out, integrations.Clip(a.title(), 120)+", since "+clock(a.StartsAt))
	}
	return out
}

func checks(alerts []live, there []silenced) []integrations.Check {
	out := []integrations.Check{{Text: "it meets an alert that fires now", Answer: integrations.Yes}}
	if len(alerts) == 0 {
		out[0] = integrations.Check{Text: "no alert fires that it would meet: are these the labels?", Answer: integrations.Unknown}
	}
	if len(alerts) > wide {
		out = append(out, integrations.Check{Text: fmt.Sprintf("it is wide: %d alerts", len(alerts)), Answer: integrations.Unknown})
	}
	if len(there) > 0 {
		out = append(out, integrations.Check{Text: "silent already until " + clock(there[0].EndsAt) + ", by " + integrations.Clip(integrations.OneLine(there[0].By), 40), Answer: integrations.Unknown})
	}
	return out
}

func ids(list []silenced) string {
	var out []string
	for _, s := range list {
		out = append(out, s.ID)
	}
	return strings.Join(out, " ")
}

// shell writes labels as arguments that a person may paste.
func shell(list []matcher) string {
	var out []string
	for _, one := range list {
		out = append(out, "'"+strings.ReplaceAll(one.Name+"="+strconv.Quote(one.Value), "'", `'\''`)+"'")
	}
	return strings.Join(out, " ")
}

// short writes a duration as the config and the playbooks do: 1h30m.
func short(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "0s")
	if hours, ok := strings.CutSuffix(text, "h0m"); ok {
		return hours + "h"
	}
	return text
}

// comment is what Alertmanager's list says about a silence of ours; a probe finds
// it there again.
func comment(p integrations.Plan) string {
	if p.Note != "" {
		return "mayday: " + p.Note
	}
	return "mayday: " + p.Title
}

func (m *manager) recorded(record map[string]string) ([]matcher, time.Duration, error) {
	if err := m.ready(); err != nil {
		return nil, 0, err
	}
	var list []matcher
	length, err := time.ParseDuration(record[keyFor])
	if err != nil || json.Unmarshal([]byte(record[keyMatchers]), &list) != nil || len(list) == 0 {
		return nil, 0, &integrations.Rejected{Code: "E24", Why: "The plan does not say what it wants.", Fix: "Make a new preview."}
	}
	return list, length, nil
}

func (m *manager) applySilence(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	list, length, err := m.recorded(p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	there, err := m.same(ctx, list)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if ids(there) != p.Pre[keyInForce] {
		return integrations.Receipt{}, &integrations.Stale{Code: "E10", Diff: "somebody silenced " + words(list) + " meanwhile, or ended a silence of it"}
	}
	now := time.Now().UTC()
	if err := keep("sent", now.Format(time.RFC3339Nano)); err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
	}
	s := silenced{Matchers: list, StartsAt: now, EndsAt: now.Add(length), By: author, Comment: comment(p)}
	said, sent, err := m.api.change(ctx, http.MethodPost, "/silences", s)
	if err := m.settled(said, sent, err, "silence "+words(list)); err != nil {
		return integrations.Receipt{}, err
	}
	r := integrations.Receipt{Text: "silent until " + clock(s.EndsAt), Values: map[string]string{"until": s.EndsAt.Format(time.RFC3339)}}
	var made struct {
		ID string `json:"silenceID"`
	}
	if json.Unmarshal(said.body, &made) == nil && made.ID != "" {
		r.Values[keySilence] = made.ID
	}
	return r, nil
}

// settled sorts the answer to a change: nil is done, a refusal proves that
// nothing was, and everything else leaves it open.
func (m *manager) settled(said answer, sent bool, err error, what string) error {
	switch {
	case err != nil && !sent:
		return unreachable(err)
	case err != nil:
		m.log.Warn("answer to a change is not known", "change", what, "cause", inWords(err))
		return fmt.Errorf("%s: %s after the request was sent", what, inWords(err))
	case said.status == http.StatusOK:
		return nil
	case said.status >= 300 && said.status < 500 && said.status != http.StatusRequestTimeout:
		return refused(said)
	}
	return fmt.Errorf("%s: Alertmanager answers %d", what, said.status)
}

// probeSilence looks for the silence with our comment.
func (m *manager) probeSilence(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	if err := m.ready(); err != nil {
		return integrations.Evidence{}, err
	}
	all, err := m.all(ctx)
	if err != nil {
		return integrations.Evidence{}, err
	}
	for _, s := range all {
		if s.By != author || s.Comment != comment(p) {
			continue
		}
		if s.inForce() {
			return integrations.Evidence{Text: words(s.Matchers) + " is silent until " + clock(s.EndsAt), Applied: integrations.Yes, Settled: true}, nil
		}
		return integrations.Evidence{Text: words(s.Matchers) + " was silent until " + clock(s.EndsAt), Applied: integrations.Yes, Settled: true}, nil
	}
	return integrations.Evidence{Text: "Alertmanager has no silence with my comment", Applied: integrations.No}, nil
}

// undoSilence ends the silence early. When the answer of the act was lost, its
// labels tell which silence of ours it is.
func (m *manager) undoSilence(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	list, _, err := m.recorded(r.Values)
	if err != nil {
		return integrations.Plan{}, err
	}
	id := r.Values[keySilence]
	if id == "" {
		there, err := m.same(ctx, list)
		if err != nil {
			return integrations.Plan{}, err
		}
		since, _ := time.Parse(time.RFC3339, r.Values[keyPlanned])
		for _, s := range there {
			if s.By == author && !s.StartsAt.Before(since) {
				id = s.ID
			}
		}
		if id == "" {
			return integrations.Plan{}, &integrations.Stale{Code: "E18", Diff: "no silence of mine for " + words(list) + " is in force"}
		}
	}
	return m.planExpire(ctx, integrations.Args{"silence": id})
}
