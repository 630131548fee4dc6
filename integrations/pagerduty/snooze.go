package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"mayday/integrations"
)

const (
	snoozeName  = "pd.snooze"
	leastSnooze = time.Minute
	mostSnooze  = 24 * time.Hour // PagerDuty takes a week; what is quiet for longer than a day is forgotten
)

// snoozer keeps an incident of PagerDuty quiet for a while. api is nil without a
// token.
type snoozer struct {
	api  *api
	from string
	env  string
}

func (s *snoozer) action() integrations.Action {
	return integrations.Action{
		Name: snoozeName, Summary: "Keep an incident of PagerDuty quiet for a while", Grade: integrations.GradeChange, Version: 1,
		Params: []integrations.Field{
			{Name: "incident", Kind: integrations.Text, Required: true, Match: incidentID.String()[1 : len(incidentID.String())-1], Say: "its id at PagerDuty, $incident.pager"},
			{Name: "for", Kind: integrations.Duration, Default: "1h", Say: "how long, 1m to 24h; then it triggers and calls people again"},
		},
		Checks: []string{"whether it is open", "whether it is snoozed already"},
		Rights: "a REST API key with write access, and pagerduty.from",
		Plan:   s.plan, Apply: s.apply, Probe: s.probe,
	}
}

func (s *snoozer) ready() error {
	switch {
	case s.api == nil:
		return &integrations.Rejected{Code: "E24", Why: "PagerDuty has no token here, so nothing can be snoozed.", Fix: "Set pagerduty.token and pagerduty.from."}
	case s.from == "":
		return reject("PagerDuty wants to know for whom a change is made, and pagerduty.from is not set.", "Set pagerduty.from to the e-mail address of a PagerDuty user.")
	}
	return nil
}

// sleeper is what matters of an incident that is to sleep.
type sleeper struct {
	Incident struct {
		Status  string `json:"status"`
		Summary string `json:"summary"`
		Pending []struct {
			Type string    `json:"type"`
			At   time.Time `json:"at"`
		} `json:"pending_actions"`
	} `json:"incident"`
}

// wakes is when PagerDuty lets go of the acknowledgement by itself; zero when it
// does not say.
func (r sleeper) wakes() time.Time {
	for _, p := range r.Incident.Pending {
		if p.Type == "unacknowledge" {
			return p.At.UTC()
		}
	}
	return time.Time{}
}

func (r sleeper) words() string {
	if r.wakes().IsZero() {
		return r.Incident.Status
	}
	return r.Incident.Status + ", and quiet until " + r.wakes().Format("15:04 UTC")
}

func (s *snoozer) look(ctx context.Context, id string) (sleeper, error) {
	var r sleeper
	if err := s.ready(); err != nil {
		return r, err
	}
	if !incidentID.MatchString(id) {
		return r, reject("That is not the id of a PagerDuty incident.", "Use $incident.pager.")
	}
	if err := s.api.send(ctx, request{method: http.MethodGet, path: "/incidents/" + id, out: &r}); err != nil {
		return r, inWords(err)
	}
	return r, nil
}

func (s *snoozer) plan(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
	id := a.Text("incident")
	length, _ := a["for"].(time.Duration)
	if length == 0 {
		length = time.Hour
	}
	if length = length.Truncate(time.Second); length < leastSnooze || length > mostSnooze {
		return integrations.Plan{}, &integrations.Rejected{Code: "E24", Why: "A snooze lasts from 1m to 24h, not " + length.String() + ".", Fix: "Choose another time; it can be snoozed again."}
	}
	now, err := s.look(ctx, id)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Action: snoozeName, Target: "pagerduty/" + id, Title: "Snooze " + id + " in PagerDuty for " + lasting(length), Subject: id, Env: s.env, Grade: integrations.GradeChange,
		From: now.words(), To: "acknowledged; it triggers and calls people again about " + time.Now().Add(length).UTC().Format("15:04 UTC"),
		Details: []string{clamp(oneLine(clean(now.Incident.Summary)), 160)},
		Checks:  []integrations.Check{{Text: "it is open in PagerDuty", Answer: integrations.Yes}},
		Command: "in PagerDuty: Snooze, " + lasting(length),
		NoUndo:  "PagerDuty cannot end a snooze early. It ends by itself; by hand, reassign the incident to call people at once.",
		Args:    map[string]any{"incident": id, "for": length.String()}, Credential: source,
		Pre: map[string]string{"status": now.Incident.Status}, Record: map[string]string{"for": strconv.Itoa(int(length.Seconds()))},
	}
	if now.Incident.Status == statusResolved {
		p.Gone = id + " is resolved in PagerDuty"
	}
	if at := now.wakes(); at.After(time.Now().Add(length)) {
		p.Checks = append(p.Checks, integrations.Check{Text: "it is quiet until " + at.Format("15:04 UTC") + " already, which is longer", Answer: integrations.Unknown})
	}
	return p, nil
}

