package discord

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/google/go-cmp/cmp"
)

func TestRealClientAnswersACommand(t *testing.T) {
	r := newRig(t)
	r.commands()
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		data := i.ApplicationCommandData()
		name := data.Name + " " + data.Options[0].Name
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words(name+" by "+i.Member.User.GlobalName+strings.Join(i.Member.Roles, ","), discordgo.MessageFlagsEphemeral)}
	}))
	seen, err := r.Command(t.Context(), Ana, Operations, "/mayday status", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Plain() != "mayday status by Ana"+RoleSRE {
		t.Errorf("got %+v, want one ephemeral answer", seen)
	}
	if got := r.Messages(Operations); len(got) != 0 {
		t.Errorf("got %d messages for all to see, want none", len(got))
	}
	if _, _, err := r.Redeliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clean()
}

func TestOptionsAreTyped(t *testing.T) {
	r := newRig(t)
	r.commands()
	got := make(chan discordgo.ApplicationCommandInteractionData, 1)
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		got <- i.ApplicationCommandData()
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words("ok", 0)}
	}))
	for _, bad := range []map[string]string{{}, {"playbook": "x", "other": "y"}, {"playbook": "x", "who": "nobody"}, {"playbook": "x", "times": "4"}, {"playbook": "x", "times": "two"}} {
		if _, err := r.Command(t.Context(), Ana, Operations, "mayday run", bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	for _, name := range []string{"mayday", "mayday walk", "help", ""} {
		if _, err := r.Command(t.Context(), Ana, Operations, name, nil); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	if _, err := r.Command(t.Context(), Ana, Operations, "mayday run", map[string]string{"playbook": "rollback", "who": Li, "times": "2"}); err != nil {
		t.Fatal(err)
	}
	data := <-got
	options := data.Options[0].Options
	if options[0].StringValue() != "rollback" || options[1].Value != Li || options[2].IntValue() != 2 || data.Resolved.Users[Li].GlobalName != "Li" {
		t.Errorf("got %+v, want the three options, and Li resolved", options)
	}
}

func TestAutocomplete(t *testing.T) {
	r := newRig(t)
	r.commands()
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		o := i.ApplicationCommandData().Options[0].Options[0]
		return &discordgo.InteractionResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult, Data: &discordgo.InteractionResponseData{
			Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "Roll back", Value: o.StringValue() + "lback"}},
		}}
	}))
	got, err := r.Autocomplete(t.Context(), Ana, Operations, "mayday run", "playbook", "rol", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Choice{{Name: "Roll back", Value: "rollback"}}, got); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
	if _, err := r.Autocomplete(t.Context(), Ana, Operations, "mayday run", "times", "1", nil); err == nil {
		t.Error("an option that does not complete was completed")
	}
}

func TestMessageCommand(t *testing.T) {
	r := newRig(t)
	r.commands()
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		data := i.ApplicationCommandData()
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words("noted: "+data.Resolved.Messages[data.TargetID].Content, 0)}
	}))
	id, err := r.Say(Li, Random, "it is the cache")
	if err != nil {
		t.Fatal(err)
	}
	seen, err := r.MessageCommand(t.Context(), Ana, "Add to timeline", Random, id)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Messages) != 1 || seen.Messages[0].Content != "noted: it is the cache" {
		t.Errorf("got %+v, want the words of the message", seen.Messages)
	}
}

const pressable = `{"content":"card","components":[{"type":1,"components":[{"type":2,"style":1,"label":"Own it","custom_id":"own"},{"type":2,"style":2,"label":"Off","custom_id":"off","disabled":true},{"type":2,"style":5,"label":"Open","url":"https://x.example"}]},{"type":1,"components":[{"type":3,"custom_id":"more","placeholder":"More...","options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}]}]` + quiet

func TestPressesAndMenus(t *testing.T) {
	r := newRig(t)
	id := r.post(Operations, pressable).id()
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		data := i.MessageComponentData()
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseUpdateMessage, Data: words("pressed "+data.CustomID+strings.Join(data.Values, ""), 0)}
	}))
	for _, name := range []string{"Off", "off", "Open", "nothing"} {
		if _, err := r.Press(t.Context(), Ana, Operations, id, name); err == nil {
			t.Errorf("%q could be pressed", name)
		}
	}
	if _, err := r.Choose(t.Context(), Ana, Operations, id, "more", "c"); err == nil {
		t.Error("a value that is not on the menu was chosen")
	}
	if _, err := r.Choose(t.Context(), Ana, Operations, id, "more", "a", "b"); err == nil {
		t.Error("two values were chosen where one may be")
	}
	seen, err := r.Press(t.Context(), Ana, Operations, id, "Own it")
	if err != nil || seen.Updated == nil || seen.Updated.Plain() != "pressed own" || seen.Updated.ID != id {
		t.Fatalf("got %+v and %v, want the card updated", seen, err)
	}
	seen, err = r.Choose(t.Context(), Li, Operations, id, "More...", "b")
	if err != nil || seen.Updated == nil || seen.Updated.Content != "pressed moreb" || seen.Updated.EditedAt.IsZero() {
		t.Fatalf("got %+v and %v, want the card updated", seen, err)
	}
	r.clean()
}

