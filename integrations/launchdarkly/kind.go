package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayday/integrations"
)

// kind is what the acts differ in: the state that they lead to.
type kind struct {
	action, summary string
	params          []integrations.Field
	want            func(ctx context.Context, t *target, s seen, a integrations.Args) (wanted, error)
}

// wanted is where an act leads, and what there is to say about it.
type wanted struct {
	to      state
	title   string // "Turn off new-cart"
	already string // "off", for when there is nothing left to do
	args    map[string]any
	details []string
	checks  []integrations.Check
}

var turningOff = kind{action: offName, summary: "Turn a flag off: everybody gets its off value",
	want: func(_ context.Context, _ *target, s seen, _ integrations.Args) (wanted, error) {
		return wanted{
			to: state{Serves: s.state().Serves}, title: "Turn off " + s.Key, already: "off",
			checks: []integrations.Check{s.offCheck()},
		}, nil
	}}

var turningOn = kind{action: onName, summary: "Turn a flag on: its rules decide again",
	want: func(_ context.Context, _ *target, s seen, _ integrations.Args) (wanted, error) {
		w := wanted{to: state{On: true, Serves: s.state().Serves}, title: "Turn on " + s.Key, already: "on"}
		for _, p := range s.Prerequisites {
			w.details = append(w.details, "It needs "+p.Key+": without it, it serves its off value.")
		}
		return w, nil
	}}

// offCheck says what "off" serves, before "off" is promised.
func (s seen) offCheck() integrations.Check {
	text, ok := s.offValue()
	switch {
	case !ok:
		return integrations.Check{Text: "off serves no value from LaunchDarkly: each service falls back to a default in its code", Answer: integrations.Unknown}
	case text == "null":
		return integrations.Check{Text: "off serves null: what a service does with it is not known", Answer: integrations.Unknown}
	case text == "true":
		return integrations.Check{Text: "off serves true to everybody; " + percentName + " with 0 serves false", Answer: integrations.No}
	}
	return integrations.Check{Text: "off serves " + text, Answer: integrations.Yes}
}

// offAgain is offCheck for a flag that was off before: that "off" serves true is
// worth a question then, and no reason to refuse what was so already.
func (s seen) offAgain() integrations.Check {
	c := s.offCheck()
	if c.Answer == integrations.No {
		return integrations.Check{Text: "off serves true to everybody", Answer: integrations.Unknown}
	}
	return c
}

var goingBack = kind{action: previousName, summary: "Take back the last change: on or off, and the default rule", want: wantPrevious}

func wantPrevious(ctx context.Context, t *target, s seen, _ integrations.Args) (wanted, error) {
	c, err := t.lastChange(ctx, s.Key)
	switch {
	case errors.Is(err, errNoChange):
		return wanted{}, &integrations.Rejected{Code: "E17", Why: s.Key + ": " + err.Error() + ".", Fix: "Use " + offName + ", " + onName + " or " + percentName + "."}
	case err != nil:
		return wanted{}, err
	case c.after.Version != s.Version:
		return wanted{}, &integrations.Rejected{Code: "E17", Fix: "Ask again in a moment.",
			Why: fmt.Sprintf("The audit log of %s is behind: it ends at version %d, the flag is at %d.", s.Key, c.after.Version, s.Version)}
	}
	to := c.before.state()
	besides := c.besides()
	if to.equal(s.state()) {
		return wanted{}, &integrations.Rejected{
			Code: "E17", Why: "The last change of " + s.Key + " left on, off and the default rule alone: " + c.sentence() + " (" + strings.Join(besides, ", ") + ").",
			Fix: "Take that back in LaunchDarkly: " + t.link(s),
		}
	}
	if err := s.flag.knows(to.Serves); err != nil {
		return wanted{}, err
	}
	w := wanted{to: to, title: "Take back the last change of " + s.Key, already: s.words(to)}
	w.details = []string{"Takes back: " + c.by() + ", " + clock(c.at()) + ", " + c.arrow()}
	if len(besides) > 0 {
		w.checks = append(w.checks, integrations.Check{Text: "changed then as well, and not restored: " + strings.Join(besides, ", "), Answer: integrations.Unknown})
	}
	if !to.On {
		w.checks = append(w.checks, s.offAgain())
	}
	return w, nil
}

var serving = kind{action: percentName, summary: "Serve a value to a part of the people: the default rule",
	params: []integrations.Field{
		{Name: "percent", Kind: integrations.Int, Required: true, Say: "how many of a hundred, 0 to 100"},
		{Name: "variation", Kind: integrations.Text, Default: "true", Say: "the value they get; the others get the other one"},
	}, want: wantPercent}

