package bot

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// input is what was filled in with a press.
type input map[string]any

// text answers a field as one line or text; a list of one is its item.
func (in input) text(name string) string {
	switch v := in[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case []any:
		if len(v) == 1 {
			s, _ := v[0].(string)
			return s
		}
	case []string:
		if len(v) == 1 {
			return v[0]
		}
	}
	return ""
}

// list answers a field as a list; given=false when the field is missing.
func (in input) list(name string) (items []string, given bool) {
	switch v := in[name].(type) {
	case string:
		return []string{v}, v != ""
	case []string:
		return v, true
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				items = append(items, s)
			}
		}
		return items, true
	}
	return nil, false
}

// presser is what a verb does.
type presser func(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error)

// Press does what a button means. The person's right is checked now, whatever
// was true when the button was drawn; a press is a request, not a proof.
func (d *Desk) Press(ctx context.Context, by incident.Person, id string, raw map[string]any) (chat.Message, error) {
	b, err := d.Store.Buttons.Button(ctx, id)
	if err != nil {
		return chat.Message{}, err
	}
	if b.Person != "" && b.Person != by.ID {
		return chat.Message{}, fault.New(fault.Refused, "E1", "This button was shown to somebody else.", "Use the buttons in the thread.")
	}
	do, ok := verbs()[b.Verb]
	if !ok {
		return chat.Message{}, fault.New(fault.Gone, "E4", "This button belongs to an older version of Mayday.", "Use the buttons of the card.")
	}
	if err := d.answeredNudge(ctx, b); err != nil {
		return chat.Message{}, err
	}
	return do(ctx, d, by, b, raw)
}

// answeredNudge refuses a press on a reminder that was answered meanwhile.
func (d *Desk) answeredNudge(ctx context.Context, b incident.Button) error {
	if !strings.Contains(b.Message, ":nudge:") {
		return nil
	}
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return err
	}
	for _, n := range inc.Nudges {
		if n.Key.MessageKey(inc.ID()) == b.Message && n.Ended != "" && n.Ended != incident.Replaced {
			return fault.New(fault.Already, "E22", "That reminder was answered: "+n.Ended+".", "The buttons of now are on the card.").WithState("")
		}
	}
	return nil
}

// verbs is a function, not a variable: the verbs call methods that render
// buttons of these verbs.
func verbs() map[string]presser {
	return map[string]presser{
		"open": pressOpen, "own": pressOwn, "post": pressPost, "update": pressUpdate, "nochange": pressNoChange,
		"snooze": pressSnooze, "handover": pressHandOver, "severity": pressSeverity, "by_hand": pressByHand, "pause": pressPause,
		"cadence": pressCadence, "keep": pressLife, "fine": pressLife,
		"resolve": pressResolve, "not_incident": pressNotIncident, "reopen": pressReopen, "watch": pressWatch, "not_fixed": pressNotFixed,
		"run": func(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
			return d.pressRun(ctx, by, b, in)
		},
		"start": pressStep, "approve": pressStep, "decline": pressStep, "withdraw": pressStep,
		"look": pressLookAgain, "worked": pressClose, "not_worked": pressClose,
		"undo": pressUndo, "keep_act": pressKeepAct, "continue": pressContinue, "glass": pressGlass,
		"again": pressMove, "skip": pressSkip, "stop": pressMove,
		"watch_more": pressWatchMore, "go_on": pressGoOn, "unfixed": pressGoOn,
		"chart": pressChart, "details": pressDetails, "share": pressShare,
		"pick": pressPick, "choose": pressAnswer, "done": pressAnswer, "not_helped": pressAnswer, "do_it": pressAnswer, "inputs": pressInputs,
	}
}

func argText(b incident.Button) string {
	var s string
	_ = json.Unmarshal(b.Arg, &s) // no argument is ""
	return s
}

func pressOwn(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.own(ctx, by, b.Incident, by.Name, argText(b) != "over")
}

func pressPost(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.Update(ctx, by, b.Incident, incident.Words{})
}

func pressUpdate(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	w := incident.Words{State: incident.State(in.text("state")), Impact: in.text("impact"), Doing: in.text("doing")}
	switch empty := w.Impact == "" && w.Doing == "" && w.State == ""; {
	case empty && argText(b) == "first":
		return d.FirstStatus(ctx, by, b.Incident)
	case empty:
		return d.UpdateForm(ctx, by, b.Incident)
	}
	switch next := in.text("next"); next {
	case "", "none":
		if next == "none" {
			w.NextIn = -1
		}
	default:
		t, err := time.ParseDuration(next)
		if err != nil || t < time.Minute || t > 24*time.Hour {
			return chat.Message{}, fault.New(fault.Invalid, "E24", "`next` is 15m, 30m, 60m or none, not "+chat.Clamp(chat.Clean(next), 20)+".", "Choose one and post it again.")
		}
		w.NextIn = t
	}
	if w.State != "" && !knownState(w.State) {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "`state` is investigating, identified, monitoring or resolved.", "Choose one and post it again.")
	}
	if w.State == incident.Resolved {
		return d.ResolveForm(ctx, by, b.Incident)
	}
	return d.Update(ctx, by, b.Incident, w)
}

