package discord

import (
	"strings"
	"testing"

	"mayday/bot/chat"
)

func TestWantedCommands(t *testing.T) {
	all := []chat.Command{
		{Name: "page", Help: strings.Repeat("x", 200), Args: []chat.Arg{{Name: "message", Rest: true}, {Name: "who", Required: true, Suggest: true}, {Name: "Not OK"}}},
		{Name: "snooze", Args: []chat.Arg{{Name: "for", Help: "how long", Suggest: true, Choices: []chat.Choice{{Value: "10m", Label: "10 minutes"}}}}},
		{Name: "With Spaces"},
		{Name: "note"},
	}
	got := wanted("mayday", all)
	if len(got) != 2 || got[0].Name != "mayday" || len(got[0].Options) != 3 || got[1].Name != noteOnMessage {
		t.Fatalf("got %+v", got)
	}
	page := got[0].Options[0]
	if size(page.Description) > maxDescribed || len(page.Options) != 2 || page.Options[0].Name != "who" || !page.Options[0].Required || !page.Options[0].Autocomplete || page.Options[1].Description != "message" {
		t.Errorf("page: got %+v", page)
	}
	if o := got[0].Options[1].Options[0]; o.Autocomplete || len(o.Choices) != 1 {
		t.Errorf("an option has choices or suggestions, not both: %+v", o)
	}
	many := make([]chat.Command, 40)
	for n := range many {
		many[n].Name = "c" + strings.Repeat("x", n%30) + string(rune('a'+n%26))
	}
	if n := len(wanted("mayday", many)[0].Options); n != maxSubs {
		t.Errorf("%d subcommands", n)
	}
}

func TestFingerprintKnowsNoOrder(t *testing.T) {
	a := wanted("mayday", commands)
	b := []registered{a[2], a[0], a[1]}
	if fingerprint(a) != fingerprint(b) {
		t.Error("the order counts")
	}
	b[1].Options = b[1].Options[1:]
	if fingerprint(a) == fingerprint(b) {
		t.Error("a missing subcommand does not count")
	}
}
