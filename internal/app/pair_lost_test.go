package app

import (
	"strings"
	"testing"

	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// TestBothAreDown: the war room goes on alone, nothing is lost, and both catch up
// by themselves (P14).
func TestBothAreDown(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	if err := p.s.s.Refuse(true); err != nil {
		t.Fatal(err)
	}
	p.d.d.Play(discord.Fault{Kind: discord.Failing, Status: 503, Count: -1})
	p.patient("press ana I'm_on_it", "say ana update Rolling back checkout.", "say li note both are away", "clock +10m")
	var room []string
	for _, m := range p.messages() {
		room = append(room, m.Text)
	}
	p.wants("the war room", strings.Join(room, "\n"), "owner: Ana", "both are away")
	if got := p.posted("status", ""); len(got) != 1 || !strings.Contains(got[0].Text, "Rolling back checkout") {
		t.Errorf("#status in the war room: %+v", got)
	}
	if err := p.s.s.Refuse(false); err != nil {
		t.Fatal(err)
	}
	p.d.d.Calm()
	p.must("clock +10m")
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		seen := f.look()
		p.wants(name, words(seen.thread), "owner: Ana", "both are away")
		p.wants("#status on "+name, words(seen.status), "Rolling back checkout")
	}
}

// TestKickedFromARoom: a room that the bot is not in is said where people read,
// with the words that mend it, and what was to be said there arrives when it is
// let in again (E2).
func TestKickedFromARoom(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	p.press(p.s, "ana", "I'm on it")
	if err := p.s.s.Kick(slack.Status); err != nil {
		t.Fatal(err)
	}
	if err := p.d.d.Deny(discord.Status, discord.ViewChannel|discord.SendMessages); err != nil {
		t.Fatal(err)
	}
	p.patient("say ana update Rolling back checkout.", "clock +1m")
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		p.wants("the thread on "+name, words(f.look().thread), "I can't post in #status on Slack", "/invite @mayday", "I can't post in #status on Discord", "Send Messages", "(E2)")
	}
	if n := strings.Count(words(p.s.look().thread), "I can't post in #status on Slack"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	if err := p.s.s.Join(slack.Status); err != nil {
		t.Fatal(err)
	}
	if err := p.d.d.Allow(discord.Status, discord.ViewChannel|discord.SendMessages); err != nil {
		t.Fatal(err)
	}
	p.must("clock +6m")
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		if got := f.look().status; len(got) != 1 || !strings.Contains(got[0].text, "Rolling back checkout") {
			t.Errorf("#status on %s after it was let in again: %s", name, words(got))
		}
	}
}

// TestADeletedThreadOnBoth: somebody deletes the card with its thread. A new one
// is opened, and what is said from then on stands there.
func TestADeletedThreadOnBoth(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1", "clock +2m")
	p.d.look()
	if err := p.d.d.DeleteThread(p.d.root); err != nil {
		t.Fatal(err)
	}
	if err := p.d.d.DeleteMessage(discord.Operations, p.d.root); err != nil {
		t.Fatal(err)
	}
	card := p.s.s.Messages(slack.Operations)[0]
	for _, m := range p.s.s.Thread(slack.Operations, card.TS)[1:] {
		if err := p.s.s.DeleteMessage(slack.Operations, m.TS); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.s.s.DeleteMessage(slack.Operations, card.TS); err != nil {
		t.Fatal(err)
	}
	p.patient("say li note said after it was deleted", "clock +3m")
	for name, f := range map[string]front{"Slack": p.s, "Discord": p.d} {
		seen := f.look()
		p.wants("the thread on "+name, words(seen.thread), "checkout: errors 12%", "said after it was deleted")
	}
	p.must("press ana I'm_on_it")
	p.wants("the new card on Slack", words(p.s.look().thread), "owner: Ana")
	p.wants("the new card on Discord", words(p.d.look().thread), "owner: Ana")
}
