package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// required are the properties that the vendor's description of each method wants
// in an answer, restated; below a dot are those of the object inside.
var required = map[string][]string{
	"auth.test":             {"ok", "url", "team", "user", "team_id", "user_id", "bot_id"},
	"chat.postMessage":      {"ok", "channel", "ts", "message", "message.type", "message.text", "message.ts", "message.user", "message.bot_id", "message.team"},
	"chat.update":           {"ok", "channel", "ts", "text", "message", "message.text", "message.user"},
	"chat.delete":           {"ok", "channel", "ts"},
	"chat.postEphemeral":    {"ok", "message_ts"},
	"chat.getPermalink":     {"ok", "channel", "permalink"},
	"conversations.info":    {"ok", "channel", "channel.id", "channel.name", "channel.is_archived", "channel.is_member", "channel.is_private", "channel.created", "channel.creator", "channel.topic", "channel.purpose"},
	"conversations.list":    {"ok", "channels", "response_metadata", "response_metadata.next_cursor"},
	"conversations.history": {"ok", "messages", "has_more", "pin_count", "channel_actions_ts", "channel_actions_count"},
	"conversations.replies": {"ok", "messages", "has_more"},
	"users.info":            {"ok", "user", "user.id", "user.team_id", "user.name", "user.deleted", "user.profile", "user.is_bot", "user.is_restricted", "user.is_ultra_restricted", "user.is_app_user", "user.updated"},
	"users.list":            {"ok", "members", "cache_ts", "response_metadata"},
	"usergroups.list":       {"ok", "usergroups"},
	"usergroups.users.list": {"ok", "users"},
	"views.open":            {"ok", "view", "view.id", "view.hash", "view.team_id", "view.state", "view.root_view_id", "view.app_id", "view.bot_id", "view.callback_id", "view.private_metadata", "view.title", "view.submit"},
	"views.update":          {"ok", "view", "view.previous_view_id", "view.close"},
	"views.publish":         {"ok", "view"},
	"pins.add":              {"ok"},
	"pins.remove":           {"ok"},
	"pins.list":             {"ok", "items"},
	"team.info":             {"ok", "team", "team.id", "team.name", "team.domain", "team.icon", "team.email_domain"},
	"bots.info":             {"ok", "bot", "bot.id", "bot.name", "bot.app_id", "bot.user_id", "bot.deleted", "bot.updated", "bot.icons"},
}

// groupFields are those that the vendor's description wants of every group.
var groupFields = []string{"auto_type", "created_by", "date_create", "date_delete", "date_update", "deleted_by", "description", "handle", "id", "is_external", "is_usergroup", "name", "prefs", "team_id", "updated_by"}

func TestAnswersKeepTheContract(t *testing.T) {
	r := newRig(t)
	for _, scope := range []string{"channels:history", "pins:read", "team:read"} {
		r.AddScope(scope)
	}
	root := str(r.api("chat.postMessage", "channel", Operations, "text", "root"), "ts")
	other := str(r.api("chat.postMessage", "channel", Operations, "text", "other", "thread_ts", root), "ts")
	view, _ := r.api("views.open", "trigger_id", r.trigger(Ana, ""), "view", goForm())["view"].(object)
	home := `{"type":"home","blocks":[]}`
	calls := [][]string{
		{"auth.test"},
		{"chat.postMessage", "channel", Operations, "text", "x"},
		{"chat.update", "channel", Operations, "ts", root, "text", "y"},
		{"chat.postEphemeral", "channel", Operations, "user", Ana, "text", "x"},
		{"chat.getPermalink", "channel", Operations, "message_ts", other},
		{"conversations.info", "channel", Operations},
		{"conversations.list"},
		{"conversations.history", "channel", Operations},
		{"conversations.replies", "channel", Operations, "ts", root},
		{"users.info", "user", Ana},
		{"users.list"},
		{"usergroups.list"},
		{"usergroups.users.list", "usergroup", SRE},
		{"views.open", "trigger_id", r.trigger(Li, ""), "view", goForm()},
		{"views.update", "view_id", str(view, "id"), "view", goForm()},
		{"views.publish", "user_id", Ana, "view", home},
		{"pins.add", "channel", Operations, "timestamp", root},
		{"pins.list", "channel", Operations},
		{"pins.remove", "channel", Operations, "timestamp", root},
		{"team.info"},
		{"bots.info", "bot", Bot},
		{"chat.delete", "channel", Operations, "ts", other},
	}
	done := map[string]bool{}
	for _, c := range calls {
		got := r.api(c[0], c[1:]...)
		done[c[0]] = true
		if got["ok"] != true {
			t.Errorf("%s: got %v", c[0], got)
		}
		for _, want := range required[c[0]] {
			if !has(got, want) {
				t.Errorf("%s: the answer has no %s: %v", c[0], want, got)
			}
		}
	}
	for name := range required {
		if !done[name] {
			t.Errorf("%s is not tried", name)
		}
	}
	groups, _ := r.api("usergroups.list")["usergroups"].([]any)
	for _, g := range groups {
		for _, want := range groupFields {
			if !has(g.(object), want) {
				t.Errorf("a group has no %s", want)
			}
		}
	}
	r.clean()
}