func TestDeferredAnswers(t *testing.T) {
	r := newRig(t)
	r.commands()
	hold := make(chan struct{})
	r.open(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource, Data: &discordgo.InteractionResponseData{Flags: discordgo.MessageFlagsEphemeral}})
		<-hold
		// The first follow-up cannot choose to be seen by all.
		if _, err := s.FollowupMessageCreate(i.Interaction, true, &discordgo.WebhookParams{Content: "late", AllowedMentions: &discordgo.MessageAllowedMentions{}}); err != nil {
			t.Errorf("follow up: %v", err)
		}
		if _, err := s.FollowupMessageCreate(i.Interaction, true, &discordgo.WebhookParams{Content: "second", AllowedMentions: &discordgo.MessageAllowedMentions{}}); err != nil {
			t.Errorf("follow up: %v", err)
		}
	})
	seen, err := r.Command(t.Context(), Ana, Operations, "mayday status", nil)
	if err != nil || !seen.Deferred || len(seen.Ephemerals) != 1 || !seen.Ephemerals[0].Loading() {
		t.Fatalf("got %+v and %v, want the bot thinking", seen, err)
	}
	close(hold)
	seen, err = r.Await(t.Context(), seen)
	if err != nil || len(seen.Ephemerals) != 1 || seen.Ephemerals[0].Content != "late" || seen.Ephemerals[0].Loading() {
		t.Fatalf("got %+v and %v, want the answer in place of it", seen, err)
	}
	eventually(t, "the second is for all", func() bool { return len(r.Messages(Operations)) == 1 })
	r.clean()
}

func TestADeadlineMissedIsABreach(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Deadline = 30 * time.Millisecond })
	r.commands()
	got := make(chan *discordgo.Interaction, 1)
	s := r.open(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.Interaction })
	if _, err := r.Command(t.Context(), Ana, Operations, "mayday status", nil); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v, want no answer", err)
	}
	if b := r.Breaches(); len(b) != 1 || !strings.Contains(b[0], "/mayday status") {
		t.Errorf("got breaches %q, want one of the command", b)
	}
	err := s.InteractionRespond(<-got, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
	var rest *discordgo.RESTError
	if !errors.As(err, &rest) || rest.Message.Code != 10062 {
		t.Errorf("got %v, want an unknown interaction", err)
	}
}

func TestNobodyConnected(t *testing.T) {
	r := newRig(t)
	r.commands()
	if _, err := r.Command(t.Context(), Ana, Operations, "mayday status", nil); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v, want no answer", err)
	}
	r.clean()
}

// taken starts an interaction that nobody answers, for raw responses.
func (r *rig) taken(begin func() (*interaction, error)) string {
	r.t.Helper()
	in, err := begin()
	if err != nil {
		r.t.Fatal(err)
	}
	return in.id + "/" + in.token
}

func TestResponsesThatAreRefused(t *testing.T) {
	r := newRig(t)
	r.commands()
	card := r.post(Operations, pressable).id()
	typed := func() (*interaction, error) {
		return r.typed(kindCommand, Ana, Operations, "mayday status", nil, "")
	}
	press := func() (*interaction, error) { return r.touched(Ana, Operations, card, "own", nil) }
	input := `{"type":18,"label":"What","component":{"type":4,"style":1,"custom_id":"what"}}`
	form := func(title string, n int) string {
		all := []string{}
		for i := range n {
			all = append(all, strings.ReplaceAll(input, "what", "what"+string(rune('a'+i))))
		}
		return `{"type":9,"data":{"title":"` + title + `","custom_id":"f","components":[` + strings.Join(all, ",") + `]}}`
	}
	tests := []struct {
		name  string
		begin func() (*interaction, error)
		body  string
		code  int
		want  string
	}{
		{"an update of nothing", typed, `{"type":7,"data":{"content":"x"}}`, 50035, `"type"`},
		{"suggestions to a command", typed, `{"type":8,"data":{"choices":[]}}`, 50035, `"type"`},
		{"too long", typed, `{"type":4,"data":{"content":"` + run(2001) + `"}}`, 50035, `"data":{"content"`},
		{"empty", typed, `{"type":4,"data":{}}`, 50006, ""},
		{"a modal without fields", typed, form("t", 0), 50035, `"components"`},
		{"a modal of six", typed, form("t", 6), 50035, `"components"`},
		{"a modal with a long title", press, form(run(46), 1), 50035, `"title"`},
		{"a modal with a button", press, `{"type":9,"data":{"title":"t","custom_id":"f","components":[` + buttons(1) + `]}}`, 50035, `"type"`},
		{"an input of 4001", press, strings.Replace(form("t", 1), `"style":1`, `"style":1,"max_length":4001`, 1), 50035, `"max_length"`},
		{"a modal", press, form("t", 5), 0, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := r.do("POST", "/interactions/"+r.taken(tc.begin)+"/callback", tc.body)
			if a.code() != tc.code || !strings.Contains(a.raw, tc.want) || (tc.code == 0) != (a.status == http.StatusNoContent) {
				t.Errorf("got %d %s, want code %d with %s", a.status, a.raw, tc.code, tc.want)
			}
		})
	}
	if got := r.Modal(Ana); got == nil || got.Title != "t" || len(got.Fields) != 5 {
		t.Errorf("got %+v, want the form with five fields", got)
	}
	path := "/interactions/" + r.taken(typed) + "/callback"
	if a := r.do("POST", path+"?with_response=true", `{"type":5}`); a.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", a.status, a.raw)
	}
	if a := r.do("POST", path, `{"type":5}`); a.code() != 40060 {
		t.Errorf("got %d %s, want 40060", a.status, a.raw)
	}
}

