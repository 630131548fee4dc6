package launchdarkly

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"mayday/integrations"
)

// comment is what LaunchDarkly's audit log says about an act of ours; a probe
// finds it there again.
func comment(p integrations.Plan) string {
	if p.Note != "" {
		return "mayday: " + p.Note
	}
	return "mayday: " + p.Title
}

// planned reads back what a plan was made for.
func (t *target) planned(p integrations.Plan) (key string, to state, err error) {
	if err := t.configured(); err != nil {
		return "", state{}, err
	}
	key = p.Record[keyFlag]
	on, onErr := strconv.ParseBool(p.Record[keySetOn])
	rule, ruleErr := servesOf(p.Record[keySetServes])
	if key == "" || onErr != nil || ruleErr != nil || rule.empty() {
		return "", state{}, &integrations.Rejected{Code: "E24", Why: "The plan does not say what it wants.", Fix: "Make a new preview."}
	}
	if p.Target != t.name(key) {
		return "", state{}, &integrations.Rejected{Code: "E24", Why: "The plan is for another project or environment than the config names now.", Fix: "Make a new preview."}
	}
	return key, state{On: on, Serves: rule}, nil
}

// apply looks once more, and then sends the one patch.
func (t *target) apply(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	key, to, err := t.planned(p)
	if err != nil {
		return integrations.Receipt{}, err
	}
	s, err := t.read(ctx, key)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if err := t.moved(ctx, p, s); err != nil {
		return integrations.Receipt{}, err
	}
	list := instructions(s.state(), to)
	if len(list) == 0 {
		return integrations.Receipt{}, &integrations.Stale{Code: "E18", Diff: s.Key + " is " + s.words(to) + " already"}
	}
	if t.sdk != nil {
		t.sdk.start() // it connects while the patch is under way
	}
	if err := keep("sent", time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
	}
	return t.send(ctx, attempt{plan: p, seen: s, to: to, list: list})
}

// attempt is one act on one flag.
type attempt struct {
	plan integrations.Plan
	seen seen
	to   state
	list []instruction
}

// send sends the patch. From here on an error that proves nothing stays an error
// that proves nothing.
func (t *target) send(ctx context.Context, a attempt) (integrations.Receipt, error) {
	body := patch{Environment: t.own.Environment, Comment: comment(a.plan), Instructions: a.list}
	said, sent, err := t.api.change(ctx, http.MethodPatch, path("flags", t.own.Project, a.seen.Key), semanticPatch, body)
	answeredAt := time.Now()
	switch {
	case err != nil && !sent:
		return integrations.Receipt{}, unreachable(err)
	case err != nil:
		t.log.Warn("answer to a flip is not known", "flag", a.seen.Key, "cause", inWords(err))
		return integrations.Receipt{}, fmt.Errorf("change %s: %s after the request was sent", a.seen.Key, inWords(err))
	case said.status == http.StatusOK:
		return t.receipt(ctx, a, said, answeredAt)
	}
	return integrations.Receipt{}, t.judge(ctx, a, said)
}

// judge tells a definite no from an answer that leaves everything open.
func (t *target) judge(ctx context.Context, a attempt, said answer) error {
	key := a.seen.Key
	switch {
	case said.status == http.StatusMethodNotAllowed:
		return t.askApproval(ctx, a)
	case said.status == http.StatusConflict:
		return &integrations.Stale{Code: "E10", Diff: "somebody changed " + key + " at the same moment (409)" + t.who(ctx, key, a.plan.Record)}
	case said.status == http.StatusBadRequest:
		r := refused(said, "")
		r.Fix += " " + t.link(a.seen)
		return r
	case said.status >= 300 && said.status < 500 && said.status != http.StatusRequestTimeout:
		return refused(said, rights(a.list))
	}
	return fmt.Errorf("change %s: LaunchDarkly answers %d", key, said.status)
}

// receipt reads the flag in the answer. Status 200 is the proof; a body that is
// cut off takes the version away, not the proof.
func (t *target) receipt(ctx context.Context, a attempt, said answer, at time.Time) (integrations.Receipt, error) {
	is, ok := t.answered(said)
	if !ok {
		return integrations.Receipt{Text: "LaunchDarkly accepted it; its answer could not be read to the end"}, nil
	}
	if !is.state().equal(a.to) {
		return integrations.Receipt{}, fmt.Errorf("change %s: LaunchDarkly accepted it and shows something else (%s)", a.seen.Key, is.words(is.state()))
	}
	r := integrations.Receipt{
		Text:   is.Key + " is " + is.whole(is.state()),
		Values: map[string]string{keyVersion: strconv.Itoa(is.Version)},
	}
	if is.Version > a.seen.Version+len(a.list) {
		r.Text += "; somebody else changed it in the same moment, look at the flag"
	}
	if t.sdk != nil {
		r.Text += "; " + t.sdk.saw(ctx, is.Key, is.Version, at)
	}
	return r, nil
}

// moved compares the flag with what the preview saw, and says who changed it.
func (t *target) moved(ctx context.Context, p integrations.Plan, s seen) error {
	now := s.pre()
	same := true
	for key, value := range now {
		same = same && p.Pre[key] == value
	}
	if same {
		return nil
	}
	return &integrations.Stale{Code: "E10", Diff: s.difference(p) + t.who(ctx, s.Key, p.Record)}
}

// difference says what is not as it was.
func (s seen) difference(p integrations.Plan) string {
	on, onErr := strconv.ParseBool(p.Record[keyWasOn])
	rule, ruleErr := servesOf(p.Record[keyWasServes])
	was := state{On: on, Serves: rule}
	switch {
	case onErr != nil || ruleErr != nil:
		return s.Key + " is not what it was"
	case !was.equal(s.state()):
		return fmt.Sprintf("%s was %s and is %s", s.Key, s.words(was), s.words(s.state()))
	case p.Pre[keyOff] != s.pre()[keyOff]:
		off, _ := s.offValue()
		return s.Key + " serves " + off + " now when it is off"
	}
	return fmt.Sprintf("%s changed in targets, rules or prerequisites (version %s, now %d)", s.Key, p.Pre[keyVersion], s.Version)
}

// quick bounds a look that only makes an answer better.
const quick = 2 * time.Second

// who names the author of the news about a flag: ": Li turned off the flag at …".
// It is "" when the audit log does not tell, or not quickly.
func (t *target) who(ctx context.Context, key string, record map[string]string) string {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	list, err := t.news(ctx, key, record)
	if err != nil || len(list) == 0 {
		return ""
	}
	return ": " + list[0].sentence()
}

func millis(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
