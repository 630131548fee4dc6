package slack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func text(n int) string { return strings.Repeat("x", n) }

func many(n int, one func(int) string) string {
	var all []string
	for k := range n {
		all = append(all, one(k))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func sectionJSON(n int) string {
	return `{"type":"section","text":{"type":"mrkdwn","text":"` + text(n) + `"}}`
}

func actions(elements string) string { return `[{"type":"actions","elements":` + elements + `}]` }

func buttonJSON(id, label, value string) string {
	return fmt.Sprintf(`{"type":"button","action_id":%q,"value":%q,"text":{"type":"plain_text","text":%q}}`, id, value, label)
}

func menuJSON(kind string, n int) string {
	return fmt.Sprintf(`[{"type":%q,"action_id":"m","options":%s}]`, kind, many(n, func(k int) string {
		return fmt.Sprintf(`{"text":{"type":"plain_text","text":"o%d"},"value":"%d"}`, k, k)
	}))
}

func TestBlocksAreAsStrictAsTheVendors(t *testing.T) {
	numbered := func(k int) string { return buttonJSON(fmt.Sprint("a", k), "x", "v") }
	for name, c := range map[string]struct{ blocks, want string }{
		"fine":                     {many(1, func(int) string { return sectionJSON(3000) }), ""},
		"50 blocks":                {many(50, func(int) string { return sectionJSON(1) }), ""},
		"51 blocks":                {many(51, func(int) string { return sectionJSON(1) }), "invalid_blocks"},
		"section of 3001":          {"[" + sectionJSON(3001) + "]", "invalid_blocks"},
		"empty section":            {`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "invalid_blocks"},
		"header of 151":            {`[{"type":"header","text":{"type":"plain_text","text":"` + text(151) + `"}}]`, "invalid_blocks"},
		"header with markup":       {`[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "invalid_blocks"},
		"sum of 13200":             {many(6, func(int) string { return sectionJSON(2200) }), ""},
		"sum of 13206":             {many(6, func(int) string { return sectionJSON(2201) }), "msg_blocks_too_long"},
		"25 buttons":               {actions(many(25, numbered)), ""},
		"26 buttons":               {actions(many(26, numbered)), "invalid_blocks"},
		"label of 76":              {actions("[" + buttonJSON("a", text(76), "v") + "]"), "invalid_blocks"},
		"value of 2001":            {actions("[" + buttonJSON("a", "x", text(2001)) + "]"), "invalid_blocks"},
		"action_id of 256":         {actions("[" + buttonJSON(text(256), "x", "v") + "]"), "invalid_blocks"},
		"action_id twice":          {actions("[" + buttonJSON("a", "x", "v") + "," + buttonJSON("a", "y", "w") + "]"), "invalid_blocks"},
		"block_id twice":           {`[{"type":"divider","block_id":"b"},{"type":"divider","block_id":"b"}]`, "invalid_blocks"},
		"block_id of 256":          {`[{"type":"divider","block_id":"` + text(256) + `"}]`, "invalid_blocks"},
		"100 options":              {actions(menuJSON("static_select", 100)), ""},
		"101 options":              {actions(menuJSON("static_select", 101)), "invalid_blocks"},
		"overflow of 5":            {actions(menuJSON("overflow", 5)), ""},
		"overflow of 6":            {actions(menuJSON("overflow", 6)), "invalid_blocks"},
		"style of no sort":         {actions(`[{"type":"button","style":"green","text":{"type":"plain_text","text":"x"}}]`), "invalid_blocks"},
		"block of no sort":         {`[{"type":"banner"}]`, "invalid_blocks"},
		"text input in a message":  {actions(`[{"type":"plain_text_input"}]`), "invalid_blocks"},
		"no blocks but an object":  {`{"type":"divider"}`, "invalid_blocks_format"},
		"11 fields":                {`[{"type":"section","fields":` + many(11, func(int) string { return `{"type":"mrkdwn","text":"x"}` }) + `}]`, "invalid_blocks"},
		"context without elements": {`[{"type":"context","elements":[]}]`, "invalid_blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			got := r.api("chat.postMessage", "channel", Operations, "text", "x", "blocks", c.blocks)
			if str(got, "error") != c.want {
				t.Errorf("got %v, want %q", got, c.want)
			}
			if c.want == "invalid_blocks" {
				messages, _ := got["response_metadata"].(object)["messages"].([]any)
				if len(messages) == 0 || !strings.Contains(fmt.Sprint(messages[0]), "[json-pointer:/blocks") {
					t.Errorf("got the messages %v, want where it is wrong", messages)
				}
			}
			if n := len(r.Messages(Operations)); (n == 1) != (c.want == "") {
				t.Errorf("got %d messages", n)
			}
		})
	}
}

func TestCallsAreRefusedByTheVendorsNames(t *testing.T) {
	r := newRig(t)
	_, root, err := r.client.PostMessage(Operations, slack.MsgOptionText("root", false))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := r.Say(Ana, Operations, "", "mine")
	if err != nil {
		t.Fatal(err)
	}
	reply := str(r.api("chat.postMessage", "channel", Operations, "thread_ts", root, "text", "reply"), "ts")
	own := str(r.api("chat.postEphemeral", "channel", Operations, "user", Ana, "text", "psst"), "message_ts")
	r.AddChannel("C0OLD", "old")
	for _, err := range []error{r.Join("C0OLD"), r.Archive("C0OLD")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		want string
		call []string
	}{
		{"channel_not_found", []string{"chat.postMessage", "channel", "C0NONE", "text", "x"}},
		{"not_in_channel", []string{"chat.postMessage", "channel", Random, "text", "x"}},
		{"is_archived", []string{"chat.postMessage", "channel", "C0OLD", "text", "x"}},
		{"no_text", []string{"chat.postMessage", "channel", Operations}},
		{"thread_not_found", []string{"chat.postMessage", "channel", Operations, "text", "x", "thread_ts", "1.000001"}},
		{"cannot_reply_to_message", []string{"chat.postMessage", "channel", Operations, "text", "x", "thread_ts", reply}},
		{"invalid_metadata_format", []string{"chat.postMessage", "channel", Operations, "text", "x", "metadata", "x"}},
		{"message_not_found", []string{"chat.update", "channel", Operations, "ts", "1.000001", "text", "x"}},
		{"message_not_found", []string{"chat.update", "channel", Operations, "ts", own, "text", "x"}},
		{"cant_update_message", []string{"chat.update", "channel", Operations, "ts", foreign, "text", "x"}},
		{"msg_too_long", []string{"chat.update", "channel", Operations, "ts", root, "text", text(4001)}},
		{"cant_delete_message", []string{"chat.delete", "channel", Operations, "ts", foreign}},
		{"user_not_in_channel", []string{"chat.postEphemeral", "channel", Operations, "user", "U0NONE", "text", "x"}},
		{"missing_scope", []string{"conversations.history", "channel", Operations}},
		{"missing_scope", []string{"pins.list", "channel", Operations}},
		{"user_not_found", []string{"users.info", "user", "U0NONE"}},
		{"no_such_subteam", []string{"usergroups.users.list", "usergroup", "sre"}},
		{"invalid_trigger_id", []string{"views.open", "trigger_id", "1.2.3", "view", modalJSON(`"submit":` + plainJSON("Go") + `,`)}},
		{"unknown_method", []string{"chat.shout", "text", "x"}},
		{"not_allowed_token_type", []string{"apps.connections.open"}},
		{"invalid_cursor", []string{"users.list", "cursor", "x"}},
	} {
		if got := r.api(c.call[0], c.call[1:]...); got["error"] != c.want || got["ok"] != false || got["http"] != http.StatusOK {
			t.Errorf("%q: got %v, want %s", c.call, got, c.want)
		}
	}
}

func TestTokensAndScopes(t *testing.T) {
	r := newRig(t)
	for token, want := range map[string]string{"": "not_authed", "Bearer xoxb-other": "invalid_auth", "Bearer " + botToken: ""} {
		head := http.Header{}
		if token != "" {
			head.Set("Authorization", token)
		}
		a, err := r.http("POST", r.base+"/api/auth.test", "application/x-www-form-urlencoded", "", head)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(a.body), want) || (want == "") != strings.Contains(string(a.body), `"ok":true`) {
			t.Errorf("%q: got %s, want %s", token, a.body, want)
		}
		if want == "" && !strings.Contains(a.header.Get("X-OAuth-Scopes"), "chat:write") {
			t.Errorf("got the header %q, want the scopes", a.header.Get("X-OAuth-Scopes"))
		}
	}
	r.DropScope("chat:write")
	if got := r.api("chat.postMessage", "channel", Operations, "text", "x"); got["error"] != "missing_scope" || got["needed"] != "chat:write" || !strings.Contains(fmt.Sprint(got["provided"]), "commands") {
		t.Errorf("got %v, want missing_scope", got)
	}
	r.RevokeToken()
	if got := r.api("auth.test"); got["error"] != "token_revoked" {
		t.Errorf("got %v, want token_revoked", got)
	}
	if n := r.Invalid(invalidWindow); n != 3 {
		t.Errorf("got %d invalid answers, want 3", n)
	}
	r.RestoreToken()
	if got := r.api("auth.test"); got["ok"] != true {
		t.Errorf("got %v, want ok", got)
	}
}

func TestLongTextIsCut(t *testing.T) {
	r := newRig(t)
	r.api("chat.postMessage", "channel", Operations, "text", text(40001))
	if got := r.Messages(Operations); len(got) != 1 || len(got[0].Text) != 40000 {
		t.Errorf("got %d messages", len(got))
	}
}

func TestManyInvalidAnswersAreABreach(t *testing.T) {
	r := newRig(t)
	r.RevokeToken()
	for range invalidMost - 1 {
		r.api("auth.test")
	}
	r.clean()
	r.api("auth.test")
	if len(r.Breaches()) != 1 {
		t.Errorf("got %q, want one breach", r.Breaches())
	}
}

func plainJSON(v string) string { return fmt.Sprintf(`{"type":"plain_text","text":%q}`, v) }

func modalJSON(more string) string {
	return `{"type":"modal","title":` + plainJSON("Title") + `,` + more + `"blocks":[{"type":"input","block_id":"b","label":` + plainJSON("Label") + `,"element":{"type":"plain_text_input","action_id":"a"}}]}`
}

func TestViewsAreAsStrictAsTheVendors(t *testing.T) {
	for name, c := range map[string]struct{ view, want string }{
		"fine":              {modalJSON(`"submit":` + plainJSON("Go") + `,`), ""},
		"no submit":         {modalJSON(""), "invalid_arguments"},
		"submit of 25":      {modalJSON(`"submit":` + plainJSON(text(25)) + `,`), "invalid_arguments"},
		"close of 25":       {modalJSON(`"submit":` + plainJSON("Go") + `,"close":` + plainJSON(text(25)) + `,`), "invalid_arguments"},
		"title of 25":       {strings.Replace(modalJSON(`"submit":`+plainJSON("Go")+`,`), `"Title"`, `"`+text(25)+`"`, 1), "invalid_arguments"},
		"metadata of 3001":  {modalJSON(`"submit":` + plainJSON("Go") + `,"private_metadata":"` + text(3001) + `",`), "invalid_arguments"},
		"no blocks":         {`{"type":"modal","title":` + plainJSON("T") + `}`, "invalid_arguments"},
		"101 blocks":        {`{"type":"modal","title":` + plainJSON("T") + `,"blocks":` + many(101, func(int) string { return sectionJSON(1) }) + `}`, "invalid_arguments"},
		"100 blocks":        {`{"type":"modal","title":` + plainJSON("T") + `,"blocks":` + many(100, func(int) string { return sectionJSON(1) }) + `}`, ""},
		"larger than large": {`{"type":"modal","title":` + plainJSON("T") + `,"blocks":` + many(99, func(int) string { return sectionJSON(2900) }) + `}`, "view_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.mu.Lock()
			trigger := r.newTrigger(Ana, "")
			r.mu.Unlock()
			if got := r.api("views.open", "trigger_id", trigger, "view", c.view); str(got, "error") != c.want {
				t.Errorf("got %v, want %q", got, c.want)
			}
			if open := r.View(Ana) != nil; open != (c.want == "") {
				t.Errorf("open is %v", open)
			}
		})
	}
}
