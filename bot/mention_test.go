package bot

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// office is a platform whose people have accounts of their own.
type office struct{ chat.Platform }

func (office) Who(context.Context, string) (chat.User, error) { return chat.User{}, nil }

// room is one whose people are known by their tokens.
type room struct{ chat.Platform }

func TestWhoIsCalled(t *testing.T) {
	d := &Desk{Options: Options{People: People{
		Same: []Linked{{Name: "Sam", IDs: map[string]string{"web": "sam", "office": "U2"}}},
		Roles: map[incident.Role][]string{
			incident.Responder: {"office:@S1", "office:@S2", "office:U9"},
			incident.Approver:  {"office:U1", "web:sam", "office:U2", "web:kim"},
			incident.Commander: {"web:cleo"},
		},
	}}, platforms: map[string]chat.Platform{"office": office{}, "web": room{}}}
	for _, c := range []struct {
		who, platform string
		want          []string // name=id, or name of a word
	}{
		{"@responder", "office", []string{"responder=S1", "responder=S2"}},
		{"@approver", "office", []string{"approver", "office:U1=U1", "Sam=U2"}},
		{"@commander", "office", []string{"commander"}},
		{"@approver", "web", []string{"approver"}},
		{"Sam", "office", []string{"Sam=U2"}},
		{"office:U7", "office", []string{"office:U7=U7"}},
		{"Somebody", "office", []string{"Somebody"}},
		{"elsewhere:U7", "office", []string{"elsewhere:U7"}},
	} {
		k := d.card(nil, "x", "x")
		k.platform = c.platform
		var got []string
		for _, part := range k.call(c.who) {
			span, ok := part.(chat.Span)
			if !ok {
				continue
			}
			text := span.Mention.Name
			if id := span.Mention.IDs[c.platform]; id != "" {
				text = fmt.Sprintf("%s=%s", text, id)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s on %s: got %v, want %v", c.who, c.platform, got, c.want)
		}
	}
}
