package launchdarkly

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"mayday/integrations"
)

// undo makes the plan that puts a flag back as it was before an act. When
// somebody changed what the act had set, it is theirs and stays.
func (t *target) undo(ctx context.Context, r integrations.Receipt) (integrations.Plan, error) {
	key := r.Values[keyFlag]
	was, wasErr := recorded(r.Values[keyWasOn], r.Values[keyWasServes])
	set, setErr := recorded(r.Values[keySetOn], r.Values[keySetServes])
	if key == "" || wasErr != nil || setErr != nil {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "What the flag served before was not recorded.", Fix: "Use " + previousName + "."}
	}
	if err := t.configured(); err != nil {
		return integrations.Plan{}, err
	}
	s, err := t.read(ctx, key)
	if err != nil {
		return integrations.Plan{}, err
	}
	if now := s.state(); !now.equal(set) && !now.equal(was) && moved(r.Values[keyVersion], s.Version) {
		return integrations.Plan{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s is %s now, not %s as this step left it%s",
			key, s.words(now), s.words(set), t.who(ctx, key, r.Values))}
	}
	var rule map[string]any
	if err := json.Unmarshal([]byte(was.Serves.json()), &rule); err != nil {
		return integrations.Plan{}, fmt.Errorf("read the recorded rule: %w", err)
	}
	return t.plan(ctx, restoring, integrations.Args{"flag": key, "on": was.On, "fallthrough": rule})
}

// moved reports whether a flag left the version that an act produced. When the
// answer of the act was lost, nobody knows that version.
func moved(produced string, now int) bool {
	version, err := strconv.Atoi(produced)
	return err != nil || now != version
}

func recorded(on, rule string) (state, error) {
	isOn, err := strconv.ParseBool(on)
	if err != nil {
		return state{}, fmt.Errorf("read a recorded state: %w", err)
	}
	s, err := servesOf(rule)
	if err != nil {
		return state{}, err
	}
	return state{On: isOn, Serves: s}, nil
}
