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

// TestAThreadThatIsDeletedUnderAnApproval: what waits for a press in it stands
// below the new card, nothing is held up, and no room is called closed.
func TestAThreadThatIsDeletedUnderAnApproval(t *testing.T) {
	p := newPair(t)
	p.must("event triggered Q1")
	p.press(p.d, "ana", "I'm on it")
	p.say(p.s, "ana", "run flip flag=new-cart")
	p.must("clock +2m")
	p.d.look()
	if err := p.d.d.DeleteThread(p.d.root); err != nil {
		t.Fatal(err)
	}
	if err := p.d.d.DeleteMessage(discord.Operations, p.d.root); err != nil {
		t.Fatal(err)
	}
	p.press2(p.s, "sam", "Decline")
	p.patient("clock +3m", "say li note it goes on")
	p.must("clock +3m")
	got := words(p.d.look().thread)
	p.wants("the new thread", got, "declined", "it goes on")
	for name, text := range map[string]string{"Discord": got, "Slack": words(p.s.look().thread)} {
		if strings.Contains(text, "I can't post") {
			t.Errorf("%s is told that a room is closed:\n%s", name, text)
		}
	}
	if n := len(p.d.d.Threads()); n > 2 {
		t.Errorf("%d threads were opened", n)
	}
}

// press2 presses while some messages may not be sendable.
func (p *pair) press2(f front, who, label string) {
	p.t.Helper()
	if _, err := f.press(p.t.Context(), who, label); err != nil {
		p.t.Fatalf("%s presses %s: %v", who, label, err)
	}
}

// TestTwoAccountsThatNobodyLinked: one person with both roles on both platforms
// could be two people, so an approval in another place than the question is
// refused; in the same place ids tell people apart.
func TestTwoAccountsThatNobodyLinked(t *testing.T) {
	const onSlack, onDiscord = "U0ZED", "666677889900119999"
	p := newPair(t, func(p *pair) {
		p.s.s.AddPerson(onSlack, "Zed")
		p.s.s.SetGroup("sre", slack.Ana, slack.Li, onSlack)
		p.d.d.AddPerson(onDiscord, "Zed", discord.RoleSRE, discord.RoleLeads)
	})
	p.must("event triggered Q1")
	seen, err := p.s.s.Mention(t.Context(), onSlack, slack.Operations, p.s.s.Messages(slack.Operations)[0].TS, "run flip flag=new-cart")
	r, err := p.s.seen(seen, err)
	p.wants("the question", p.do("run", r, err), "Started flip")
	discordPeople["zed"] = onDiscord
	t.Cleanup(func() { delete(discordPeople, "zed") })
	p.d.look() // where the thread is
	p.wants("an approval by a stranger's account elsewhere", p.press(p.d, "zed", "Approve and run"), "your accounts are not linked", "(E11)")
	p.press(p.s, "sam", "Approve and run")
	p.wants("an approval by Sam, in the same place", p.fill(p.s, "sam", map[string]any{"phrase": "new-cart"}), "Started: Turn off new-cart")
}

// TestStrangersOpenNothing: somebody of another company in a shared channel may
// look, and cannot call people up.
func TestStrangersOpenNothing(t *testing.T) {
	p := newPair(t)
	for name, id := range map[string]string{"a guest": slack.Gus, "another company": slack.Eve} {
		seen, err := p.s.s.Command(t.Context(), id, slack.Operations, "open everything is down")
		if err != nil {
			t.Fatal(err)
		}
		p.wants(name, plainly(seen.Text), "Guests and people of other workspaces can't open incidents", "(E1)")
	}
	if got := p.messages(); len(got) != 0 {
		t.Errorf("%d messages stand", len(got))
	}
}
