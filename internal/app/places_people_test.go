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
	"mayday/internal/fault"
)

const twoPhones = `
pagerduty: {webhook_secret: env:TALK_SECRET}
people:
  responder: ["phone:@S0SRE", "tablet:@sre", "web:ana"]
  same: [{name: Ana, web: ana, phone: U0ANA, tablet: "2001", pagerduty: PANA}]
services:
  checkout: {pagerduty: PCHECK}
`

// withTwo starts a Mayday with a phone and a tablet beside the war room.
func withTwo(t *testing.T) (k *talk, p, tab *phone) {
	t.Helper()
	p, tab = &phone{name: "phone", health: chat.Health{State: "ok"}}, &phone{name: "tablet", health: chat.Health{State: "ok"}}
	k = &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC), places: []chat.Platform{p, tab}}
	if err := os.WriteFile(filepath.Join(k.dir, "mayday.yaml"), []byte(twoPhones), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	k.must(t, "start")
	return k, p, tab
}

// on is somebody who types or presses on a platform.
func (k *talk) on(platform string, in chat.Interaction) (chat.Message, error) {
	in.Platform, in.At = platform, k.time()
	m, err := k.app.handler.Handle(context.Background(), in)
	if drained := k.app.Drain(context.Background()); err == nil {
		err = drained
	}
	return m, err
}

func ana(groups ...string) chat.User { return chat.User{ID: "U0ANA", Name: "ana", Groups: groups} }

// TestEachPlatformHasItsThread: one card and one thread on each, whatever fails
// on the other.
func TestEachPlatformHasItsThread(t *testing.T) {
	k, p, tab := withTwo(t)
	p.failing(func(string, string) error { return &chat.Failure{Kind: chat.Down, Err: errors.New("away")} })
	k.must(t, "event triggered Q1")
	if len(tab.of("INC-1:card")) != 1 || len(tab.of("INC-1:opener")) != 1 {
		t.Errorf("the tablet waits for the phone: %v", tab.calls)
	}
	p.failing(nil)
	k.must(t, "clock +10m")
	if len(p.of("INC-1:card")) != 1 || len(p.of("INC-1:opener")) != 1 {
		t.Errorf("the phone did not catch up: %v", p.calls)
	}
	if _, err := k.on("tablet", chat.Interaction{User: chat.User{ID: "2001", Named: []string{"sre"}}, Text: "note from here", Thread: tab.of("INC-1:card")[0].ref}); err != nil {
		t.Fatal(err)
	}
	if got := texts(p.all()); !strings.Contains(got, "Ana, from tablet: from here") {
		t.Errorf("the phone reads %s", got)
	}
	if got := texts(tab.all()); !strings.Contains(got, "Ana: from here") || strings.Contains(got, "from tablet") {
		t.Errorf("the tablet reads %s", got)
	}
}

// TestRemindersGoWhereTheOwnerIs: a call to the owner alone rings where they
// last did something; one to others rings everywhere.
func TestRemindersGoWhereTheOwnerIs(t *testing.T) {
	k, p, tab := withTwo(t)
	k.must(t, "event triggered Q1")
	if _, err := k.on("tablet", chat.Interaction{User: chat.User{ID: "2001", Named: []string{"sre"}}, Text: "own"}); err != nil {
		t.Fatal(err)
	}
	k.must(t, "clock +13m")
	if got := kinds(tab, "nudge"); got != 1 {
		t.Errorf("%d reminders on the tablet, where the owner is, want 1", got)
	}
	if got := kinds(p, "nudge"); got != 0 {
		t.Errorf("%d reminders on the phone, want none", got)
	}
	k.must(t, "clock +8m")
	if got := kinds(p, "nudge"); got == 0 {
		t.Error("nobody on the phone is called when the owner does not answer")
	}
}

func kinds(p *phone, kind string) int {
	n := 0
	for _, m := range p.all() {
		if m.Kind == kind {
			n++
		}
	}
	return n
}

