package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// clock is a clock that is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func goForm() string { return modalJSON(`"submit":` + plainJSON("Go") + `,`) }

func (r *rig) trigger(user, view string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newTrigger(user, view)
}

func TestTriggersAreGoodOnceAndSoon(t *testing.T) {
	at := &clock{at: time.Now()}
	r := newRig(t, func(o *Options) { o.Now = at.now })
	id := r.trigger(Ana, "")
	if got := r.api("views.open", "trigger_id", id, "view", goForm()); got["ok"] != true {
		t.Fatalf("got %v", got)
	}
	r.clean()
	if got := r.api("views.open", "trigger_id", id, "view", goForm()); got["error"] != "trigger_exchanged" {
		t.Errorf("got %v, want trigger_exchanged", got)
	}
	id = r.trigger(Ana, "")
	at.at = at.at.Add(3100 * time.Millisecond)
	if got := r.api("views.open", "trigger_id", id, "view", goForm()); got["error"] != "expired_trigger_id" {
		t.Errorf("got %v, want expired_trigger_id", got)
	}
	if got := r.Breaches(); len(got) != 2 || !strings.Contains(got[0], "twice") || !strings.Contains(got[1], "after 3.1s") {
		t.Errorf("got %q, want two breaches", got)
	}
}

func TestStackHashAndUpdate(t *testing.T) {
	r := newRig(t)
	first, _ := r.api("views.open", "trigger_id", r.trigger(Ana, ""), "view", goForm())["view"].(object)
	id, hash := str(first, "id"), str(first, "hash")
	for range 2 {
		if got := r.api("views.push", "trigger_id", r.trigger(Ana, id), "view", goForm()); got["ok"] != true {
			t.Fatalf("got %v", got)
		}
	}
	if got := r.api("views.push", "trigger_id", r.trigger(Ana, id), "view", goForm()); got["error"] != "push_limit_reached" {
		t.Errorf("got %v, want push_limit_reached", got)
	}
	if got := r.api("views.update", "view_id", id, "hash", hash, "view", goForm()); got["ok"] != true {
		t.Errorf("got %v", got)
	}
	if got := r.api("views.update", "view_id", id, "hash", hash, "view", goForm()); got["error"] != "hash_conflict" {
		t.Errorf("got %v, want hash_conflict", got)
	}
	for range 3 {
		if err := r.CloseView(t.Context(), Ana); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.api("views.update", "view_id", id, "view", goForm()); got["error"] != "not_found" {
		t.Errorf("got %v, want not_found", got)
	}
}

func TestAwaitSeesTheFormThatFollows(t *testing.T) {
	r := newRig(t)
	r.listen(func(e socketmode.Event) (any, bool) {
		c := e.Data.(slack.SlashCommand)
		v, err := r.client.OpenView(c.TriggerID, form("Loading"))
		if err != nil {
			t.Error(err)
			return nil, true
		}
		follow := time.AfterFunc(50*time.Millisecond, func() { _, _ = r.client.UpdateView(form("Ready"), "", v.Hash, v.ID) })
		t.Cleanup(func() { follow.Stop() })
		return nil, true
	})
	seen, err := r.Command(t.Context(), Ana, Operations, "open")
	if err != nil || seen.View == nil || seen.View.Title != "Loading" {
		t.Fatalf("got %+v and %v", seen, err)
	}
	if seen, err = r.Await(t.Context(), seen); err != nil || seen.View.Title != "Ready" {
		t.Errorf("got %+v and %v", seen.View, err)
	}
	r.clean()
}
