package discord

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// embedded is what matters of an embed.
type embedded struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Color       *int   `json:"color"`
	Timestamp   string `json:"timestamp"`
	Footer      *struct {
		Text string `json:"text"`
	} `json:"footer"`
	Author *struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"author"`
	Image *struct {
		URL string `json:"url"`
	} `json:"image"`
	Fields []struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Inline bool   `json:"inline"`
	} `json:"fields"`
}

const (
	maxEmbeds   = 10
	maxEmbedSum = 6000
)

// checkEmbeds knows every limit of embeds, and the one over their sum.
func checkEmbeds(f *form, raw []json.RawMessage) {
	if len(raw) > maxEmbeds {
		f.bad("embeds", "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", maxEmbeds))
	}
	sum := 0
	for n, one := range raw {
		at := fmt.Sprintf("embeds.%d", n)
		var e embedded
		if err := json.Unmarshal(one, &e); err != nil {
			f.bad(at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
			continue
		}
		sum += e.check(f, at)
	}
	if sum > maxEmbedSum {
		f.bad("embeds", "MAX_EMBED_SIZE_EXCEEDED", fmt.Sprintf("Embed size exceeds maximum size of %d", maxEmbedSum))
	}
}

func (e embedded) check(f *form, at string) (sum int) {
	length := func(path, text string, least, most int) {
		f.length(at+path, text, least, most)
		sum += len([]rune(text))
	}
	length(".title", e.Title, 0, 256)
	length(".description", e.Description, 0, 4096)
	if e.Footer != nil {
		length(".footer.text", e.Footer.Text, 1, 2048)
	}
	if e.Author != nil {
		length(".author.name", e.Author.Name, 1, 256)
		f.link(at+".author.url", e.Author.URL)
	}
	if len(e.Fields) > 25 {
		f.bad(at+".fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	for n, field := range e.Fields {
		length(fmt.Sprintf(".fields.%d.name", n), field.Name, 1, 256)
		length(fmt.Sprintf(".fields.%d.value", n), field.Value, 1, 1024)
	}
	if e.Color != nil && (*e.Color < 0 || *e.Color > 0xFFFFFF) {
		f.bad(at+".color", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
	}
	f.link(at+".url", e.URL)
	if e.Image != nil {
		f.link(at+".image.url", e.Image.URL)
	}
	if e.nothing() {
		f.required(at + ".description")
	}
	return sum
}

func (e embedded) nothing() bool {
	return e.Title == "" && e.Description == "" && e.Footer == nil && e.Author == nil && e.Image == nil && len(e.Fields) == 0 && e.Timestamp == ""
}

// link is an address that Discord takes: http, https, or a file of the message.
func (f *form) link(path, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		f.bad(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
		return
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "attachment" {
		f.bad(path, "URL_TYPE_INVALID_SCHEME", fmt.Sprintf(`Scheme %q must be one of ('http', 'https').`, u.Scheme))
		return
	}
	if u.Host == "" {
		f.bad(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	}
}
