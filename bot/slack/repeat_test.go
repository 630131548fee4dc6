package slack

import (
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	practice "mayday/internal/practice/slack"
)

func TestADoubtfulMessage(t *testing.T) {
	for name, c := range map[string]struct {
		extra  string
		scopes bool
		fault  practice.FaultKind
		want   []string
	}{
		"that arrived, without history":            {"", false, practice.LoseReply, []string{"x", "x (may repeat)"}},
		"that did not, without history":            {"", false, practice.Drop, []string{"x (may repeat)"}},
		"that arrived, with history":               {"    history: true\n", true, practice.LoseReply, []string{"x"}},
		"that did not, with history":               {"    history: true\n", true, practice.Drop, []string{"x"}},
		"that arrived, with history and no scope":  {"    history: true\n", false, practice.LoseReply, []string{"x", "x (may repeat)"}},
		"that arrived, and Slack took it half-way": {"    history: true\n", true, practice.Malformed, []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t, options{extra: c.extra})
			if c.scopes {
				w.s.AddScope("channels:history")
			}
			root := w.open("INC-42:card")
			w.s.Play(practice.Fault{Kind: c.fault, Method: "chat.postMessage", Count: 1})
			m := note("INC-42:line:1", "x")
			began := w.clock.now()
			if _, err := w.post(root, m); failure(t, err).Kind != chat.Uncertain {
				t.Fatal(err)
			}
			m.Tried = began
			ref := w.mustPost(root, m)
			got := w.thread(root)[1:]
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("the thread reads %q, want %q", got, c.want)
			}
			if _, ok := w.s.Message(practice.Operations, ts(ref)); !ok {
				t.Errorf("nothing stands at %s", ref)
			}
			w.noBreach()
		})
	}
}

func TestADoubtfulCardAndUpdate(t *testing.T) {
	w := run(t, options{extra: "    history: true\n"})
	w.s.AddScope("channels:history")
	w.s.Play(practice.Fault{Kind: practice.LoseReply, Method: "chat.postMessage", Count: 1})
	m := card("INC-42:card")
	request := chat.OpenRequest{Room: "operations", Incident: "INC-42", Title: "x", Message: m}
	if _, err := w.p.OpenThread(t.Context(), request); failure(t, err).Kind != chat.Uncertain {
		t.Fatal(err)
	}
	request.Message.Tried = w.clock.now()
	ref, err := w.p.OpenThread(t.Context(), request)
	if all := w.s.Messages(practice.Operations); err != nil || len(all) != 1 || all[0].TS != ts(ref) {
		t.Errorf("stands at %s, %v: %+v", ref, err, all)
	}
}

// TestARepeatWaitsForSlack: while Slack does not answer nothing is sent in doubt
// again.
func TestARepeatWaitsForSlack(t *testing.T) {
	w := run(t, options{before: func(p *platform) { p.api.within = 200 * time.Millisecond }})
	root := w.open("INC-42:card")
	w.s.Play(practice.Fault{Kind: practice.Hang, Method: "auth.test"})
	m := note("INC-42:line:1", "x")
	m.Tried = w.clock.now()
	before := w.calls("chat.postMessage")
	if _, err := w.post(root, m); failure(t, err).Kind != chat.Down {
		t.Errorf("got %v", err)
	}
	if n := w.calls("chat.postMessage") - before; n != 0 {
		t.Errorf("it was sent %d times", n)
	}
	w.s.Mend()
	w.mustPost(root, m)
}
