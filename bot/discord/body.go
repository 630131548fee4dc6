package discord

import "mayday/bot/chat"

// The JSON that Discord takes. The library's own structs lack nonces and the
// labels of modals, and write empty lists as null.

// body is a message as it is sent or edited.
type body struct {
	Content      string       `json:"content"`
	Embeds       []embed      `json:"embeds"`
	Components   []component  `json:"components"`
	Mentions     allowed      `json:"allowed_mentions"`
	Flags        int          `json:"flags"`
	Attachments  []attachment `json:"attachments"`
	Nonce        string       `json:"nonce,omitempty"`
	EnforceNonce bool         `json:"enforce_nonce,omitempty"`
	Reference    *reference   `json:"message_reference,omitempty"`

	picture []byte // goes with it as a file
}

// foot puts words below a message that are not its own.
func (b *body) foot(t chat.Tone, text string) {
	if len(b.Embeds) == 0 {
		b.Embeds = append(b.Embeds, embed{Color: accent(t)})
		b.Flags = 0
	}
	b.Embeds[0].Footer = &footer{Text: text}
}

// reference is the message that another one answers. It is an answer to nothing
// when that one is gone.
type reference struct {
	Message string `json:"message_id"`
	Fail    bool   `json:"fail_if_not_exists"`
}

type embed struct {
	Description string  `json:"description,omitempty"`
	Color       int     `json:"color"`
	Image       *image  `json:"image,omitempty"`
	Footer      *footer `json:"footer,omitempty"`
}

type image struct {
	URL string `json:"url"`
}

type footer struct {
	Text string `json:"text"`
}

type attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"`
}

// allowed says who may be called. It is always sent: without it everybody named
// in a message is.
type allowed struct {
	Parse []string `json:"parse"`
	Users []string `json:"users"`
	Roles []string `json:"roles"`
}

// Kinds of components.
const (
	typeRow     = 1
	typeButton  = 2
	typeSelect  = 3
	typeInput   = 4
	typeDisplay = 10
	typeLabel   = 18
)

// component is any of them; each kind uses its own fields.
type component struct {
	Type        int         `json:"type"`
	Components  []component `json:"components,omitempty"`
	Component   *component  `json:"component,omitempty"`
	Content     string      `json:"content,omitempty"`
	Label       string      `json:"label,omitempty"`
	Description string      `json:"description,omitempty"`
	Style       int         `json:"style,omitempty"`
	CustomID    string      `json:"custom_id,omitempty"`
	URL         string      `json:"url,omitempty"`
	Placeholder string      `json:"placeholder,omitempty"`
	Options     []option    `json:"options,omitempty"`
	MinValues   *int        `json:"min_values,omitempty"`
	MaxValues   int         `json:"max_values,omitempty"`
	Required    *bool       `json:"required,omitempty"`
	MaxLength   int         `json:"max_length,omitempty"`
	Value       any         `json:"value,omitempty"`
	Values      []string    `json:"values,omitempty"`
}

type option struct {
	Label   string `json:"label"`
	Value   string `json:"value"`
	Default bool   `json:"default,omitempty"`
}

// Flags of messages.
const (
	flagNoPreviews = 1 << 2
	flagEphemeral  = 1 << 6
	flagSilent     = 1 << 12
)

// Limits of Discord, as it counts.
const (
	maxContent     = 2000
	maxDescription = 4096
	maxRows        = 5
	maxInRow       = 5
	maxOptions     = 25
	maxButtonLabel = 80
	maxOption      = 100
	maxCustomID    = 100
	maxAlt         = 1024
	maxTitle       = 45
	maxLabel       = 45
	maxInput       = 4000
	maxCalled      = 100
)