func wantPercent(_ context.Context, _ *target, s seen, a integrations.Args) (wanted, error) {
	n, ok := whole(a["percent"])
	if !ok || n < 0 || n > 100 {
		return wanted{}, &integrations.Rejected{Code: "E24", Why: "`percent` is a whole number from 0 to 100.", Fix: "Say how many of a hundred get it."}
	}
	name := a.Text("variation")
	if b, isBool := a["variation"].(bool); isBool {
		name = fmt.Sprint(b)
	}
	if name == "" {
		name = "true"
	}
	at := s.named(name)
	if at < 0 || len(s.Variations) != 2 {
		return wanted{}, &integrations.Rejected{
			Code: "E24", Why: fmt.Sprintf("%s has %d values (%s): a percentage needs two, one of them %s.", s.Key, len(s.Variations), s.values(), integrations.Clip(integrations.OneLine(name), 40)),
			Fix: "Change the default rule in LaunchDarkly, or name one of two values as variation.",
		}
	}
	w := wanted{
		to: state{On: s.setting.On, Serves: s.share(at, int(n)*1000)}, title: fmt.Sprintf("Serve %s to %d%% of %s", s.value(at), n, s.Key),
		args: map[string]any{"percent": n, "variation": name},
	}
	w.already = s.rule(w.to.Serves)
	if !s.setting.On {
		w.details = append(w.details, "The flag is off: nobody notices before it is turned on.")
	}
	return w, nil
}

// share gives a part to one of two variations. A rollout that is there keeps
// telling people apart as it does, so that those who are in stay in.
func (s seen) share(at, weight int) serves {
	one, other := s.Variations[at].ID, s.Variations[1-at].ID
	switch weight {
	case 0:
		return serves{Variation: other}
	case 100000:
		return serves{Variation: one}
	}
	now := s.state().Serves
	return serves{Weights: map[string]int{one: weight, other: 100000 - weight}, BucketBy: now.BucketBy, ContextKind: now.ContextKind}
}

func (f flag) named(name string) int {
	return slices.IndexFunc(f.Variations, func(v variation) bool {
		var text string
		isText := json.Unmarshal(v.Value, &text) == nil
		return string(v.Value) == name || isText && text == name || v.ID == name || v.Name == name
	})
}

func (f flag) values() string {
	var out []string
	for n := range f.Variations[:min(5, len(f.Variations))] {
		out = append(out, f.value(n))
	}
	return strings.Join(out, ", ")
}

var restoring = kind{action: restoreName, summary: "Put a flag back to a state that was recorded",
	params: []integrations.Field{
		{Name: "on", Kind: integrations.Bool, Required: true, Say: "whether it is on"},
		{Name: "fallthrough", Kind: integrations.Map, Required: true, Say: "the default rule: variation_id, or weights by id with bucket_by and context_kind"},
	}, want: wantRestore}

func wantRestore(_ context.Context, _ *target, s seen, a integrations.Args) (wanted, error) {
	raw, err := json.Marshal(a["fallthrough"])
	rule, readErr := servesOf(string(raw))
	on, isBool := a["on"].(bool)
	if err != nil || readErr != nil || !isBool || rule.empty() {
		return wanted{}, &integrations.Rejected{Code: "E24", Why: "The recorded state of " + s.Key + " cannot be read.", Fix: "Use " + previousName + ", or LaunchDarkly itself."}
	}
	if err := s.flag.knows(rule); err != nil {
		return wanted{}, err
	}
	to := state{On: on, Serves: rule}
	w := wanted{to: to, title: "Put " + s.Key + " back to " + s.words(to), already: s.words(to), args: map[string]any{"on": on, "fallthrough": a["fallthrough"]}}
	if !on {
		w.checks = append(w.checks, s.offAgain())
	}
	return w, nil
}

// knows refuses a rule about variations that the flag no longer has.
func (f flag) knows(s serves) error {
	ids := []string{s.Variation}
	for id := range s.Weights {
		ids = append(ids, id)
	}
	for _, id := range ids {
		if id != "" && f.index(id) < 0 {
			return &integrations.Rejected{Code: "E17", Why: f.Key + " no longer has a value that it served then.", Fix: "Choose a value in LaunchDarkly."}
		}
	}
	if s.empty() {
		return &integrations.Rejected{Code: "E17", Why: "What " + f.Key + " served then is not known.", Fix: "Choose a value in LaunchDarkly."}
	}
	return nil
}

// whole reads an integer that may have been through JSON.
func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		return int64(n), n == float64(int64(n))
	}
	return 0, false
}
