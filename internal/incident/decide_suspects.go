package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// WakeSuspects looks at what changed before an incident began.
const WakeSuspects = "suspects"

// Suspicion is what was found out about how an incident began.
type Suspicion struct {
	Onset    time.Time `json:"onset,omitzero"`     // when the figures left their usual band; zero when no figure tells
	By       string    `json:"by,omitempty"`       // the signal that tells, "errors"
	From     time.Time `json:"from"`               // changes since then were asked for
	Services []string  `json:"services,omitempty"` // whose changes
	Suspects []Suspect `json:"suspects,omitempty"` // ranked, the likeliest first
	Silent   []string  `json:"silent,omitempty"`   // sources that did not answer, with the reason
	Asked    int       `json:"asked"`              // how many sources were asked; 0: nothing is connected
	Figures  []Figure  `json:"figures,omitempty"`  // of the service's charts
	Past     *Past     `json:"past,omitempty"`     // the same alert, last time
	At       time.Time `json:"at"`                 // when this was looked at
}

// Figure is a signal in short, as the card shows it.
type Figure struct {
	Name  string `json:"name"`  // "errors"
	Spark string `json:"spark"` // "▁▁▁▁▂▅▇█"
	Now   string `json:"now"`   // "12.1%"; "no data" when nobody can tell
}

// Past is how the same alert ended last time.
type Past struct {
	Incident int64         `json:"incident"`
	At       time.Time     `json:"at"`   // when it was opened
	Took     time.Duration `json:"took"` // from the first alert to the end
	What     string        `json:"what"` // what helped, "checkout-v2 is off"; "" when nothing was done here
}

// SuspectsSeen says what changed before it began.
type SuspectsSeen struct {
	Found Suspicion `json:"found"`
}

// Kind names the entry.
func (*SuspectsSeen) Kind() string { return "suspects" }

func (b *SuspectsSeen) fold(i *Incident, e Entry) {
	found := b.Found
	found.At = e.At
	i.Suspicion = &found
}

// SeeSuspects keeps what was found. Finding the same once more is not news.
func SeeSuspects(found Suspicion) Decide {
	return func(v View) (Change, error) {
		i := v.Incident
		if !i.Open() || (found.Asked == 0 && len(found.Figures) == 0 && found.Past == nil) {
			return Change{}, nil
		}
		if was := i.Suspicion; was != nil && was.same(found) {
			return Change{}, nil
		}
		quiet := i.Suspicion != nil && i.Suspicion.sameSuspects(found)
		c := Change{Entries: []Entry{{Text: found.words(), Quiet: quiet, Body: &SuspectsSeen{Found: found}}}}
		if i.Suspicion == nil {
			c.Wakes = append(c.Wakes, suspectsWake(i, v.Now.Add(secondLook)))
		}
		return c, nil
	}
}

func (s Suspicion) same(o Suspicion) bool {
	return s.Onset.Equal(o.Onset) && slices.Equal(s.Silent, o.Silent) && slices.Equal(s.Figures, o.Figures) && (s.Past == nil) == (o.Past == nil) && s.sameSuspects(o)
}

func (s Suspicion) sameSuspects(o Suspicion) bool {
	return slices.EqualFunc(s.Suspects, o.Suspects, func(a, b Suspect) bool { return a.ID == b.ID && a.Source == b.Source })
}

func (s Suspicion) words() string {
	if s.Asked == 0 {
		return "Looked at the figures."
	}
	if len(s.Suspects) == 0 {
		return "Nothing changed before it began, as far as " + sources(s.Asked) + " can tell."
	}
	var what []string
	for _, one := range s.Suspects[:min(len(s.Suspects), 3)] {
		what = append(what, one.What+" at "+one.At.UTC().Format("15:04"))
	}
	return "Changed before it began: " + strings.Join(what, "; ") + "."
}

func sources(n int) string {
	if n == 1 {
		return "one source"
	}
	return fmt.Sprintf("%d sources", n)
}

// leeway is how much later than the onset a change may be dated and still be its
// cause: figures are sampled and clocks differ.
const leeway = 2 * time.Minute

