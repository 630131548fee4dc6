package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

const (
	previewWait  = 2500 * time.Millisecond // SURFACE: waits up to 2.5 s for a preview
	previewRound = 100 * time.Millisecond  // in case nobody notifies
	maxCommand   = 8000                    // characters
)

// handle gives what a person did to the one handler and counts how it went.
func (s *Server) handle(ctx context.Context, v visitor, in chat.Interaction) (chat.Message, error) {
	began := time.Now()
	in.ID, in.Platform, in.User, in.At = "web:"+newKey(), Name, v.user, s.o.Now()
	m, err := s.answer(ctx, v, in)
	outcome := "ok"
	if err != nil {
		outcome = string(fault.Of(err).Kind)
	}
	s.o.Meter.Press(time.Since(began), outcome)
	return m, err
}

// answer turns "somebody did that before" into an answer with its code: it is
// nothing that went wrong.
func (s *Server) answer(ctx context.Context, v visitor, in chat.Interaction) (chat.Message, error) {
	if v.reads {
		return chat.Message{}, errSignIn()
	}
	if err := s.fresh(ctx, v, in.Button); err != nil {
		return chat.Message{}, err
	}
	m, err := s.o.Handler.Handle(ctx, in)
	if fault.Is(err, fault.Already) {
		m := chat.Refusal(err)
		m.Incident = in.Incident
		return m, nil
	}
	return m, err
}

// command makes an interaction of typed words.
func command(words, incidentID string) (chat.Interaction, error) {
	words = strings.TrimSpace(words)
	for _, prefix := range []string{"/mayday", "@mayday", "mayday"} {
		rest, ok := strings.CutPrefix(words, prefix)
		if ok && (rest == "" || strings.HasPrefix(rest, " ")) {
			words = strings.TrimSpace(rest)
			break
		}
	}
	in := chat.Interaction{Text: words, Room: incident.RoomOperations}
	if len([]rune(words)) > maxCommand {
		return in, fault.Newf(fault.Invalid, "E24", "A command has at most %d characters.", maxCommand)
	}
	if incidentID == "" {
		return in, nil
	}
	n, err := incident.ParseID(incidentID)
	if err != nil {
		return in, fault.New(fault.Invalid, "E24", "incident is named like INC-42.", "Leave it away, and I ask which one is meant.")
	}
	in.Incident = incident.FormatID(n)
	return in, nil
}

func (s *Server) apiCommand(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Text     string `json:"text"`
		Incident string `json:"incident"`
	}
	if err := readJSON(w, r, &body, false); err != nil {
		return err
	}
	in, err := command(body.Text, body.Incident)
	if err != nil {
		return err
	}
	m, err := s.handle(r.Context(), v, in)
	if err != nil {
		return err
	}
	id := m.Incident
	if id == "" {
		id = in.Incident
	}
	writeJSON(w, http.StatusOK, map[string]any{"reply": shapeMessage(m), "incident": text(id), "step": text(s.settled(r.Context(), m.Incident))})
	return nil
}

func (s *Server) apiPress(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Input map[string]any `json:"input"`
	}
	if err := readJSON(w, r, &body, true); err != nil {
		return err
	}
	input, err := cleanInput(body.Input)
	if err != nil {
		return err
	}
	m, err := s.handle(r.Context(), v, chat.Interaction{Button: r.PathValue("id"), Input: input})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"reply": shapeMessage(m), "incident": text(m.Incident), "step": text(m.Step)})
	return nil
}

// cleanInput lets strings and lists of strings through, which is all that forms
// can make.
func cleanInput(in map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(in))
	for name, v := range in {
		switch x := v.(type) {
		case string:
			out[name] = x
		case nil:
		case []any:
			words := make([]string, 0, len(x))
			for _, one := range x {
				w, ok := one.(string)
				if !ok {
					return nil, badInput(name)
				}
				words = append(words, w)
			}
			out[name] = words
		default:
			return nil, badInput(name)
		}
	}
	return out, nil
}

func badInput(name string) error {
	return fault.Newf(fault.Invalid, "E24", "input.%s is a string or a list of strings.", chat.Clamp(chat.Clean(name), 40))
}

// address is where the war room is reached: as configured, else as this request
// did.
func (s *Server) address(r *http.Request) string {
	if s.o.URL != "" {
		return s.o.URL
	}
	if s.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// settled waits until the run that a command began stands on a press, and
// answers the step that does; else the last one.
func (s *Server) settled(ctx context.Context, id string) string {
	n, err := incident.ParseID(id)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, previewWait)
	defer cancel()
	round := time.NewTicker(previewRound)
	defer round.Stop()
	step := ""
	for {
		news := s.news()
		i, err := s.o.Journal.Incident(ctx, n)
		if err != nil {
			return step
		}
		found, ready := standing(i)
		step = found
		if ready {
			return step
		}
		select {
		case <-ctx.Done():
			return step
		case <-news:
		case <-round.C:
		}
	}
}

// standing answers the step that waits for a press, else the last one; ready is
// false while Mayday still looks or plans.
func standing(i *incident.Incident) (step string, ready bool) {
	if id := waiting(i); id != "" {
		return id, true
	}
	ready = true
	for _, r := range i.Runs {
		st := i.Step(r.Step)
		if r.State == incident.RunGoing && (st == nil || !st.State.Running()) {
			ready = false
		}
	}
	return lastStep(i), ready
}

// waiting answers the newest step or question that stands on a press.
func waiting(i *incident.Incident) string { return waitingIn(i, "") }

// waitingIn is waiting for one run; "" means any.
func waitingIn(i *incident.Incident, run string) string {
	id, seq := "", int64(-1)
	for n := range i.Steps {
		s := &i.Steps[n]
		if s.Parent == "" && s.State.WaitsForPress() && s.Seq > seq && (run == "" || s.Run == run) {
			id, seq = s.ID, s.Seq
		}
	}
	for n := range i.Runs {
		r := &i.Runs[n]
		res := r.Results[r.At]
		if run != "" && r.ID != run {
			continue
		}
		if !r.State.Over() && res.Asked != "" && res.Outcome == "" && res.Step == "" && res.Seq > seq {
			id, seq = r.ID+":"+r.At, res.Seq
		}
	}
	return id
}

// lastStep answers the step or question that changed last.
func lastStep(i *incident.Incident) string {
	id, seq := "", int64(-1)
	for n := range i.Steps {
		if s := &i.Steps[n]; s.Parent == "" && s.Seq > seq {
			id, seq = s.ID, s.Seq
		}
	}
	for n := range i.Runs {
		for path, res := range i.Runs[n].Results {
			if res.Step == "" && res.Seq > seq {
				id, seq = i.Runs[n].ID+":"+path, res.Seq
			}
		}
	}
	return id
}
