package slack

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func (r *rig) get(path string) string {
	r.t.Helper()
	return r.body(http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+path, nil))
}

func (r *rig) postPage(path string, values url.Values) string {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.base+path, strings.NewReader(values.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	return r.body(q, err)
}

func (r *rig) body(q *http.Request, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	a, err := (&http.Client{Transport: transport}).Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

func TestPageShowsAndPresses(t *testing.T) {
	r := newRig(t)
	_, ts, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(
		section("*INC-1* &lt;b&gt; <@U0ANA> <https://x.example|graph>"), slack.NewActionBlock("b", button("own", "Own it", "1"))))
	if err != nil {
		t.Fatal(err)
	}
	r.listen(func(e socketmode.Event) (any, bool) {
		i, ok := e.Data.(slack.InteractionCallback)
		if ok && i.Type == slack.InteractionTypeBlockActions {
			_, err := r.client.OpenView(i.TriggerID, form("A form"))
			return nil, err == nil
		}
		_, err := r.client.PostEphemeral(Operations, Ana, slack.MsgOptionText("got it", false))
		return nil, err == nil
	})
	page := r.get("/?as=" + Ana)
	for _, want := range []string{"<strong>INC-1</strong> &lt;b&gt;", `<span class="mention">@Ana</span>`, `href="https://x.example"`, ">Own it</button>", `http-equiv="refresh"`, "# operations", "# status"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	page = r.postPage("/practice/press", url.Values{"as": {Ana}, "channel": {Operations}, "ts": {ts}, "press": {"own"}})
	if !strings.Contains(page, "<h2>A form</h2>") || strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("the page shows no form, or refreshes it away:\n%s", page)
	}
	page = r.postPage("/practice/submit", url.Values{"as": {Ana}, "f:title": {"checkout"}})
	if !strings.Contains(page, "got it") || !strings.Contains(page, "Only visible to you") {
		t.Errorf("the page shows no answer:\n%s", page)
	}
	if page := r.get("/?as=" + Li); strings.Contains(page, "got it") {
		t.Error("somebody else sees the answer")
	}
	r.clean()
}

func TestPagePressesALineOfAMenu(t *testing.T) {
	r := newRig(t)
	ts := str(r.api("chat.postMessage", "channel", Operations, "text", "x", "blocks", actions("["+buttonJSON("own", "Own", "1")+","+menuJSON("static_select", 3)[1:])), "ts")
	r.listen(func(e socketmode.Event) (any, bool) {
		i := e.Data.(slack.InteractionCallback)
		a := i.ActionCallback.BlockActions[0]
		if a.ActionID != "m" || a.SelectedOption.Value != "1" || i.BlockActionState.Values[a.BlockID]["m"].SelectedOption.Value != "1" {
			t.Errorf("got %+v", i)
		}
		_, err := r.client.PostEphemeral(Operations, Ana, slack.MsgOptionText("second line", false))
		return nil, err == nil
	})
	if page := r.get("/"); !strings.Contains(page, `<option value="m=1">o1</option>`) {
		t.Errorf("the page shows no menu:\n%s", page)
	}
	if page := r.postPage("/practice/press", url.Values{"as": {Ana}, "channel": {Operations}, "ts": {ts}, "press": {"m=1"}}); !strings.Contains(page, "second line") {
		t.Errorf("got\n%s", page)
	}
	r.clean()
}

func TestPageTypesACommand(t *testing.T) {
	r := newRig(t)
	r.listen(func(e socketmode.Event) (any, bool) {
		c := e.Data.(slack.SlashCommand)
		return object{"text": "you typed " + c.Text}, true
	})
	if page := r.postPage("/practice/type", url.Values{"as": {Ana}, "channel": {Operations}, "text": {"/mayday status"}}); !strings.Contains(page, "you typed status") {
		t.Errorf("got\n%s", page)
	}
	if page := r.postPage("/practice/type", url.Values{"as": {Ana}, "channel": {Operations}, "text": {"hello <b>"}}); !strings.Contains(page, "hello &lt;b&gt;") {
		t.Errorf("got\n%s", page)
	}
}

func TestPageHoldsStillForTyping(t *testing.T) {
	r := newRig(t)
	if page := r.get("/?still=1"); !strings.Contains(page, ">Send</button>") || strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("got\n%s", page)
	}
}

func TestUnknownPathsAreHTML(t *testing.T) {
	r := newRig(t)
	if page := r.get("/nowhere"); !strings.HasPrefix(page, "<!DOCTYPE html>") {
		t.Errorf("got %q", page)
	}
}

func TestExternalMenuSuggests(t *testing.T) {
	r := newRig(t)
	r.listen(func(e socketmode.Event) (any, bool) {
		i := e.Data.(slack.InteractionCallback)
		if i.Type == slack.InteractionTypeBlockSuggestion {
			return slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("s1", slack.NewTextBlockObject("plain_text", "checkout "+i.Value, false, false), nil)}}, true
		}
		if got := i.View.State.Values["service"]["pick"].SelectedOption.Value; got != "s1" {
			t.Errorf("got %q, want s1", got)
		}
		_, err := r.client.PostEphemeral(Operations, Ana, slack.MsgOptionText("ok", false))
		return nil, err == nil
	})
	view := `{"type":"modal","title":` + plainJSON("T") + `,"submit":` + plainJSON("Go") + `,"blocks":[{"type":"input","block_id":"service","label":` + plainJSON("Service") + `,"element":{"type":"external_select","action_id":"pick"}}]}`
	r.api("views.open", "trigger_id", r.trigger(Ana, ""), "view", view)
	if _, err := r.Submit(t.Context(), Ana, "", map[string]any{"Service": "s1"}); err == nil {
		t.Error("what was not suggested was taken")
	}
	got, err := r.Suggest(t.Context(), Ana, "", "pick", "che")
	if err != nil || len(got) != 1 || got[0] != (Option{Label: "checkout che", Value: "s1"}) {
		t.Fatalf("got %+v and %v", got, err)
	}
	if seen, err := r.Submit(t.Context(), Ana, "", map[string]any{"service": "s1"}); err != nil || seen.Text != "ok" {
		t.Errorf("got %+v and %v", seen, err)
	}
	r.clean()
}
