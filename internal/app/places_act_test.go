package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/practice"
)

// withFlags starts a Mayday with a phone beside the war room and a pretend
// LaunchDarkly behind it.
func withFlags(t *testing.T) (*talk, *phone, *practice.LaunchDarkly) {
	t.Helper()
	p := &phone{name: "phone", health: chat.Health{State: "ok"}}
	k := &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC), places: []chat.Platform{p}}
	t.Cleanup(k.close)
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "flag-token", Now: k.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	address, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.files(t, address)
	path := filepath.Join(k.dir, "mayday.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("responder: [web:ana, web:li]", `responder: [web:ana, web:li, "phone:@S0SRE"]`, "approver: [web:sam, ", `approver: [web:sam, "phone:@S0LEADS", `).Replace(string(raw))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.must(t, "start", "event triggered Q1", "press ana I'm_on_it")
	return k, p, flags
}

// asked runs a command on the phone, where the one who approves is as well:
// across platforms only people who are linked approve.
func (k *talk) asked(t *testing.T, u chat.User, text string) {
	t.Helper()
	if _, err := k.app.handler.Handle(t.Context(), chat.Interaction{Platform: "phone", User: u, At: k.time(), Incident: "INC-1", Text: text}); err != nil {
		t.Fatalf("%s says %q: %v", u.ID, text, err)
	}
	k.must(t, "clock +1s")
}

// pressed takes a press in, and does nothing else yet.
func (k *talk) pressed(t *testing.T, u chat.User, label string, in map[string]any) {
	t.Helper()
	id, err := k.find(label)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.app.handler.Handle(context.Background(), chat.Interaction{Platform: "phone", User: u, At: k.time(), Button: id, Input: in}); err != nil {
		t.Fatalf("%s presses %s: %v", u.ID, label, err)
	}
}

// TestARightThatWasLostAfterThePress: roles are looked at twice, at the press and
// when the act is carried out (P8). Who lost the role in between, who is not
// known any more, and who cannot be asked about, acts on nothing.
func TestARightThatWasLostAfterThePress(t *testing.T) {
	const run, other = "run flip flag=checkout-v2", "run flip flag=new-cart"
	for name, c := range map[string]struct {
		run, label string
		user       chat.User
		input      map[string]any
		later      func(id string) (chat.User, error)
		applied    int
		says       string
	}{
		"a responder who still is one": {run, "Turn off checkout-v2", chat.User{ID: "U7", Groups: []string{"S0SRE"}}, nil,
			func(id string) (chat.User, error) { return chat.User{ID: id, Groups: []string{"S0SRE"}}, nil }, 1, "✓ Turn off checkout-v2"},
		"a responder who left the group": {run, "Turn off checkout-v2", chat.User{ID: "U7", Groups: []string{"S0SRE"}}, nil,
			func(id string) (chat.User, error) { return chat.User{ID: id}, nil }, 0, "is viewer now; it needs responder"},
		"a responder who became a guest": {run, "Turn off checkout-v2", chat.User{ID: "U7", Groups: []string{"S0SRE"}}, nil,
			func(id string) (chat.User, error) {
				return chat.User{ID: id, Groups: []string{"S0SRE"}, Guest: true}, nil
			}, 0, "is viewer now"},
		"a responder of whom nobody knows": {run, "Turn off checkout-v2", chat.User{ID: "U7", Groups: []string{"S0SRE"}}, nil,
			func(string) (chat.User, error) { return chat.User{}, errors.New("no answer") }, 0, "could not check"},
		"an approver who still is one": {other, "Approve and run", chat.User{ID: "U8", Groups: []string{"S0LEADS"}}, map[string]any{"phrase": "new-cart"},
			func(id string) (chat.User, error) { return chat.User{ID: id, Groups: []string{"S0LEADS"}}, nil }, 1, "✓ Turn off new-cart"},
		"an approver who is a responder now": {other, "Approve and run", chat.User{ID: "U8", Groups: []string{"S0LEADS"}}, map[string]any{"phrase": "new-cart"},
			func(id string) (chat.User, error) { return chat.User{ID: id, Groups: []string{"S0SRE"}}, nil }, 0, "is responder now; it needs approver"},
	} {
		t.Run(name, func(t *testing.T) {
			k, p, flags := withFlags(t)
			k.asked(t, chat.User{ID: "U7", Groups: []string{"S0SRE"}}, c.run)
			k.pressed(t, c.user, c.label, c.input)
			p.who = c.later
			k.must(t, "clock +1s")
			if got := flags.Applied(); got != c.applied {
				t.Errorf("%d changes reached the target, want %d", got, c.applied)
			}
			if got := k.lines(t); !strings.Contains(got, c.says) {
				t.Errorf("%q is not said in:\n%s", c.says, got)
			}
		})
	}
}

// TestFreeze stops every act, also one that was pressed and not begun, survives a
// restart, leaves words and reminders alone, and ends by a commander only.
func TestFreeze(t *testing.T) {
	k, _, flags := withFlags(t)
	k.must(t, "say ana run flip flag=checkout-v2")
	k.pressed(t, chat.User{ID: "U7", Groups: []string{"S0SRE"}}, "Turn off checkout-v2", nil)
	if _, err := k.app.handler.Handle(t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "li", Name: "li"}, Text: "freeze on data centre move"}); err != nil {
		t.Fatal(err)
	}
	k.must(t, "clock +1s")
	if n := flags.Applied(); n != 0 {
		t.Fatalf("an act that was pressed before the freeze was carried out: %d changes", n)
	}
	if got := k.lines(t); !strings.Contains(got, "(E21)") || !strings.Contains(got, "data centre move") {
		t.Errorf("the step does not say why:\n%s", got)
	}
	k.must(t, "restart")
	for _, l := range []string{"say ana run flip flag=new-cart", "say sam run flip flag=new-cart", "say ana freeze off", "say li freeze off"} {
		k.must(t, l)
		if k.err == nil {
			t.Errorf("%s: allowed while frozen", l)
		}
	}
	k.must(t, "say ana update Rolling back checkout.", "clock +31m")
	if k.err != nil {
		t.Errorf("an update is refused while frozen: %v", k.err)
	}
	if got := k.lines(t); !strings.Contains(got, "min since the last word in #status") {
		t.Errorf("no reminder came while frozen:\n%s", got)
	}
	k.must(t, "say cleo freeze off", "press ana Try_again", "press ana Turn_off_checkout-v2")
	if n := flags.Applied(); n != 1 || k.err != nil {
		t.Errorf("after the freeze %d changes were made, %v; want 1", n, k.err)
	}
}

// TestADeletedApprovalIsPostedAnew: what people act on must stand somewhere. Its
// edits are for a message that somebody deleted, so it is sent once more.
func TestADeletedApprovalIsPostedAnew(t *testing.T) {
	k, p, _ := withFlags(t)
	k.asked(t, chat.User{ID: "U1", Name: "U1", Groups: []string{"S0SRE"}}, "run flip flag=new-cart")
	var old string
	for _, s := range p.stands {
		if s.m.Kind == "approval" {
			old = string(s.ref)
		}
	}
	if old == "" {
		t.Fatalf("no approval was asked for: %s", texts(p.all()))
	}
	p.failing(func(call, key string) error {
		if call == "edit" && strings.Contains(key, ":step:") {
			return &chat.Failure{Kind: chat.Lost, What: chat.LostMessage, Err: errors.New("message_not_found")}
		}
		return nil
	})
	k.must(t, "clock +2m", "press sam Decline", "clock +3m")
	found := ""
	for _, s := range p.stands {
		if s.m.Kind == "approval" && string(s.ref) != old {
			found = s.m.Text
		}
	}
	if !strings.Contains(found, "declined") {
		t.Errorf("the end of the step stands nowhere: %q in\n%s", found, texts(p.all()))
	}
}