// Rank puts suspects in order: the incident's own service before its neighbours,
// then the nearest before the onset, then the kind (INTERACTION 2.2). What
// happened after the onset caused nothing and is left out. The same deploy told
// by two sources is one suspect. It never invents a probability.
func Rank(service string, onset time.Time, found []Suspect) []Suspect {
	var out []Suspect
	for _, s := range found {
		if s.At.After(onset.Add(leeway)) {
			continue
		}
		if n := slices.IndexFunc(out, s.twin); n >= 0 {
			out[n] = out[n].join(s)
			continue
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b Suspect) int {
		return cmp.Or(
			cmp.Compare(distance(service, a), distance(service, b)),
			b.At.Compare(a.At),
			cmp.Compare(standing(a), standing(b)),
			cmp.Compare(slices.Index(SuspectKinds, a.Kind), slices.Index(SuspectKinds, b.Kind)),
			cmp.Compare(a.Source+a.ID, b.Source+b.ID),
		)
	})
	return out
}

// standing tells what is there now, and can be put back, from what it replaced.
// Targets date their changes by the second: two in one second are no rarity where
// a script deploys.
func standing(s Suspect) int {
	if s.Offer != nil {
		return 0
	}
	return 1
}

func distance(service string, s Suspect) int {
	if s.Service == service && service != "" {
		return 0
	}
	return 1
}

// twin reports whether two sources speak of one change: a pipeline told of the
// deploy that the cluster shows.
func (s Suspect) twin(o Suspect) bool {
	if s.Source == o.Source {
		return s.ID == o.ID
	}
	gap := s.At.Sub(o.At)
	return s.Kind == o.Kind && s.Service == o.Service && s.Service != "" && gap < 2*time.Minute && gap > -2*time.Minute
}

// join keeps the one that can be put back and what either knows of who and why.
func (s Suspect) join(o Suspect) Suspect {
	if s.Offer == nil && o.Offer != nil {
		s, o = o, s
	}
	s.Who, s.Why, s.URL = cmp.Or(s.Who, o.Who), cmp.Or(s.Why, o.Why), cmp.Or(s.URL, o.URL)
	return s
}

// Suspect finds one by source and id, nil when it is not among them.
func (i *Incident) Suspect(source, id string) *Suspect {
	if i.Suspicion == nil {
		return nil
	}
	for n := range i.Suspicion.Suspects {
		if s := &i.Suspicion.Suspects[n]; s.Source == source && s.ID == id {
			return s
		}
	}
	return nil
}

// Began is when it began as far as anybody knows: the onset of its figures, else
// the first alert.
func (i *Incident) Began() time.Time {
	if i.Suspicion != nil && !i.Suspicion.Onset.IsZero() {
		return i.Suspicion.Onset
	}
	return i.OpenedAt
}

// secondLook is how long after the first the figures are read again: by then they
// show the trouble that the alert told of.
const secondLook = time.Minute

// settledFigures is how long after a run ended its figures are read once more, so
// that the card shows what became of them.
const settledFigures = 30 * time.Second

func (i *Incident) runsOver() int {
	n := 0
	for _, r := range i.Runs {
		if r.State.Over() {
			n++
		}
	}
	return n
}

// PictureAsked wants a chart drawn into the thread.
type PictureAsked struct {
	Chart string `json:"chart"`
}

// Kind names the entry.
func (*PictureAsked) Kind() string { return "picture" }

func (b *PictureAsked) fold(*Incident, Entry) {}

// AskPicture draws a chart into the thread.
func AskPicture(by Person, name string) Decide {
	return func(v View) (Change, error) {
		e := say(by, by.Name+" asked for a chart of "+name+".", &PictureAsked{Chart: name})
		e.Quiet = true
		return Change{Entries: []Entry{e}}, nil
	}
}

// suspectsWake asks for a look at what changed.
func suspectsWake(i *Incident, due time.Time) Wake {
	return Wake{Kind: WakeSuspects, Row: i.ID(), Due: due, Priority: PriorityOpen}
}
