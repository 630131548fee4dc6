package discord

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/google/go-cmp/cmp"
)

func TestPlainIsWhatAPersonReads(t *testing.T) {
	r := newRig(t)
	tests := map[string]string{
		`**INC-1** checkout \*not bold\*`:               "INC-1 checkout *not bold*",
		"payments_db_main and *soft* _words_":           "payments_db_main and soft words",
		"`a**b**` ~~gone~~ ||hidden||":                  "a**b** gone hidden",
		"```go\nx := 1\n```":                            "x := 1",
		"[Open it](https://x.example/a_b) now":          "Open it now",
		`\[no\](link) <https://x.example>`:              "[no](link) https://x.example",
		"<@" + Ana + "> <@&" + RoleSRE + "> <@1>":       "@Ana @sre @unknown",
		"at <t:1795615320:t>, <t:1795615320:D>":         "at 14:02 UTC, 25 November 2026 UTC",
		"-# small\n> quoted\n# big":                     "small\nquoted\nbig",
		`2 * 3 = 6, a_b, \_\_x\_\_, 5 ** 2`:             "2 * 3 = 6, a_b, __x__, 5 ** 2",
		"@\u200beveryone <\u200b@" + Ana + "> \\<@1\\>": "@\u200beveryone <\u200b@" + Ana + "> <@1>",
	}
	for text, want := range tests {
		m := Message{Content: text, names: r.names()}
		if got := m.Plain(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	r.post(Random, `{"content":"top","embeds":[{"title":"T","description":"**D**","fields":[{"name":"N","value":"V"}],"footer":{"text":"F"}}]`+quiet)
	if got := r.Messages(Random)[0].Plain(); got != "top\nT\nD\nN\nV\nF" {
		t.Errorf("got %q, want the embed below the content", got)
	}
}

func TestWhosePhonesRing(t *testing.T) {
	user, role := "<@"+Cleo+">", "<@&"+RoleSRE+">"
	tests := []struct {
		name, rest string
		content    string
		want       []string
	}{
		{"nobody is allowed", `"allowed_mentions":{"parse":[]}`, user + role + "@everyone", nil},
		{"a person", `"allowed_mentions":{"parse":[],"users":["` + Cleo + `"]}`, user + role, []string{"Cleo"}},
		{"a role", `"allowed_mentions":{"parse":[],"roles":["` + RoleSRE + `"]}`, user + role, []string{"Ana", "Li"}},
		{"nothing said lets all through", `"tts":false`, user + role, []string{"Ana", "Cleo", "Li"}},
		{"everyone needs the right", `"allowed_mentions":{"parse":["everyone"]}`, "@everyone", nil},
		{"allowed and not called", `"allowed_mentions":{"parse":[],"users":["` + Cleo + `"]}`, "x", nil},
		{"silent", `"flags":4096,"allowed_mentions":{"parse":["users"]}`, user, nil},
		{"an escape does not help", `"allowed_mentions":{"parse":["users"]}`, `\\` + user, []string{"Cleo"}},
	}
	r := newRig(t)
	for _, tc := range tests {
		id := r.post(Random, `{"content":"`+tc.content+`",`+tc.rest+`}`).id()
		m, _ := r.Message(Random, id)
		if diff := cmp.Diff(tc.want, m.Pinged()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if m.Silent() != (tc.name == "silent") {
			t.Errorf("%s: got silent %v", tc.name, m.Silent())
		}
	}
	if err := r.SetMentionable(RoleSRE, false); err != nil {
		t.Fatal(err)
	}
	id := r.post(Random, `{"content":"`+role+`","allowed_mentions":{"parse":["roles"]}}`).id()
	if m, _ := r.Message(Random, id); len(m.Pinged()) > 0 {
		t.Errorf("got %q, want nobody: the role may not be mentioned", m.Pinged())
	}
}

func (r *rig) browse(path string, form url.Values) string {
	r.t.Helper()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := r.http.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(page)
}

func TestThePageWorksWithoutScripts(t *testing.T) {
	r := newRig(t)
	r.commands()
	thread := r.thread()
	r.post(Operations, strings.Replace(pressable, `"card"`, `"<script>x</script> **card** [l](https://x.example/\"onload=)"`, 1))
	r.open(respond(t, func(i *discordgo.InteractionCreate) *discordgo.InteractionResponse {
		switch {
		case i.Type == discordgo.InteractionModalSubmit:
			return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words("thanks", discordgo.MessageFlagsEphemeral)}
		case i.Type == discordgo.InteractionMessageComponent && i.MessageComponentData().CustomID == "own":
			return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{Title: "Why you", CustomID: "f", Components: []discordgo.MessageComponent{
				discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "why", Label: "Your reason", Style: discordgo.TextInputParagraph}}},
			}}}
		}
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: words("did it", 0)}
	}))
	page := r.browse("/", nil)
	for _, want := range []string{"PRETEND Discord", "&lt;script&gt;x", "<strong>card</strong>", "Own it", "More...", "INC-1", `rel="noreferrer noopener"`, "Open the thread"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script")
	}
	messages := r.Messages(Operations)
	card := messages[len(messages)-1].ID
	place := func(more url.Values) url.Values {
		more["as"], more["at"], more["channel"], more["message"] = []string{Li}, []string{Operations}, []string{Operations}, []string{card}
		return more
	}
	steps := []struct {
		path string
		form url.Values
		want string
	}{
		{"/practice/press", url.Values{"press": {"own"}}, "Your reason"},
		{"/practice/submit", url.Values{"f:why": {"because"}}, "Only you can see this"},
		{"/practice/submit", url.Values{"f:why": {"because"}}, "not open any more"},
		{"/practice/choose", url.Values{"menu": {"more"}, "value": {"a"}}, "did it"},
		{"/practice/type", url.Values{"text": {"/mayday run playbook:roll back times:2"}}, "did it"},
		{"/practice/type", url.Values{"text": {"/nothing"}}, "there is no command"},
		{"/practice/type", url.Values{"text": {"just words"}}, "just words"},
	}
	for _, s := range steps {
		if page := r.browse(s.path, place(s.form)); !strings.Contains(page, s.want) {
			t.Errorf("%s: the page lacks %q:\n%s", s.path, s.want, page)
		}
	}
	if page := r.browse("/?as="+Ana, nil); strings.Contains(page, "Only you can see this") {
		t.Error("somebody else sees what only Li may see")
	}
	if page := r.browse("/?at="+thread, nil); !strings.Contains(page, "<h1>INC-1</h1>") || !strings.Contains(page, "card") {
		t.Errorf("the thread is not shown with its card:\n%s", page)
	}
	r.clean()
}

func TestThePageIsForThisMachineOnly(t *testing.T) {
	r := newRig(t)
	tests := []struct {
		name, host, origin string
		status             int
	}{
		{"from the page", "127.0.0.1:9", "http://127.0.0.1:9", http.StatusSeeOther},
		{"from another site", "127.0.0.1:9", "https://evil.example", http.StatusForbidden},
		{"under another name", "evil.example", "http://evil.example", http.StatusForbidden},
	}
	client := &http.Client{Transport: r.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, tc := range tests {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/practice/dismiss", strings.NewReader("as="+Ana))
		if err != nil {
			t.Fatal(err)
		}
		q.Host = tc.host
		q.Header.Set("Origin", tc.origin)
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != tc.status {
			t.Errorf("%s: got %d, want %d", tc.name, res.StatusCode, tc.status)
		}
	}
}