// TestRightsComeFromIDs is P17: groups by id, names only where the platform
// vouches for them, nobody from outside, and the same word only once.
func TestRightsComeFromIDs(t *testing.T) {
	k, p, _ := withTwo(t)
	k.must(t, "event triggered Q1")
	thread := p.of("INC-1:card")[0].ref
	for name, c := range map[string]struct {
		platform string
		user     chat.User
		may      bool
	}{
		"nobody":                     {"phone", chat.User{ID: "U9", Name: "Ana"}, false},
		"a group by id":              {"phone", chat.User{ID: "U9", Groups: []string{"S0SRE"}}, true},
		"a group that is called so":  {"phone", chat.User{ID: "U9", Groups: []string{"S9"}, Named: []string{"sre"}}, false},
		"a role by its one name":     {"tablet", chat.User{ID: "9", Groups: []string{"77"}, Named: []string{"sre"}}, true},
		"a guest of that group":      {"phone", chat.User{ID: "U9", Groups: []string{"S0SRE"}, Guest: true}, false},
		"a linked account elsewhere": {"phone", ana(), true},
		"a guest with that account":  {"phone", chat.User{ID: "U0ANA", Guest: true}, false},
	} {
		_, err := k.on(c.platform, chat.Interaction{User: c.user, Text: "note " + name, Thread: thread, Incident: "INC-1"})
		if may := err == nil; may != c.may {
			t.Errorf("%s: may is %t (%v), want %t", name, may, err, c.may)
		}
		if err != nil && !fault.HasCode(err, "E1") {
			t.Errorf("%s: %v, want E1", name, err)
		}
	}
}

// TestAThingThatComesTwiceIsDoneOnce: platforms deliver again, also after a
// restart.
func TestAThingThatComesTwiceIsDoneOnce(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1")
	note := chat.Interaction{ID: "Ev1", User: chat.User{ID: "x"}, Text: "open it is slow"}
	for n := range 3 {
		_, err := k.on("phone", note)
		if n == 0 && err != nil {
			t.Fatal(err)
		}
		if n > 0 && !fault.HasCode(err, "E22") {
			t.Errorf("delivery %d: got %v, want E22", n+1, err)
		}
		k.must(t, "restart")
	}
	if got := len(p.of("INC-3:card")); got != 0 || len(p.of("INC-2:card")) != 1 {
		t.Error("a repeated delivery opened another incident")
	}
}

// TestAQuoteIsNoCommand: the words of a message are taken as words.
func TestAQuoteIsNoCommand(t *testing.T) {
	k, p, _ := withTwo(t)
	k.must(t, "event triggered Q1")
	thread := p.of("INC-1:card")[0].ref
	if _, err := k.on("phone", chat.Interaction{User: ana(), Text: "note", Quote: "INC-7 state=resolved \"open", Thread: thread}); err != nil {
		t.Fatal(err)
	}
	if got := texts(p.all()); !strings.Contains(got, `INC-7 state=resolved "open`) {
		t.Errorf("the timeline reads %s", got)
	}
	m, err := k.on("phone", chat.Interaction{User: ana(), Text: "update", Quote: "paying fails for some", Thread: thread})
	if err != nil || m.Form == nil {
		t.Fatalf("got %+v, %v, want the form", m, err)
	}
	if got := m.Form.Fields[1].Value; got != "paying fails for some" {
		t.Errorf("what users see is %q", got)
	}
}

// TestAPlatformThatIsAwayIsSaid is E20: once, on the others, and as a banner.
func TestAPlatformThatIsAwayIsSaid(t *testing.T) {
	k, p, tab := withTwo(t)
	k.must(t, "event triggered Q1")
	p.mu.Lock()
	p.health = chat.Health{State: "off", Since: time.Now().Add(-time.Minute)}
	p.mu.Unlock()
	for range 3 {
		k.app.desk().Watch(t.Context())
		k.must(t, "clock +1s")
	}
	if got := strings.Count(texts(tab.all()), "phone does not answer since"); got != 1 {
		t.Errorf("it is said %d times, want once: %s", got, texts(tab.all()))
	}
	if got := k.app.desk().Troubles(t.Context()); len(got) != 1 || !strings.HasSuffix(got[0], "(E20)") {
		t.Errorf("the banner reads %q", got)
	}
	if ok, parts := k.app.ready(t.Context()); !ok || parts["phone"] != "off" || parts["tablet"] != "ok" {
		t.Errorf("ready %t, %v: want ready, with the phone off", ok, parts)
	}
}

// TestANewPlatformGetsTheOpenIncidents: what was opened before it was configured
// gets its card there.
func TestANewPlatformGetsTheOpenIncidents(t *testing.T) {
	k := withPlaces(t)
	k.must(t, "event triggered Q1", "press ana I'm_on_it")
	p := &phone{name: "phone", health: chat.Health{State: "ok"}}
	k.places = []chat.Platform{p}
	k.must(t, "restart", "say ana note hello there")
	if len(p.of("INC-1:card")) != 1 || !strings.Contains(texts(p.all()), "hello there") {
		t.Errorf("the new platform shows %s", texts(p.all()))
	}
}
