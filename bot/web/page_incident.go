package web

import (
	"net/http"
	"slices"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// roomPage is the war room of one incident (INTERACTION 4.2).
type roomPage struct {
	frame
	incidentView
	Tab     string // what a phone shows: timeline, do, changed
	Entries []entryView
	Thread  []messageView
	Status  []messageView
	InForce []forceView
	Main    []chat.Button // of the bar at the bottom of a phone
	Rest    []chat.Button
	Loud    string // what a screen reader says at once
	Sources []linkView

	Changed []changeView // suspects, likeliest first
	Looked  bool         // somebody looked for them
	Silent  []string
	Figures []incident.Figure
}

type entryView struct {
	Seq         int64
	At          time.Time
	Actor, Text string
	Via         string
	Kind        string
	Mark        string
}

type forceView struct {
	Title, Undo, By string
	At              time.Time
	Link            string
}

type linkView struct{ Words, URL string }

func (s *Server) incident(w http.ResponseWriter, r *http.Request, v visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := s.frame(r, v, "incident", i.ID()+" "+chat.Clean(i.Title))
	if err != nil {
		return err
	}
	// The fold is read again: the frame's place in the feed must not be newer.
	if i, err = s.o.Journal.Incident(r.Context(), i.Number); err != nil {
		return err
	}
	p := roomPage{frame: f, incidentView: s.viewIncident(i), Tab: tab(r, i)}
	if err := s.fillRoom(r, v, i, &p); err != nil {
		return err
	}
	s.show(w, r, http.StatusOK, "incident", p)
	return nil
}

func tab(r *http.Request, i *incident.Incident) string {
	t := r.URL.Query().Get("tab")
	if slices.Contains([]string{"timeline", "do", "changed"}, t) {
		return t
	}
	if i.Open() {
		return "do"
	}
	return "timeline"
}

func (s *Server) fillRoom(r *http.Request, v visitor, i *incident.Incident, p *roomPage) error {
	entries, err := s.o.Reader.Timeline(r.Context(), i.Number, 0)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Quiet {
			p.Entries = append(p.Entries, viewEntry(e))
		}
	}
	thread, err := s.room(r.Context(), incident.RoomOperations, i.ID())
	if err != nil {
		return err
	}
	p.fillThread(thread, v)
	status, err := s.statusRoom(r.Context(), v, p.Back)
	if err != nil {
		return err
	}
	for _, m := range status {
		if m.Thread == i.ID() || m.Incident == i.ID() {
			p.Status = append(p.Status, m)
		}
	}
	for _, st := range i.InForce() {
		card := st.ID
		if st.Parent != "" {
			card = st.Parent // the items of an each share one
		}
		p.InForce = append(p.InForce, forceView{Title: chat.Clean(st.Plan.Title), Undo: chat.Clean(st.Plan.Undo), By: chat.Clean(st.StartedBy), At: st.EndedAt,
			Link: "#" + domID(i.ID()+":step:"+card)})
	}
	for _, src := range i.Sources {
		p.Sources = append(p.Sources, linkView{Words: chat.Clean(src.Kind + " " + src.Key), URL: safeURL(src.URL)})
	}
	for _, l := range i.Links {
		p.Sources = append(p.Sources, linkView{Words: chat.Clean(l.Name), URL: safeURL(l.URL)})
	}
	p.Changed = suspectsOf(i, p.Acts)
	if s := i.Suspicion; s != nil {
		p.Looked, p.Silent, p.Figures = s.Asked > 0, s.Silent, s.Figures
	}
	p.Loud = loud(p)
	return nil
}

// fillThread shows the thread in its order. Lines and notes stand in the
// timeline beside it; nudges that were answered are folded.
func (p *roomPage) fillThread(thread []chat.Message, v visitor) {
	for _, m := range thread {
		switch m.Kind {
		case incident.KindLine, incident.KindNote:
			continue
		case incident.KindCard:
			p.bar(m)
		}
		one := view(m, v, p.Back)
		one.Fold = m.Kind == incident.KindNudge && len(m.Buttons) == 0
		p.Thread = append(p.Thread, one)
	}
}

// bar chooses the two buttons that a thumb needs most; the rest is behind More.
func (p *roomPage) bar(card chat.Message) {
	all := append(slices.Clone(card.Buttons), card.More...)
	for n, b := range all {
		if n == 0 || b.Verb == "run" {
			p.Main = append(p.Main, b)
			continue
		}
		p.Rest = append(p.Rest, b)
	}
}

// loud is what must be heard: an approval that is needed, an update overdue.
func loud(p *roomPage) string {
	for _, w := range p.Waits {
		if w.Asks {
			return w.Words
		}
	}
	if p.Overdue {
		return "The update of " + p.ID + " is overdue."
	}
	return ""
}

// entryMarks give the eye something to find in a long timeline.
var entryMarks = map[string]string{
	"opened": "●", "declared": "●", "alert": "●", "update": "◆", "note": "✎", "nudged": "⏱\ufe0e", "resolved": "✓", "reopened": "●",
	"run_started": "▶", "run_result": "▶", "run_state": "▶", "step": "▶",
}

func viewEntry(e incident.Entry) entryView {
	out := entryView{Seq: e.Seq, At: e.At, Actor: chat.Clean(e.Actor), Text: chat.Clean(e.Text), Via: chat.Clean(e.Via), Kind: e.Kind(), Mark: entryMarks[e.Kind()]}
	if out.Mark == "" {
		out.Mark = "·"
	}
	return out
}

// picture answers the PNG of a message, as it was drawn when it was posted.
func (s *Server) picture(w http.ResponseWriter, r *http.Request, _ visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	thread, err := s.room(r.Context(), incident.RoomOperations, i.ID())
	if err != nil {
		return err
	}
	n := slices.IndexFunc(thread, func(m chat.Message) bool { return m.Key == r.URL.Query().Get("key") })
	if n < 0 || thread[n].Image == nil || len(thread[n].Image.Data) == 0 {
		return fault.New(fault.NotFound, "E23", "There is no such picture.", "The thread shows those there are.").WithState("")
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, _ = w.Write(thread[n].Image.Data) // the reader may be gone; nothing depends on it
	return nil
}
