package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/browsertest"
	"mayday/internal/incident"
)

// stage is a room with a card, a question and a step, as a browser sees it.
func stage(t *testing.T) (*world, *Server, string) {
	t.Helper()
	w := newWorld()
	w.add(checkout(42))
	w.tell(42, start, "Ana", "Ana took it.", &incident.Owned{})
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Tone: chat.ToneSEV2, Lines: []chat.Line{chat.L(chat.Strong("◆ SEV2 checkout: errors 12%"), " · INC-42")},
		Buttons: []chat.Button{{ID: "b1", Label: "I'm on it", Verb: "own", Style: chat.Primary}, {ID: "b2", Label: "Write update", Verb: "update"}, {ID: "b3", Label: "Run playbook", Verb: "run"}},
		More:    []chat.Button{{ID: "b4", Label: "Change SEV", Verb: "severity"}, {ID: "b5", Label: "Not an incident", Verb: "not_incident"}}}, start)
	w.post(question("3 sessions hold others up"), start)
	w.on("b2", func(chat.Interaction) (chat.Message, error) {
		m := reply("INC-42", "This goes to #status.")
		m.Form = &chat.Form{Title: "Status update", Submit: "f1", Label: "Post update", Fields: []chat.Field{{Name: "impact", Label: "What users see", Type: chat.FieldArea, Required: true}}}
		return m, nil
	})
	w.on("f1", func(in chat.Interaction) (chat.Message, error) {
		return reply("INC-42", fmt.Sprint("Posted: ", in.Input["impact"])), nil
	})
	o := w.demo()
	o.Demo.Guide = func(context.Context) []GuideStep {
		return []GuideStep{{Title: "Fire the webhook", Say: "Words.", Code: "curl http://127.0.0.1:7373/hooks/pagerduty", Actions: []Action{{Label: "Send it", Name: "fire"}}}}
	}
	s, srv := newServer(t, o)
	return w, s, srv.URL
}

func question(words string) chat.Message {
	return chat.Message{Key: "INC-42:ask:r:1", Kind: "step", Room: "operations", Thread: "INC-42", Incident: "INC-42", Step: "r:1", Tone: chat.ToneAsk, Lines: []chat.Line{chat.L("blockers: ", words)},
		Buttons: []chat.Button{{ID: "p", Label: "Use what I picked", Verb: "pick", Step: "r:1", Style: chat.Primary}, {ID: "n", Label: "None of them", Verb: "none", Step: "r:1"}},
		Form: &chat.Form{Title: "Pick", Submit: "p", Label: "Use what I picked", Fields: []chat.Field{{Name: "pick", Label: "Pick", Type: chat.FieldMany,
			Options: []chat.Choice{{Value: "4412", Label: "pid 4412"}, {Value: "4419", Label: "pid 4419"}}}}}}
}

func TestAPageFollowsAndKeepsWhatIsTyped(t *testing.T) {
	w, s, url := stage(t)
	b := browsertest.New(t)
	b.Navigate(url + "/?k=demo-key")
	b.WaitText("checkout: errors 12%")
	b.Navigate(url + "/i/42")
	b.WaitText("3 sessions hold others up")
	b.Eval("window.stayed = true", nil)
	b.Fill("Note", "half a sentence")
	b.Eval(`document.querySelector('input[value="4412"]').click()`, nil)
	w.tell(42, start, "Li", "Li looks at the pool.", &incident.Noted{})
	w.post(question("2 sessions hold others up"), start.Add(time.Second))
	w.change(42, func(i *incident.Incident) { i.Owner = "Li" })
	s.Notify()
	b.WaitText("Li looks at the pool.")
	b.WaitText("Owner Li")
	var typed, owner string
	var chosen, stayed bool
	b.Eval(`document.querySelector('#note').value`, &typed)
	b.Eval(`document.querySelector('input[value="4412"]').checked`, &chosen)
	b.Eval(`document.querySelector('.facts').innerText`, &owner)
	b.Eval("window.stayed === true", &stayed)
	if typed != "half a sentence" || !chosen || !stayed || !strings.Contains(owner, "Li") || strings.Contains(b.Text(), "2 sessions") {
		t.Errorf("typed %q, chosen %t, stayed %t, facts %q", typed, chosen, stayed, owner)
	}
	b.Eval(`document.querySelector('input[value="4412"]').click()`, nil) // nothing is half done any more
	s.Notify()
	w.tell(42, start, "Li", "One more.", &incident.Noted{})
	s.Notify()
	b.WaitText("2 sessions hold others up")
	if p := b.Problems(); len(p) > 0 {
		t.Errorf("problems: %q", p)
	}
}