func (s *snoozer) apply(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	id, _ := p.Args["incident"].(string)
	seconds, err := strconv.Atoi(p.Record["for"])
	if err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E24", Why: "The plan does not say for how long.", Fix: "Make a new preview."}
	}
	now, err := s.look(ctx, id)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if now.Incident.Status != p.Pre["status"] {
		return integrations.Receipt{}, &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s was %s and is %s", id, p.Pre["status"], now.Incident.Status)}
	}
	start := time.Now().UTC()
	if err := keep("sent", start.Format(time.RFC3339)); err != nil {
		return integrations.Receipt{}, &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
	}
	var after sleeper
	if err := s.send(ctx, id, seconds, &after); err != nil {
		return integrations.Receipt{}, err
	}
	until := after.wakes()
	if until.IsZero() {
		until = start.Add(time.Duration(seconds) * time.Second)
	}
	return integrations.Receipt{Text: "quiet until " + until.Format("15:04 UTC"), Values: map[string]string{"until": until.Format(time.RFC3339)}}, nil
}

// send asks once. What was refused, or never left, is proven; the rest is not.
func (s *snoozer) send(ctx context.Context, id string, seconds int, out *sleeper) error {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	err := s.api.send(ctx, request{method: http.MethodPost, path: "/incidents/" + id + "/snooze", from: s.from, in: map[string]any{"duration": seconds}, out: out})
	var wait *busy
	switch {
	case err == nil:
		return nil
	case hasCode(err, alreadyResolved):
		return &integrations.Stale{Code: "E18", Diff: id + " is resolved in PagerDuty"}
	case errors.As(err, &wait):
		return &integrations.Rejected{Code: "E17", Why: "PagerDuty takes no more requests at the moment (429).", Fix: "Try again in a minute.", Err: err}
	case !connected.Load():
		return inWords(err)
	}
	if _, refused := integrations.AsRejected(err); refused {
		return err
	}
	return fmt.Errorf("snooze %s: %s after the request was sent", id, transport(err))
}

// probe looks whether PagerDuty is going to let go of the acknowledgement when
// we asked for it, give or take a minute.
func (s *snoozer) probe(ctx context.Context, p integrations.Plan, kept integrations.Kept) (integrations.Evidence, error) {
	id, _ := p.Args["incident"].(string)
	now, err := s.look(ctx, id)
	if err != nil {
		return integrations.Evidence{}, err
	}
	e := integrations.Evidence{Text: id + " is " + now.words(), Applied: integrations.Unknown}
	seconds, secErr := strconv.Atoi(p.Record["for"])
	sent, sentErr := time.Parse(time.RFC3339, kept["sent"])
	off := now.wakes().Sub(sent.Add(time.Duration(seconds) * time.Second))
	switch {
	case now.Incident.Status == "triggered":
		e.Applied = integrations.No
	case now.wakes().IsZero() || secErr != nil || sentErr != nil:
	case off.Abs() <= time.Minute:
		e.Applied, e.Settled = integrations.Yes, true
	}
	return e, nil
}

// lasting writes a duration as people say it: "1 h 30 min".
func lasting(d time.Duration) string {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d min", hours, minutes)
}

// transport says what went wrong on the way. The errors of net/http repeat the
// address.
func transport(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.As(err, &dns):
		return "its host name is not known"
	case errors.As(err, &op) && op.Timeout():
		return "timeout"
	case errors.As(err, &op) && op.Op == "dial":
		return "the connection was refused or cannot be made"
	}
	return "the connection broke, or its answer makes no sense"
}
