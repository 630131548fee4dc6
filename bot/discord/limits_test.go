package discord

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"mayday/bot/chat"
	practice "mayday/internal/practice/discord"
)

func TestBucketsAreLearnt(t *testing.T) {
	now := time.Unix(1700000000, 0)
	b := newBuckets(chat.NewBudget(func() time.Time { return now }))
	one := call{route: "POST channels/1/messages"}
	for range channelRate.Burst {
		if wait := b.budget.Take(chat.Weight{}, b.keys(one)...); wait != 0 {
			t.Fatalf("the first few go at once, not after %s", wait)
		}
	}
	if wait := b.budget.Take(chat.Weight{}, b.keys(one)...); wait <= 0 {
		t.Error("nothing is known yet: the usual limit holds")
	}
	head := http.Header{}
	for k, v := range map[string]string{"X-RateLimit-Bucket": "abc", "X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "2.5"} {
		head.Set(k, v)
	}
	b.learn(one, head)
	if wait := b.budget.Wait(chat.Weight{}, b.keys(one)...); wait != 2500*time.Millisecond {
		t.Errorf("used up: wait %s, want until it is full again", wait)
	}
	if wait := b.budget.Wait(chat.Weight{}, b.keys(call{route: "POST channels/2/messages"})...); wait != 0 {
		t.Errorf("another channel waits %s", wait)
	}
	head.Set("X-RateLimit-Reset-After", "NaN")
	b.learn(call{route: "POST channels/3/messages"}, head)
	if wait := b.budget.Wait(chat.Weight{}, b.keys(call{route: "POST channels/3/messages"})...); wait != 0 {
		t.Errorf("nonsense is believed: %s", wait)
	}
}

// Approvals go before edits when there is little room.
func TestPriorities(t *testing.T) {
	w := build(t, options{options: practice.Options{Faster: 1}})
	r := w.open("INC-42:root")
	place := chat.Place{Room: "operations", Thread: r}
	for n := range 3 {
		w.mustPost(r, note("n"+string(rune('a'+n)), "hello"))
	}
	if wait := w.p.Pace(place, chat.Weight{Priority: 3}); wait <= 0 {
		t.Error("housekeeping takes what is left for others")
	}
	if wait := w.p.Pace(place, chat.Weight{}); wait != 0 {
		t.Errorf("an approval waits %s", wait)
	}
}

func TestACappedMessageStopsNoOther(t *testing.T) {
	w := build(t, options{})
	old, young := w.open("INC-42:root"), w.open("INC-43:root")
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "PATCH /channels/{channel_id}/messages", Status: 429, Code: codeEditsCapped})
	if err := w.p.Edit(t.Context(), old, card("INC-42:root")); err != nil {
		t.Fatal(err)
	}
	if err := w.p.Edit(t.Context(), young, card("INC-43:root")); err != nil {
		t.Errorf("another message of the channel: %v", err)
	}
}

func TestEffectivePermissions(t *testing.T) {
	const view, send, embed = discordgo.PermissionViewChannel, discordgo.PermissionSendMessages, discordgo.PermissionEmbedLinks
	roles := []discordgo.Role{{ID: "1", Permissions: view}, {ID: "7", Permissions: send}, {ID: "8", Permissions: embed}, {ID: "9", Permissions: bitAdmin}}
	for what, c := range map[string]struct {
		has  []string
		over []*discordgo.PermissionOverwrite
		want int64
	}{
		"roles add up":           {[]string{"7"}, nil, view | send},
		"another's role":         {nil, nil, view},
		"admin":                  {[]string{"9"}, []*discordgo.PermissionOverwrite{{ID: "1", Deny: view}}, -1},
		"everybody loses it":     {[]string{"7"}, []*discordgo.PermissionOverwrite{{ID: "1", Deny: send}}, view},
		"a role has it back":     {[]string{"7"}, []*discordgo.PermissionOverwrite{{ID: "1", Deny: send}, {ID: "7", Allow: send}}, view | send},
		"a role loses it":        {[]string{"7"}, []*discordgo.PermissionOverwrite{{ID: "7", Deny: send}}, view},
		"one gives, one takes":   {[]string{"7", "8"}, []*discordgo.PermissionOverwrite{{ID: "8", Deny: send}, {ID: "7", Allow: send}}, view | send | embed},
		"the member has it back": {[]string{"7"}, []*discordgo.PermissionOverwrite{{ID: "7", Deny: send}, {ID: "me", Type: discordgo.PermissionOverwriteTypeMember, Allow: send}}, view | send},
		"somebody else's":        {nil, []*discordgo.PermissionOverwrite{{ID: "you", Type: discordgo.PermissionOverwriteTypeMember, Allow: send}, {ID: "7", Allow: send}}, view},
		"hidden":                 {[]string{"7"}, []*discordgo.PermissionOverwrite{{ID: "1", Deny: view}}, 0},
	} {
		if got := effective("1", "me", c.has, roles, discordgo.Channel{PermissionOverwrites: c.over}); got != c.want {
			t.Errorf("%s: got %b, want %b", what, got, c.want)
		}
	}
}

func TestAnOlderMessageOfTheSameWordsIsAnother(t *testing.T) {
	w := build(t, options{})
	r := w.open("INC-42:root")
	first := w.mustPost(r, note("INC-42:note:1", "still the same"))
	w.clock.move(time.Hour)
	again := note("INC-42:note:2", "still the same")
	again.Tried = w.clock.now()
	w.clock.move(10 * time.Minute)
	if got := w.mustPost(r, again); got == first || count(w.d.Messages(w.thread(r)), "still the same") != 2 {
		t.Errorf("got %s, which is the message of an hour ago", got)
	}
}

func TestACutLeavesNoHalfEscape(t *testing.T) {
	for n := 2; n < 12; n++ {
		got := clipEscaped(`\*\*\\\\ab\*`, n)
		kept := strings.TrimSuffix(got, "…")
		if tail := len(kept) - len(strings.TrimRight(kept, `\`)); size(got) > n || tail%2 == 1 {
			t.Errorf("cut to %d: %q is left", n, got)
		}
	}
}

func TestWhoMayCallEverybodyMayCallEachRole(t *testing.T) {
	w := build(t, options{})
	must(t, w.d.SetMentionable(practice.RoleSRE, false))
	w.d.AddRole("993", "loud", practice.MentionEveryone, false)
	must(t, w.d.SetRoles(practice.Application, practice.RoleBot, "993"))
	w.p.start.Groups = []string{"@sre"}
	for _, l := range findings(w) {
		if l[0] == '!' && l != "! commands are not registered yet, or from another version | Start mayday serve: it registers them." {
			t.Errorf("got %s", l)
		}
	}
}
