package discord

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// shapes are the property names that the vendor's description requires.
func shapes(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Shapes map[string][]string `json:"shapes"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	return in.Shapes
}

// within follows a path of keys and numbers; "" is the answer itself.
func within(t *testing.T, raw, path string) object {
	t.Helper()
	var at any
	if err := json.Unmarshal([]byte(raw), &at); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	for part := range strings.FieldsSeq(strings.ReplaceAll(path, ".", " ")) {
		switch now := at.(type) {
		case object:
			at = now[part]
		case []any:
			if len(now) == 0 {
				t.Fatalf("an empty list at %s of %s", part, raw)
			}
			at = now[0]
		}
	}
	out, ok := at.(object)
	if !ok {
		t.Fatalf("no object at %q of %s", path, raw)
	}
	return out
}

func TestAnswersHaveTheVendorsShapes(t *testing.T) {
	r := newRig(t)
	r.commands()
	known := shapes(t)
	if err := r.Deny(Status, SendMessages); err != nil {
		t.Fatal(err)
	}
	card := r.post(Operations, pressable).id()
	at := "/channels/" + Operations
	app := "/applications/" + Application + "/guilds/" + Guild
	typed := func() (*interaction, error) {
		return r.typed(kindCommand, Ana, Operations, "mayday status", nil, "")
	}
	path := r.taken(typed)
	_, hook, _ := strings.Cut(path, "/")
	hook = "/webhooks/" + Application + "/" + hook
	edit := `{"content":"x"` + quiet
	calls := []struct {
		method, path, body string
		status             int
		parts              map[string]string // path in the answer -> shape
	}{
		{"GET", "/gateway", "", 200, map[string]string{"": "gateway"}},
		{"GET", "/gateway/bot", "", 200, map[string]string{"": "gateway_bot", "session_start_limit": "session_start_limit"}},
		{"GET", "/users/@me", "", 200, map[string]string{"": "me"}},
		{"GET", "/users/@me/guilds", "", 200, map[string]string{"0": "my_guild"}},
		{"GET", "/applications/@me", "", 200, map[string]string{"": "application", "owner": "user"}},
		{"GET", "/oauth2/applications/@me", "", 200, map[string]string{"": "application"}},
		{"GET", "/guilds/" + Guild + "?with_counts=true", "", 200, map[string]string{"": "guild", "roles.0": "role"}},
		{"GET", "/guilds/" + Guild + "/channels", "", 200, map[string]string{"0": "channel"}},
		{"GET", "/guilds/" + Guild + "/roles", "", 200, map[string]string{"0": "role"}},
		{"GET", "/guilds/" + Guild + "/members/" + Ana, "", 200, map[string]string{"": "member", "user": "user"}},
		{"GET", "/channels/" + Status, "", 200, map[string]string{"": "channel", "permission_overwrites.0": "overwrite"}},
		{"POST", at + "/messages", pressable, 200, map[string]string{"": "message", "author": "user", "components.0": "row", "components.0.components.0": "button"}},
		{"PATCH", at + "/messages/" + card, edit, 200, map[string]string{"": "message"}},
		{"GET", at + "/messages/" + card, "", 200, map[string]string{"": "message"}},
		{"GET", at + "/messages?limit=2", "", 200, map[string]string{"0": "message"}},
		{"POST", at + "/messages/" + card + "/threads", `{"name":"t"}`, 201, map[string]string{"": "thread", "thread_metadata": "thread_metadata"}},
		{"POST", at + "/threads", `{"name":"t","type":11}`, 201, map[string]string{"": "thread"}},
		{"GET", "/channels/" + card, "", 200, map[string]string{"": "thread"}},
		{"PATCH", "/channels/" + card, `{"archived":false}`, 200, map[string]string{"": "thread"}},
		{"GET", "/guilds/" + Guild + "/threads/active", "", 200, map[string]string{"": "threads", "threads.0": "thread"}},
		{"GET", at + "/threads/archived/public", "", 200, map[string]string{"": "threads"}},
		{"PUT", at + "/messages/pins/" + card, "", 204, nil},
		{"GET", at + "/messages/pins", "", 200, map[string]string{"": "pins", "items.0": "pin", "items.0.message": "message"}},
		{"GET", at + "/pins", "", 200, map[string]string{"0": "message"}},
		{"POST", at + "/typing", "", 204, nil},
		{"PUT", "/channels/" + card + "/thread-members/@me", "", 204, nil},
		{"GET", app + "/commands", "", 200, map[string]string{"0": "command"}},
		{"PUT", app + "/commands", someCommands, 200, map[string]string{"0": "command"}},
		{"POST", "/interactions/" + path + "/callback?with_response=true", `{"type":5}`, 200, map[string]string{"": "callback", "resource.message": "message"}},
		{"POST", hook + "?wait=true", edit, 200, map[string]string{"": "message"}},
		{"PATCH", hook + "/messages/@original", edit, 200, map[string]string{"": "message"}},
		{"GET", hook + "/messages/@original", "", 200, map[string]string{"": "message"}},
		{"DELETE", hook + "/messages/@original", "", 204, nil},
		{"DELETE", at + "/messages/pins/" + card, "", 204, nil},
		{"DELETE", at + "/messages/" + card, "", 204, nil},
	}
	for _, c := range calls {
		t.Run(c.method+" "+strings.ReplaceAll(c.path, "/", "|"), func(t *testing.T) {
			a := r.do(c.method, c.path, c.body)
			if a.status != c.status {
				t.Fatalf("got %d %s, want %d", a.status, a.raw, c.status)
			}
			for place, shape := range c.parts {
				got := within(t, a.raw, place)
				if len(known[shape]) == 0 {
					t.Fatalf("the shape %q is not known", shape)
				}
				for _, name := range known[shape] {
					if _, ok := got[name]; !ok {
						t.Errorf("%s at %q lacks %q: %v", shape, place, name, got)
					}
				}
			}
		})
	}
}