func TestTokensOfInteractionsDie(t *testing.T) {
	r := newRig(t)
	r.commands()
	typed := func() (*interaction, error) {
		return r.typed(kindCommand, Ana, Operations, "mayday status", nil, "")
	}
	path := r.taken(typed)
	_, token, _ := strings.Cut(path, "/")
	hook := "/webhooks/" + Application + "/" + token
	if a := r.do("POST", hook, `{"content":"x"`+quiet); a.code() != 10015 {
		t.Errorf("before the response: got %d %s, want 10015", a.status, a.raw)
	}
	r.do("POST", "/interactions/"+path+"/callback", `{"type":5}`)
	if a := r.do("PATCH", hook+"/messages/@original", `{"content":"x"`+quiet); a.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", a.status, a.raw)
	}
	if a := r.do("DELETE", hook+"/messages/@original", ""); a.status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", a.status, a.raw)
	}
	if a := r.do("GET", hook+"/messages/@original", ""); a.code() != 10008 {
		t.Errorf("got %d %s, want 10008", a.status, a.raw)
	}
	r.clock.advance(tokenLife + time.Second)
	if a := r.do("POST", hook, `{"content":"x"`+quiet); a.status != http.StatusUnauthorized || a.code() != 50027 {
		t.Errorf("got %d %s, want 50027", a.status, a.raw)
	}
}

func TestModals(t *testing.T) {
	r := newRig(t)
	card := r.post(Operations, pressable).id()
	open := func() {
		t.Helper()
		path := r.taken(func() (*interaction, error) { return r.touched(Ana, Operations, card, "own", nil) })
		a := r.do("POST", "/interactions/"+path+"/callback", `{"type":9,"data":{"title":"Hand over","custom_id":"f","components":[
			{"type":18,"label":"To","component":{"type":3,"custom_id":"to","options":[{"label":"Li","value":"li"},{"label":"Sam","value":"sam"}]}},
			{"type":10,"content":"Say why."},
			{"type":1,"components":[{"type":4,"style":2,"label":"Why","custom_id":"why","max_length":5}]},
			{"type":18,"label":"Note","component":{"type":4,"style":1,"custom_id":"note","required":false,"value":"as it was"}}]}}`)
		if a.status != http.StatusNoContent {
			t.Fatalf("got %d %s, want 204", a.status, a.raw)
		}
	}
	open()
	for _, bad := range []map[string]any{
		{"To": "li"}, {"to": []string{"ana"}, "why": "x"}, {"to": []string{"li", "sam"}, "why": "x"}, {"to": "li", "why": "123456"}, {"to": "li", "why": "x", "other": "y"},
	} {
		if _, _, err := r.submitted(Ana, "f", bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if _, _, err := r.submitted(Li, "f", nil); err == nil {
		t.Error("somebody else sent the form")
	}
	in, _, err := r.submitted(Ana, "f", map[string]any{"To": []string{"sam"}, "why": "12345"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"type":18`, `"values":["sam"]`, `"value":"12345"`, `"value":"as it was"`, `"custom_id":"f"`, `"message":{`} {
		if !strings.Contains(string(in.payload), want) {
			t.Errorf("got %s, want %s in it", in.payload, want)
		}
	}
	a := r.do("POST", "/interactions/"+in.id+"/"+in.token+"/callback", `{"type":9,"data":{}}`)
	if a.code() != 50035 {
		t.Errorf("a modal answered a modal: %d %s", a.status, a.raw)
	}
	if a := r.do("POST", "/interactions/"+in.id+"/"+in.token+"/callback", `{"type":7,"data":{"content":"handed over"`+quiet+`}`); a.status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", a.status, a.raw)
	}
	if got, _ := r.Message(Operations, card); got.Content != "handed over" {
		t.Errorf("got %q, want the card updated", got.Content)
	}
	open()
	if _, err := r.Submit(t.Context(), Ana, "f", map[string]any{"to": "li", "why": "x"}); !errors.Is(err, ErrNoAnswer) || r.Modal(Ana) == nil {
		t.Errorf("got %v, want no answer and the form still open", err)
	}
}
