package slack

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

func escape(v string) string { return url.QueryEscape(v) }

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil)
}

func button(id, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, slack.NewTextBlockObject("plain_text", label, false, false))
}

func form(title string) slack.ModalViewRequest {
	input := slack.NewInputBlock("title", slack.NewTextBlockObject("plain_text", "What is broken", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "text"))
	return slack.ModalViewRequest{
		Type: "modal", Title: slack.NewTextBlockObject("plain_text", title, false, false), Submit: slack.NewTextBlockObject("plain_text", "Open", false, false),
		CallbackID: "open", Blocks: slack.Blocks{BlockSet: []slack.Block{input}},
	}
}

func TestRealClientAnswersACommand(t *testing.T) {
	r := newRig(t)
	r.listen(func(e socketmode.Event) (any, bool) {
		c := e.Data.(slack.SlashCommand)
		if c.Command != "/mayday" || c.Text != "own <@U0ANA|ana>" || c.ChannelID != Operations || c.TeamID != Team {
			t.Errorf("got %+v", c)
		}
		return nil, r.respond(c.ResponseURL, object{"text": "*Done* by <@" + c.UserID + ">"}) == 200
	})
	seen, err := r.Command(t.Context(), Li, Operations, "own @Ana")
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Ephemerals) != 1 || seen.Text != "Done by @Li" || len(r.Messages(Operations)) != 0 {
		t.Errorf("got %+v, want one ephemeral answer", seen)
	}
	r.clean()
}

func TestPressEditsAndAnswersInTheThread(t *testing.T) {
	r := newRig(t)
	_, ts, err := r.client.PostMessage(Operations, slack.MsgOptionText("INC-1", false), slack.MsgOptionBlocks(section("*INC-1* checkout"), slack.NewActionBlock("b", button("own", "Own", "INC-1"))))
	if err != nil {
		t.Fatal(err)
	}
	r.listen(func(e socketmode.Event) (any, bool) {
		i := e.Data.(slack.InteractionCallback)
		a := i.ActionCallback.BlockActions[0]
		if a.ActionID != "own" || a.Value != "INC-1" || i.Message.Timestamp != ts || i.Container.MessageTs != ts || i.Channel.ID != Operations {
			t.Errorf("got %+v", i)
		}
		if _, _, _, err := r.client.UpdateMessage(i.Channel.ID, ts, slack.MsgOptionText("INC-1 owned", false), slack.MsgOptionBlocks(section("owned"))); err != nil {
			t.Error(err)
		}
		if _, err := r.client.PostEphemeral(i.Channel.ID, i.User.ID, slack.MsgOptionText("yours", false), slack.MsgOptionTS(ts)); err != nil {
			t.Error(err)
		}
		return nil, true
	})
	seen, err := r.Press(t.Context(), Ana, Operations, ts, "Own")
	if err != nil {
		t.Fatal(err)
	}
	m, _ := r.Message(Operations, ts)
	if seen.Text != "yours" || m.Plain() != "owned" || !m.Edited || len(seen.Changed) != 1 {
		t.Errorf("got %+v and %+v", seen, m)
	}
	if _, err := r.Press(t.Context(), Ana, Operations, ts, "Own"); err == nil {
		t.Error("a button that is gone was pressed")
	}
	r.clean()
}

func TestFormIsOpenedSubmittedAndCorrected(t *testing.T) {
	r := newRig(t)
	r.listen(func(e socketmode.Event) (any, bool) {
		if c, ok := e.Data.(slack.SlashCommand); ok {
			if _, err := r.client.OpenView(c.TriggerID, form("Open an incident")); err != nil {
				t.Error(err)
			}
			return nil, true
		}
		i := e.Data.(slack.InteractionCallback)
		if i.View.State.Values["title"]["text"].Value == "no" {
			return slack.NewErrorsViewSubmissionResponse(map[string]string{"title": "Say more"}), true
		}
		if _, err := r.client.PostEphemeral(Operations, i.User.ID, slack.MsgOptionText("opened", false)); err != nil {
			t.Error(err)
		}
		return nil, true
	})
	seen, err := r.Command(t.Context(), Ana, Operations, "open")
	if err != nil {
		t.Fatal(err)
	}
	if seen.View == nil || seen.View.Title != "Open an incident" || len(seen.View.Inputs()) != 1 || seen.View.Inputs()[0].Label != "What is broken" {
		t.Fatalf("got %+v", seen.View)
	}
	if _, err := r.Submit(t.Context(), Ana, seen.View.ID, nil); err == nil {
		t.Error("a form with an empty field was sent")
	}
	seen, err = r.Submit(t.Context(), Ana, "", map[string]any{"What is broken": "no"})
	if err != nil || seen.View == nil || seen.View.Errors["title"] != "Say more" {
		t.Fatalf("got %+v and %v, want the form with an error", seen, err)
	}
	seen, err = r.Submit(t.Context(), Ana, "", map[string]any{"title": "checkout"})
	if err != nil || seen.Text != "opened" || r.View(Ana) != nil {
		t.Errorf("got %+v and %v, want the form closed", seen, err)
	}
	r.clean()
}