func TestKeysOpenFormsAndChangeNothing(t *testing.T) {
	w, _, url := stage(t)
	b := browsertest.New(t)
	b.Navigate(url + "/?k=demo-key")
	b.Navigate(url + "/i/42")
	b.WaitText("What changed")
	b.Press("o")
	var label string
	b.Eval("document.activeElement.innerText", &label)
	if label != "I'm on it" || len(w.heard()) > 0 {
		t.Errorf("o went to %q and pressed %d times", label, len(w.heard()))
	}
	b.Press("?")
	b.WaitText("A single key never changes anything")
	b.Press("\u001b")
	b.WaitGone("A single key never changes anything")
	b.Press("u")
	b.WaitText("This goes to #status.")
	b.Fill("What users see", "")
	b.Press("some pay, some do not? u o") // in a field, keys are words
	b.Click("Post update")
	b.WaitText("Posted: some pay, some do not? u o")
	b.Press("gn")
	b.WaitText("what readers were told")
	if p := b.Problems(); len(p) > 0 {
		t.Errorf("problems: %q", p)
	}
}

func TestTheWarRoomOnAPhone(t *testing.T) {
	_, _, url := stage(t)
	b := browsertest.New(t)
	b.Viewport(390, 844, true)
	b.Navigate(url + "/?k=demo-key")
	const small = `[...document.querySelectorAll('a.btn, button, summary, input:not([type=hidden]), .top a, .tabs a, .filter a')]
		.filter((e) => e.checkVisibility() && !e.matches('.vh, [type=checkbox], [type=radio]') && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 120))`
	for _, path := range []string{"/", "/i/42", "/i/42?tab=timeline", "/i/42?tab=changed", "/incidents", "/help"} {
		for _, scheme := range []browsertest.Scheme{browsertest.Light, browsertest.Dark} {
			b.ColorScheme(scheme)
			b.Navigate(url + path)
			if n := b.SidewaysScroll(); n > 0 {
				t.Errorf("%s is %d px too wide", path, n)
			}
			var tiny []string
			b.Eval(small, &tiny)
			if len(tiny) > 0 {
				t.Errorf("%s has targets below 44 px: %q", path, tiny)
			}
		}
	}
	b.Navigate(url + "/i/42")
	b.Click("Timeline")
	b.WaitText("Ana took it.")
	b.Click("Changed")
	b.WaitText("No change feed yet.")
	b.Click("More")
	b.WaitText("Not an incident")
	if p := b.Problems(); len(p) > 0 {
		t.Errorf("problems: %q", p)
	}
}

func TestTheWarRoomWithoutScript(t *testing.T) {
	w, _, url := stage(t)
	b := browsertest.New(t)
	b.Script(false)
	b.Navigate(url + "/?k=demo-key")
	b.Click("Open INC-42")
	b.WaitText("What changed")
	b.Click("Write update")
	b.WaitText("This goes to #status.")
	b.Fill("What users see", "some payments fail")
	b.Click("Post update")
	b.WaitText("Posted: some payments fail")
	b.Click("Li")
	b.WaitGone("Posted: some payments fail") // an answer to Ana is not for Li
	b.Fill("Note", "from Li")
	b.Click("Note")
	b.WaitText("You said: note from Li")
	if last := w.heard()[len(w.heard())-1]; last.User.Name != "Li" || last.Incident != "INC-42" {
		t.Errorf("the note is from %+v", last)
	}
}

func TestTheThemeStays(t *testing.T) {
	_, _, url := stage(t)
	b := browsertest.New(t)
	b.ColorScheme(browsertest.Light)
	b.Navigate(url + "/?k=demo-key")
	colour := func() (c string) {
		b.Eval("getComputedStyle(document.body).backgroundColor", &c)
		return c
	}
	if c := colour(); c != "rgb(255, 255, 255)" {
		t.Errorf("light is %s", c)
	}
	b.Click("◐")
	b.Navigate(url + "/help")
	if c := colour(); c != "rgb(15, 19, 24)" {
		t.Errorf("dark, on the next page, is %s", c)
	}
}