func has(o object, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	v, ok := o[name]
	if !ok || !deeper {
		return ok
	}
	inner, _ := v.(object)
	return inner != nil && has(inner, rest)
}

func TestRealClientReads(t *testing.T) {
	r := newRig(t)
	for _, scope := range []string{"channels:history", "pins:read"} {
		r.AddScope(scope)
	}
	groups, err := r.client.GetUserGroups(slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 2 || groups[0].ID != SRE || !slices.Equal(groups[0].Users, []string{Ana, Li}) {
		t.Errorf("got %+v and %v", groups, err)
	}
	gus, err := r.client.GetUserInfo(Gus)
	if err != nil || !gus.IsRestricted {
		t.Errorf("got %+v and %v, want a guest", gus, err)
	}
	eve, err := r.client.GetUserInfo(Eve)
	if err != nil || !eve.IsStranger || eve.TeamID != OtherTeam {
		t.Errorf("got %+v and %v, want a stranger", eve, err)
	}
	var names []string
	for cursor := ""; ; {
		some, next, err := r.client.GetConversations(&slack.GetConversationsParameters{Limit: 2, Cursor: cursor, ExcludeArchived: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range some {
			names = append(names, c.Name)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if !slices.Equal(names, []string{"operations", "status", "random"}) {
		t.Errorf("got %q", names)
	}
	meta := slack.SlackMetadata{EventType: "mayday", EventPayload: map[string]any{"key": "k1"}}
	_, ts, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false), slack.MsgOptionMetadata(meta))
	if err != nil {
		t.Fatal(err)
	}
	history, err := r.client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: Operations, Oldest: ts, Inclusive: true, IncludeAllMetadata: true})
	if err != nil || len(history.Messages) != 1 || history.Messages[0].Metadata.EventPayload["key"] != "k1" {
		t.Errorf("got %+v and %v, want the metadata", history, err)
	}
	if err := r.client.AddPin(Operations, slack.NewRefToMessage(Operations, ts)); err != nil || len(r.Pins(Operations)) != 1 {
		t.Errorf("got %v and %+v", err, r.Pins(Operations))
	}
	r.clean()
}

func TestFilesAreUploaded(t *testing.T) {
	r := newRig(t)
	_, ts, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	const body = "# INC-1\n"
	if _, err := r.client.UploadFile(slack.UploadFileParameters{Filename: "INC-1.md", Title: "Timeline", FileSize: len(body), Content: body, Channel: Operations, ThreadTimestamp: ts}); err != nil {
		t.Fatal(err)
	}
	files, thread := r.Files(), r.Thread(Operations, ts)
	if len(files) != 1 || string(files[0].Body) != body || files[0].ThreadTS != ts || len(thread) != 2 || !slices.Equal(thread[1].Files, []string{"INC-1.md"}) {
		t.Errorf("got %+v and %+v", files, thread)
	}
	r.clean()
}

func TestDeletedRootLeavesATombstone(t *testing.T) {
	r := newRig(t)
	_, root, err := r.client.PostMessage(Operations, slack.MsgOptionText("root", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.client.PostMessage(Operations, slack.MsgOptionText("reply", false), slack.MsgOptionTS(root)); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteMessage(Operations, root); err != nil {
		t.Fatal(err)
	}
	if m, ok := r.Message(Operations, root); !ok || !m.Deleted {
		t.Errorf("got %+v, want a tombstone", m)
	}
	if _, _, _, err := r.client.UpdateMessage(Operations, root, slack.MsgOptionText("x", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("got %v, want message_not_found", err)
	}
}