func TestMentionInAThread(t *testing.T) {
	r := newRig(t)
	root, err := r.Say(Ana, Operations, "", "something is off")
	if err != nil {
		t.Fatal(err)
	}
	r.listen(func(e socketmode.Event) (any, bool) {
		ev := e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.AppMentionEvent)
		if ev.ThreadTimeStamp != root || ev.Text != "<@"+BotUser+"> status" || ev.User != Li {
			t.Errorf("got %+v", ev)
		}
		_, _, err := r.client.PostMessage(ev.Channel, slack.MsgOptionText("in the thread", false), slack.MsgOptionTS(ev.ThreadTimeStamp))
		return nil, err == nil
	})
	if _, err := r.Mention(t.Context(), Li, Operations, root, "status"); err != nil {
		t.Fatal(err)
	}
	thread := r.Thread(Operations, root)
	if len(thread) != 3 || thread[2].Text != "in the thread" || len(r.Messages(Operations)) != 1 {
		t.Errorf("got %+v", thread)
	}
	if _, err := r.Mention(t.Context(), Li, Random, "", "status"); err == nil || !strings.Contains(err.Error(), "invite") {
		t.Errorf("got %v, want that the bot is not there", err)
	}
	r.clean()
}

func TestShortcutsAndTheHomeTab(t *testing.T) {
	r := newRig(t)
	ts, err := r.Say(Li, Operations, "", "500s since noon")
	if err != nil {
		t.Fatal(err)
	}
	r.listen(func(e socketmode.Event) (any, bool) {
		if _, ok := e.Data.(slackevents.EventsAPIEvent); ok {
			_, err := r.client.PublishView(Ana, slack.HomeTabViewRequest{Type: "home", Blocks: slack.Blocks{BlockSet: []slack.Block{section("Nothing is open")}}}, "")
			return nil, err == nil
		}
		i := e.Data.(slack.InteractionCallback)
		title := string(i.Type) + " " + i.CallbackID
		if i.Type == slack.InteractionTypeMessageAction && i.Message.Text != "500s since noon" {
			t.Errorf("got the message %+v", i.Message)
		}
		_, err := r.client.OpenView(i.TriggerID, form(title))
		return nil, err == nil
	})
	if seen, err := r.Shortcut(t.Context(), Ana, "open"); err != nil || seen.View == nil || seen.View.Title != "shortcut open" {
		t.Errorf("got %+v and %v", seen, err)
	}
	if seen, err := r.MessageShortcut(t.Context(), Ana, "note", Operations, ts); err != nil || seen.View == nil || seen.View.Title != "message_action note" {
		t.Errorf("got %+v and %v", seen, err)
	}
	if seen, err := r.OpenHome(t.Context(), Ana); err != nil || seen.Home == nil || seen.Text != "Nothing is open" {
		t.Errorf("got %+v and %v", seen, err)
	}
	r.clean()
}

func TestLateAcknowledgementIsABreach(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Deadline = 100 * time.Millisecond })
	r.listen(func(socketmode.Event) (any, bool) { return nil, false })
	if _, err := r.Command(t.Context(), Ana, Operations, "status"); err == nil || !strings.Contains(err.Error(), "operation_timeout") {
		t.Errorf("got %v, want operation_timeout", err)
	}
	if got := r.Breaches(); len(got) != 1 || !strings.Contains(got[0], "not acknowledged") {
		t.Errorf("got %q, want one breach", got)
	}
}
