package chat

import (
	"strings"
	"time"
)

// Message is a card, a line, a form: whatever people see. It is neutral; the
// JSON form is what the war room, the outbox and the JSON API keep.
type Message struct {
	Key       string     `json:"key"`
	Kind      string     `json:"kind"` // card, opener, update, nudge, step, approval, note, resolved, error ...
	Room      string     `json:"room,omitempty"`
	Thread    string     `json:"thread,omitempty"` // incident id
	Text      string     `json:"text"`             // the whole message as plain words; stands alone on a lock screen
	Lines     []Line     `json:"lines,omitempty"`  // the same, with structure
	Tone      Tone       `json:"tone,omitempty"`   // accent bar
	By        string     `json:"by,omitempty"`
	At        time.Time  `json:"at,omitzero"`
	EditedAt  *time.Time `json:"edited_at,omitempty"`
	Mentions  []Mention  `json:"mentions"`
	Ephemeral bool       `json:"ephemeral"`
	Silent    bool       `json:"silent,omitempty"` // housekeeping: must not make a phone ring
	Buttons   []Button   `json:"buttons"`
	More      []Button   `json:"more,omitempty"` // behind "More..."; part of Buttons for programs
	Form      *Form      `json:"form"`
	Fields    []Field    `json:"fields"`
	Image     *Image     `json:"image"`
	Code      string     `json:"code,omitempty"` // E11: the answer refuses

	// Incident and Step are what an answer is about; for programs.
	Incident string `json:"incident,omitempty"`
	Step     string `json:"step,omitempty"`

	// Weight and Tried belong to one send. Tried is the time of an earlier try
	// that may have arrived: a platform that cannot tell marks the repeat.
	Weight Weight    `json:"-"`
	Tried  time.Time `json:"-"`
}

// Tone is the accent of a message; renderers choose the colour, words carry the
// meaning.
type Tone string

// The tones.
const (
	ToneSEV1 Tone = "sev1"
	ToneSEV2 Tone = "sev2"
	ToneSEV3 Tone = "sev3"
	ToneOK   Tone = "ok"
	ToneBad  Tone = "bad"
	ToneAsk  Tone = "ask"
)

// SpanKind says how a piece of a line is shown.
type SpanKind string

// Span kinds. Everything but a link's URL is text to be escaped: untrusted words
// can reach any of them and stay inert (P16).
const (
	SpanText    SpanKind = "text"
	SpanStrong  SpanKind = "strong"
	SpanMuted   SpanKind = "muted"
	SpanCode    SpanKind = "code"
	SpanLink    SpanKind = "link"    // Text, URL
	SpanTime    SpanKind = "time"    // At; Text is the fallback, "14:02"
	SpanMention SpanKind = "mention" // Mention
)

// Span is a piece of a line.
type Span struct {
	Kind    SpanKind  `json:"kind"`
	Text    string    `json:"text"`
	URL     string    `json:"url,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Mention *Mention  `json:"mention,omitempty"`
}

// Line is one line on a phone.
type Line []Span

// String is the line as plain words.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Mention calls somebody: a person, or everybody of a role.
type Mention struct {
	Name string `json:"name"`           // "Ana", or the role's name
	Role bool   `json:"role,omitempty"` // a group
	// IDs are the platform's own ids, by platform name; a platform that has none
	// shows the name as words.
	IDs map[string]string `json:"ids,omitempty"`
}

// Style of a button.
type Style string

// The styles; a message has at most one primary button.
const (
	Plain   Style = "plain"
	Primary Style = "primary"
	Harm    Style = "danger"
)

// Button is an act and its object: "Roll back checkout", never "OK". ID is
// opaque: 128 random-looking bits that mean something to the server alone.
type Button struct {
	ID    string `json:"id"`
	Label string `json:"label"` // at most 24 characters
	Verb  string `json:"verb"`
	Step  string `json:"step,omitempty"`
	Style Style  `json:"style"`
	URL   string `json:"url,omitempty"` // opens a page instead of pressing
}

// Form asks for words. Posting them presses Submit.
type Form struct {
	Title  string  `json:"title"`  // at most 24 characters
	Submit string  `json:"submit"` // id of the button to post the input to
	Label  string  `json:"label"`  // of that button
	Note   string  `json:"note,omitempty"`
	Fields []Field `json:"fields"` // at most 5
}

// Explained is the form of a message with the words above it as its note, for
// platforms where a form stands alone.
func (m Message) Explained() Form {
	f := *m.Form
	if f.Note == "" {
		f.Note = m.Text
	}
	return f
}

// FieldType is how a field is filled in.
type FieldType string

// The types. One and Many choose from Options; Many takes a list.
const (
	FieldText FieldType = "text"
	FieldArea FieldType = "area"
	FieldOne  FieldType = "one"
	FieldMany FieldType = "many"
)

// Field is one input of a form.
type Field struct {
	Name     string    `json:"name"`
	Label    string    `json:"label"`
	Type     FieldType `json:"type"`
	Required bool      `json:"required"`
	Value    any       `json:"value,omitempty"` // prefilled: a string or a list of strings
	Options  []Choice  `json:"options,omitempty"`
	Max      int       `json:"max,omitempty"` // characters
	Hint     string    `json:"hint,omitempty"`
	// Suggest completes the field while somebody types, where the platform can:
	// "run playbook" is the argument playbook of the command run.
	Suggest string `json:"suggest,omitempty"`
}

// Image is a picture with words that say its finding.
type Image struct {
	URL  string `json:"url"`
	Alt  string `json:"alt"`
	Data []byte `json:"data,omitempty"` // PNG, for platforms that keep files themselves
}

// Limits are what a platform can show. The card model obeys the smaller of each
// pair (INTERACTION 2.0), so that a message never looks like a port.
type Limits struct {
	Label, Row, Lines, Fields, Title, Text int
}

// Shared are the limits that every message of Mayday obeys.
var Shared = Limits{Label: 24, Row: 4, Lines: 14, Fields: 5, Title: 24, Text: 1900}
