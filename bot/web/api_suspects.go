package web

import (
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// suspectJSON is one thing that changed before an incident began, likeliest
// first. Run is the command that previews putting it back.
type suspectJSON struct {
	ID      string     `json:"id"`
	Source  string     `json:"source"`
	Kind    string     `json:"kind"`
	Service string     `json:"service"`
	At      *time.Time `json:"at"`
	What    string     `json:"what"`
	Who     string     `json:"who"`
	Why     string     `json:"why"`
	URL     string     `json:"url"`
	Offer   *string    `json:"offer"` // the label of its button
	Run     *string    `json:"run"`
}

func shapeSuspects(i *incident.Incident) []suspectJSON {
	out := []suspectJSON{}
	if i.Suspicion == nil {
		return out
	}
	for _, s := range i.Suspicion.Suspects {
		one := suspectJSON{ID: s.ID, Source: s.Source, Kind: string(s.Kind), Service: chat.Clean(s.Service), At: moment(s.At), What: chat.Clean(s.What),
			Who: chat.Clean(s.Who), Why: chat.Clean(s.Why), URL: safeURL(s.URL)}
		if s.Offer != nil {
			one.Offer, one.Run = text(chat.Clean(s.Offer.Label)), text(s.Offer.Command())
		}
		out = append(out, one)
	}
	return out
}

// effectJSON is how far the effect of an act has come after its target accepted
// it: watching, settled or wrong.
type effectJSON struct {
	State string     `json:"state"`
	Text  string     `json:"text"`
	Wrong *string    `json:"wrong"`
	At    *time.Time `json:"at"`
}

func shapeEffect(s *incident.Step) *effectJSON {
	if s.Effect == nil {
		return nil
	}
	return &effectJSON{State: string(s.Effect.State), Text: chat.Clean(s.Effect.Text), Wrong: text(chat.Clean(s.Effect.Wrong)), At: moment(s.Effect.At)}
}
