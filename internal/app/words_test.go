package app

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"mayday/bot/chat"
	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// readers read a rendered body as a person does: the words, and the labels of
// what can be pressed, in order.
var readers = map[string]func(t *testing.T, body json.RawMessage) (string, []string){
	"slack": func(t *testing.T, body json.RawMessage) (string, []string) {
		var raw struct {
			Text   string          `json:"text"`
			Blocks json.RawMessage `json:"blocks"`
		}
		if err := json.Unmarshal(body, &raw); err != nil {
			t.Fatal(err)
		}
		m := slack.Message{Text: raw.Text, Blocks: raw.Blocks}
		var labels []string
		for _, b := range m.Buttons() {
			labels = append(labels, b.Label)
		}
		return m.Plain(), labels
	},
	"discord": func(t *testing.T, body json.RawMessage) (string, []string) {
		var raw struct {
			Content            string `json:"content"`
			Embeds, Components json.RawMessage
		}
		if err := json.Unmarshal(body, &raw); err != nil {
			t.Fatal(err)
		}
		m := discord.Message{Content: raw.Content, Embeds: raw.Embeds, Components: raw.Components}
		var labels []string
		for _, b := range m.Buttons() {
			labels = append(labels, b.Label)
		}
		for _, menu := range m.Menus() {
			for _, o := range menu.Options {
				labels = append(labels, o.Name)
			}
		}
		return m.Plain(), labels
	},
}

// TestSameWordsEverywhere compares every message and answer of the gallery: the
// same words, and the same buttons in the same order, on each platform.
func TestSameWordsEverywhere(t *testing.T) {
	all := map[string][]string{}
	for name, lines := range scenes {
		all[name] = lines
	}
	for name, lines := range acts {
		all["act_"+name] = append([]string{"event triggered Q1", "press ana I'm_on_it"}, lines...)
	}
	for name, lines := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, m := range append(staged(t, lines), otherRefusals()...) {
				sameWords(t, m)
			}
		})
	}
}

func sameWords(t *testing.T, m chat.Message) {
	t.Helper()
	var want []string
	for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
		want = append(want, b.Label)
	}
	for _, p := range platforms {
		if p.Always {
			continue
		}
		body, err := p.Render(m)
		if err != nil {
			t.Errorf("%s: %s: %v", p.Name, m.Key, err)
			continue
		}
		text, labels := readers[p.Name](t, body)
		if got, words := named(text, m), named(m.Text, m); got != words {
			t.Errorf("%s, %s: %q\nwant %q", p.Name, m.Key, got, words)
		}
		if m.Form == nil && !slices.Equal(labels, want) { // a form is a window of its own
			t.Errorf("%s, %s: buttons %q, want %q", p.Name, m.Key, labels, want)
		}
	}
}

// named is a text without the names of those who are called: a body holds their
// ids, and a platform shows the name that it has for them.
func named(text string, m chat.Message) string {
	text = plainly(text)
	for _, who := range m.Mentions {
		text = strings.ReplaceAll(text, "@"+who.Name, "@")
		for _, id := range who.IDs {
			text = strings.ReplaceAll(text, "@"+id, "@")
		}
	}
	return strings.NewReplacer("@unknown", "@", "@sre-leads", "@").Replace(text)
}
