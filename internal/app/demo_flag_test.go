package app

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// TestFifthStepOfTheGuide turns on a bad flag in the pretend shop, flips it back
// through flag-off, sees the shop recover and takes the flip back.
func TestFifthStepOfTheGuide(t *testing.T) {
	d := startDemo(t, DemoOptions{Listen: "127.0.0.1:0", Speed: 1, Log: &bytes.Buffer{}})
	ctx := context.Background()
	if err := d.act(ctx, "flag"); err != nil {
		t.Fatal(err)
	}
	inc := func() *incident.Incident {
		i, err := d.App.store.Incident(ctx, 1)
		if err != nil {
			return &incident.Incident{}
		}
		return i
	}
	until(t, "the incident is open", func() bool { return inc().Number == 1 })
	do := func(in chat.Interaction) {
		t.Helper()
		in.Platform, in.User, in.Incident = "web", chat.User{ID: "ana", Name: "Ana", Role: "responder"}, "INC-1"
		if _, err := d.App.handler.Handle(ctx, in); err != nil {
			t.Fatalf("%+v: %v", in, err)
		}
	}
	press := func(verb, label string) {
		t.Helper()
		id := ""
		k := &talk{app: d.App}
		until(t, "there is a button "+verb+" "+label, func() bool {
			for _, m := range k.posted("operations", "INC-1") {
				for _, b := range m.Buttons {
					if b.Verb == verb && strings.HasPrefix(b.Label, label) {
						id = b.ID
					}
				}
			}
			return id != ""
		})
		do(chat.Interaction{Button: id})
	}
	flagIs := func(on bool) func() bool {
		return func() bool { s, err := d.Flags.State(badFlag, ""); return err == nil && s.On == on }
	}
	do(chat.Interaction{Text: "own"})
	do(chat.Interaction{Text: "run flag-off flag=" + badFlag})
	press("choose", "Off")
	press("start", "")
	until(t, "the flag is off", flagIs(false))
	until(t, "the shop has recovered", func() bool { return inc().State == incident.Monitoring })
	press("undo", "Undo")
	press("start", "Put")
	until(t, "the flag is on again", flagIs(true))
	until(t, "the guide ticks its last step", func() bool {
		steps := d.guide(ctx, DemoOptions{Speed: 1}, "")
		return steps[len(steps)-1].Done
	})
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		if holds() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 20 s it does not hold: %s", what)
		}
	}
}