func knownState(s incident.State) bool {
	for _, k := range incident.States {
		if k == s {
			return true
		}
	}
	return false
}

// pressNoChange posts the honest holding text at once.
func pressNoChange(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.Store.Journal.Incident(ctx, b.Incident)
	if err != nil {
		return chat.Message{}, err
	}
	w := incident.Words{Same: inc.LastUpdate() != nil}
	if argText(b) == "watching" {
		w = incident.Words{State: incident.Monitoring}
	}
	return d.Update(ctx, by, b.Incident, w)
}

func pressSnooze(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	asked, err := time.ParseDuration(argText(b))
	if err != nil {
		asked = 10 * time.Minute
	}
	return d.Snooze(ctx, by, b.Incident, asked, "")
}

func pressHandOver(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	if to := in.text("to"); to != "" {
		return d.Own(ctx, by, b.Incident, to)
	}
	inc, err := d.act(ctx, by, "hand over", b.Incident, incident.Alive(by))
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", inc.ID()+":form:handover")
	c.line("Who takes ", inc.ID(), "?")
	field := chat.Field{Name: "to", Label: "New owner", Type: chat.FieldText, Required: true, Max: 64}
	for _, l := range d.People.Same[:min(len(d.People.Same), 25)] {
		field.Type = chat.FieldOne
		field.Options = append(field.Options, chat.Choice{Value: l.Name, Label: l.Name})
	}
	c.form("Hand over", "Hand over", "handover", nil, field)
	return c.answer(ctx)
}

func pressSeverity(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	if to := in.text("severity"); to != "" {
		sev, ok := incident.ParseSeverity(to)
		if !ok {
			return chat.Message{}, fault.New(fault.Invalid, "E24", "A severity is SEV1, SEV2 or SEV3.", "Choose one.")
		}
		inc, err := d.act(ctx, by, "change the severity", b.Incident, incident.SetSeverity(by, sev))
		if err != nil {
			return chat.Message{}, err
		}
		return said(inc, "%s is %s now.", inc.ID(), sev), nil
	}
	inc, err := d.act(ctx, by, "change the severity", b.Incident, incident.Alive(by))
	if err != nil {
		return chat.Message{}, err
	}
	c := d.card(inc, "form", inc.ID()+":form:severity")
	c.line("How bad is ", inc.ID(), "? Unsure means the higher one.")
	c.form("Severity", "Change it", "severity", nil, chat.Field{Name: "severity", Label: "Severity", Type: chat.FieldOne, Required: true, Value: string(inc.Severity),
		Options: severityChoices()})
	return c.answer(ctx)
}

func (d *Desk) pace(ctx context.Context, by incident.Person, b incident.Button, c incident.Cadence, text string) (chat.Message, error) {
	inc, err := d.act(ctx, by, "change the reminders", b.Incident, incident.Pace(by, c))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s", text), nil
}

func pressByHand(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.pace(ctx, by, b, incident.Cadence{Byh: true}, "Good. The clock starts anew.")
}

func pressPause(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.pace(ctx, by, b, incident.Cadence{Pause: true}, "Reminders are paused until the next update.")
}

func pressCadence(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	every, err := time.ParseDuration(argText(b))
	if err != nil {
		return chat.Message{}, fault.New(fault.Gone, "E4", "This button has no duration.", "")
	}
	return d.pace(ctx, by, b, incident.Cadence{Every: d.scaled(every)}, "An update every "+span(every)+" from now on.")
}

func pressLife(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "answer a reminder", b.Incident, incident.Alive(by))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "Good. %s goes on as it is.", inc.ID()), nil
}

func pressResolve(ctx context.Context, d *Desk, by incident.Person, b incident.Button, in input) (chat.Message, error) {
	if len(in) == 0 {
		return d.ResolveForm(ctx, by, b.Incident)
	}
	return d.Resolve(ctx, by, b.Incident, incident.Ending{Saw: in.text("saw"), Fixed: in.text("fixed"), Lost: in.text("lost"), Tell: in.text("tell") != "no"})
}

func pressNotIncident(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "close it", b.Incident, func(v incident.View) (incident.Change, error) {
		if v.Incident.Owner != "" {
			if err := mayEnd(by, v.Incident, "close"); err != nil {
				return incident.Change{}, err
			}
		}
		return incident.Resolve(by, incident.Ending{False: true})(v)
	})
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s is closed: not an incident. Reopen is on its card.", inc.ID()), nil
}

func pressReopen(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	inc, err := d.act(ctx, by, "reopen it", b.Incident, incident.Reopen(by))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s is open again.", inc.ID()), nil
}

func pressWatch(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.recovered(ctx, by, b, true)
}

func pressNotFixed(ctx context.Context, d *Desk, by incident.Person, b incident.Button, _ input) (chat.Message, error) {
	return d.recovered(ctx, by, b, false)
}

func (d *Desk) recovered(ctx context.Context, by incident.Person, b incident.Button, fixed bool) (chat.Message, error) {
	inc, err := d.act(ctx, by, "answer for it", b.Incident, incident.Watch(by, fixed))
	if err != nil {
		return chat.Message{}, err
	}
	return said(inc, "%s is %s.", inc.ID(), inc.State), nil
}
