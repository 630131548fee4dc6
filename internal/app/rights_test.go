package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/practice"
)

// rewrite changes the configuration on the disk.
func (k *talk) rewrite(t *testing.T, pairs ...string) {
	t.Helper()
	path := filepath.Join(k.dir, "mayday.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for n := 0; n < len(pairs); n += 2 {
		if !strings.Contains(text, pairs[n]) {
			t.Fatalf("the configuration has no %q:\n%s", pairs[n], text)
		}
		text = strings.ReplaceAll(text, pairs[n], pairs[n+1])
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// taken takes in what somebody types or presses in the war room, and carries out
// nothing yet.
func (k *talk) taken(user chat.User, text, label string, input map[string]any) error {
	in := chat.Interaction{Platform: "web", User: user, At: k.time(), Text: text, Input: input}
	if label != "" {
		id, err := k.find(label)
		if err != nil {
			return err
		}
		in.Button, in.Text = id, ""
	}
	_, err := k.app.handler.Handle(context.Background(), in)
	return err
}

const tokensOfTwo = `web: {listen: 127.0.0.1:0, tokens: [{name: tom, role: responder, token: 'file:DIR/tom'}, {name: kim, role: approver, token: 'file:DIR/kim'}]}`

// TestARightThatTheConfigurationTookAway: a press was taken, Mayday stopped before
// it acted, and the configuration that it starts with gives less. Both for people
// who are listed and for those whose token gives them their role.
func TestARightThatTheConfigurationTookAway(t *testing.T) {
	const one, two = "say ana run flip flag=checkout-v2", "say ana run flip flag=new-cart"
	phrase := map[string]any{"phrase": "new-cart"}
	tom, kim := chat.User{ID: "tom", Name: "tom", Role: "responder"}, chat.User{ID: "kim", Name: "kim", Role: "approver"}
	for name, c := range map[string]struct {
		run, label string
		user       chat.User
		input      map[string]any
		change     []string
		applied    int
		says       string
	}{
		"the presser stays":             {one, "Turn off checkout-v2", chat.User{ID: "li", Name: "li"}, nil, nil, 1, "✓ Turn off checkout-v2"},
		"the presser is listed no more": {one, "Turn off checkout-v2", chat.User{ID: "li", Name: "li"}, nil, []string{"responder: [web:ana, web:li", "responder: [web:ana"}, 0, "Li started it and is viewer now; it needs responder. (E1)"},
		"the approver stays":            {two, "Approve and run", chat.User{ID: "sam", Name: "sam"}, phrase, nil, 1, "✓ Turn off new-cart"},
		"the approver became responder": {two, "Approve and run", chat.User{ID: "sam", Name: "sam"}, phrase, []string{"approver: [web:sam, ", "approver: [", "responder: [web:ana", "responder: [web:sam, web:ana"}, 0, "Sam started it and is responder now; it needs approver. (E1)"},
		"the presser's token stays":     {one, "Turn off checkout-v2", tom, nil, nil, 1, "✓ Turn off checkout-v2"},
		"the presser's token is less":   {one, "Turn off checkout-v2", tom, nil, []string{"role: responder", "role: viewer"}, 0, "tom started it and is viewer now; it needs responder. (E1)"},
		"the presser's token is gone":   {one, "Turn off checkout-v2", tom, nil, []string{"name: tom", "name: thomas"}, 0, "tom started it and is viewer now; it needs responder. (E1)"},
		"the approver's token stays":    {two, "Approve and run", kim, phrase, nil, 1, "✓ Turn off new-cart"},
		"the approver's token is less":  {two, "Approve and run", kim, phrase, []string{"role: approver", "role: responder"}, 0, "kim started it and is responder now; it needs approver. (E1)"},
	} {
		t.Run(name, func(t *testing.T) {
			k, _, flags := withFlags(t)
			k.grantTokens(t)
			k.must(t, c.run)
			if err := k.taken(c.user, "", c.label, c.input); err != nil {
				t.Fatalf("the press: %v", err)
			}
			k.rewrite(t, c.change...)
			k.must(t, "restart", "clock +1s")
			if got := flags.Applied(); got != c.applied {
				t.Errorf("%d changes reached the target, want %d", got, c.applied)
			}
			if got := k.lines(t); !strings.Contains(got, c.says) {
				t.Errorf("%q is not said in:\n%s", c.says, got)
			}
			k.must(t, "restart", "clock +1m")
			if got := flags.Applied(); got != c.applied {
				t.Errorf("after another restart %d changes reached the target, want %d", got, c.applied)
			}
		})
	}
}

// grantTokens gives two people their role by token alone.
func (k *talk) grantTokens(t *testing.T) {
	t.Helper()
	for _, name := range []string{"tom", "kim"} {
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte("token-of-"+name+"-0123456789-0123456789\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k.rewrite(t, "web: {url: https://mayday.example.com}", strings.ReplaceAll(tokensOfTwo, "DIR", k.dir))
	k.must(t, "restart")
}

// TestAFreezeClosesEveryDoor puts previews of all kinds before people, freezes,
// and tries each way in which an act can begin, before and after a restart. A no
// is always possible.
func TestAFreezeClosesEveryDoor(t *testing.T) {
	k, _, flags := withFlags(t)
	k.must(t, "say ana run flip flag=theme", "press ana Turn_off_theme", // done, and can be taken back
		"say ana run flip flag=new-cart", "say ana open search is slow", "say ana run INC-2 flip flag=checkout-v2")
	before := flags.Applied()
	if before != 1 {
		t.Fatalf("%d changes were made before the freeze, want 1", before)
	}
	ana, li, sam, zoe := chat.User{ID: "ana", Name: "ana"}, chat.User{ID: "li", Name: "li"}, chat.User{ID: "sam", Name: "sam"}, chat.User{ID: "zoe", Name: "zoe"}
	if err := k.taken(zoe, "freeze on for fun", "", nil); !fault.HasCode(err, "E1") {
		t.Errorf("a viewer freezes: %v, want E1", err)
	}
	if err := k.taken(li, "freeze on data centre move", "", nil); err != nil {
		t.Fatalf("a responder freezes: %v", err)
	}
	undo := k.starting(t, "Undo: ")
	for _, when := range []string{"at once", "after a restart"} {
		for name, c := range map[string]struct {
			user  chat.User
			text  string
			label string
			input map[string]any
		}{
			"start":       {ana, "", "Turn off checkout-v2", nil},
			"approve":     {sam, "", "Approve and run", map[string]any{"phrase": "new-cart"}},
			"its form":    {sam, "", "Approve and run", nil},
			"glass":       {ana, "", "Break glass…", map[string]any{"phrase": "new-cart", "reason": "nobody answers"}},
			"undo button": {ana, "", undo, nil},
			"undo":        {ana, "undo INC-1 launchdarkly.off", "", nil},
			"undo which":  {ana, "undo INC-1", "", nil},
			"run":         {ana, "run INC-2 flip flag=theme", "", nil},
		} {
			err := k.taken(c.user, c.text, c.label, c.input)
			if !fault.HasCode(err, "E21") || !strings.Contains(fault.Of(err).Message, "data centre move") || !strings.Contains(fault.Of(err).Message, "by Li") {
				t.Errorf("%s, %s: %v, want E21 with who and why", name, when, err)
			}
		}
		if err := k.taken(li, "freeze off", "", nil); !fault.HasCode(err, "E1") {
			t.Errorf("%s a responder lifts it: %v, want E1", when, err)
		}
		k.must(t, "clock +1s")
		if n := flags.Applied(); n != before {
			t.Errorf("%s %d changes were made in the freeze", when, n-before)
		}
		k.must(t, "restart")
	}
	if err := k.taken(sam, "", "Decline", nil); err != nil {
		t.Errorf("nobody can decline in a freeze: %v", err)
	}
	if err := k.taken(chat.User{ID: "cleo", Name: "cleo"}, "freeze off", "", nil); err != nil {
		t.Fatalf("a commander lifts it: %v", err)
	}
	if err := k.taken(ana, "", "Turn off checkout-v2", nil); err != nil {
		t.Errorf("after the freeze: %v", err)
	}
	k.must(t, "clock +1s")
	if n := flags.Applied(); n != before+1 {
		t.Errorf("after the freeze %d changes were made, want one", n-before)
	}
}

// starting is the label of the newest button that begins with these words.
func (k *talk) starting(t *testing.T, head string) (label string) {
	t.Helper()
	for _, m := range k.messages() {
		for _, b := range m.Buttons {
			if strings.HasPrefix(b.Label, head) {
				label = b.Label
			}
		}
	}
	if label == "" {
		t.Fatalf("no button begins with %q", head)
	}
	return label
}

// TestAFreezeStopsWhatWasPressed: an approval and an undo that were pressed before
// the freeze and had not begun are refused, and stay undone when it is lifted.
func TestAFreezeStopsWhatWasPressed(t *testing.T) {
	for name, c := range map[string]struct {
		before []string
		user   string
		label  string
		input  map[string]any
		says   string
	}{
		"an approval": {[]string{"say ana run flip flag=new-cart"}, "sam", "Approve and run", map[string]any{"phrase": "new-cart"}, "Turn off new-cart"},
		"an undo":     {[]string{"say ana run flip flag=checkout-v2", "press ana Turn_off_checkout-v2", "say ana undo launchdarkly.off"}, "ana", "Put checkout-v2 back", nil, "Put checkout-v2 back"},
	} {
		t.Run(name, func(t *testing.T) {
			k, _, flags := withFlags(t)
			k.must(t, c.before...)
			was, stands := flags.Applied(), flagNow(t, flags)
			if err := k.taken(chat.User{ID: c.user, Name: c.user}, "", k.starting(t, c.label), c.input); err != nil {
				t.Fatalf("the press: %v", err)
			}
			if err := k.taken(chat.User{ID: "li", Name: "li"}, "freeze on data centre move", "", nil); err != nil {
				t.Fatal(err)
			}
			k.must(t, "restart", "clock +1s")
			got := k.lines(t)
			if !strings.Contains(got, "– "+c.says) || !strings.Contains(got, "refused. Nothing was done.") || !strings.Contains(got, "(E21)") {
				t.Errorf("the step does not say that it was refused:\n%s", got)
			}
			k.must(t, "say cleo freeze off", "clock +1m")
			if flags.Applied() != was || flagNow(t, flags) != stands {
				t.Errorf("%d changes were made", flags.Applied()-was)
			}
		})
	}
}

func flagNow(t *testing.T, flags *practice.LaunchDarkly) bool {
	t.Helper()
	s, err := flags.State("checkout-v2", "")
	if err != nil {
		t.Fatal(err)
	}
	return s.On
}
