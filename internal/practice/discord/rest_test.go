package discord

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const quiet = `,"allowed_mentions":{"parse":[]}}`

// run of a letter.
func run(n int) string { return strings.Repeat("é", n) }

func buttons(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"type":2,"style":2,"label":"b","custom_id":"id%d"}`, i))
	}
	return `{"type":1,"components":[` + strings.Join(all, ",") + `]}`
}

func options(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"label":"o","value":"%d"}`, i))
	}
	return `{"type":1,"components":[{"type":3,"custom_id":"menu","options":[` + strings.Join(all, ",") + `]}]}`
}

func times(n int, one string) string {
	return strings.TrimSuffix(strings.Repeat(one+",", n), ",")
}

func TestLimitsOfMessages(t *testing.T) {
	field := `{"name":"` + run(256) + `","value":"` + run(1024) + `"}`
	tests := []struct {
		name, body string
		code       int    // 0 is taken
		path       string // of the error, as JSON keys in order
	}{
		{"content", `{"content":"` + run(2000) + `"` + quiet, 0, ""},
		{"content too long", `{"content":"` + run(2001) + `"` + quiet, 50035, `"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"`},
		{"empty", `{"content":"  "` + quiet, 50006, ""},
		{"no JSON", `{"content":`, 50109, ""},
		{"content of the wrong type", `{"content":5` + quiet, 50035, `"content":{"_errors"`},
		{"ten embeds", `{"embeds":[` + times(10, `{"title":"x"}`) + `]` + quiet, 0, ""},
		{"eleven embeds", `{"embeds":[` + times(11, `{"title":"x"}`) + `]` + quiet, 50035, `"embeds":{"_errors"`},
		{"embed title", `{"embeds":[{"title":"` + run(257) + `"}]` + quiet, 50035, `"embeds":{"0":{"title"`},
		{"embed description", `{"embeds":[{"description":"` + run(4097) + `"}]` + quiet, 50035, `"embeds":{"0":{"description"`},
		{"embed footer", `{"embeds":[{"footer":{"text":"` + run(2049) + `"}}]` + quiet, 50035, `"footer":{"text"`},
		{"embed author", `{"embeds":[{"author":{"name":"` + run(257) + `"}}]` + quiet, 50035, `"author":{"name"`},
		{"field name", `{"embeds":[{"fields":[{"name":"` + run(257) + `","value":"x"}]}]` + quiet, 50035, `"fields":{"0":{"name"`},
		{"field value", `{"embeds":[{"fields":[{"name":"x","value":"` + run(1025) + `"}]}]` + quiet, 50035, `"fields":{"0":{"value"`},
		{"field without value", `{"embeds":[{"fields":[{"name":"x","value":""}]}]` + quiet, 50035, `BASE_TYPE_REQUIRED`},
		{"26 fields", `{"embeds":[{"fields":[` + times(26, `{"name":"x","value":"x"}`) + `]}]` + quiet, 50035, `"fields":{"_errors"`},
		{"sum of embeds", `{"embeds":[{"fields":[` + times(5, field) + `]}]` + quiet, 50035, `MAX_EMBED_SIZE_EXCEEDED`},
		{"embed of nothing", `{"embeds":[{}]` + quiet, 50035, `BASE_TYPE_REQUIRED`},
		{"embed colour", `{"embeds":[{"title":"x","color":16777216}]` + quiet, 50035, `"color"`},
		{"embed link", `{"embeds":[{"title":"x","url":"javascript:x"}]` + quiet, 50035, `URL_TYPE_INVALID_SCHEME`},
		{"five buttons", `{"content":"x","components":[` + buttons(5) + `]` + quiet, 0, ""},
		{"six buttons", `{"content":"x","components":[` + buttons(6) + `]` + quiet, 50035, `"components":{"0":{"components"`},
		{"six rows", `{"content":"x","components":[` + times(6, `{"type":1,"components":[{"type":2,"style":5,"label":"x","url":"https://x.example"}]}`) + `]` + quiet, 50035, `"components":{"_errors"`},
		{"one id twice", `{"content":"x","components":[` + buttons(1) + `,` + buttons(1) + `]` + quiet, 50035, `COMPONENT_CUSTOM_ID_DUPLICATED`},
		{"long label", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":2,"custom_id":"x","label":"` + run(81) + `"}]}]` + quiet, 50035, `"label"`},
		{"no label", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":2,"custom_id":"x"}]}]` + quiet, 50035, `BUTTON_COMPONENT_INVALID_EMOJI`},
		{"long id", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":2,"label":"x","custom_id":"` + run(101) + `"}]}]` + quiet, 50035, `"custom_id"`},
		{"id and link", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":5,"label":"x","custom_id":"x","url":"https://x.example"}]}]` + quiet, 50035, `MUTUALLY_EXCLUSIVE`},
		{"unknown style", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":9,"label":"x","custom_id":"x"}]}]` + quiet, 50035, `"style"`},
		{"button without row", `{"content":"x","components":[{"type":2,"style":2,"label":"x","custom_id":"x"}]` + quiet, 50035, `"type"`},
		{"25 options", `{"content":"x","components":[` + options(25) + `]` + quiet, 0, ""},
		{"26 options", `{"content":"x","components":[` + options(26) + `]` + quiet, 50035, `"options"`},
		{"menu beside a button", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":2,"label":"x","custom_id":"x"},{"type":3,"custom_id":"y","options":[{"label":"o","value":"o"}]}]}]` + quiet, 50035, `COMPONENT_LAYOUT_WIDTH_EXCEEDED`},
		{"text without V2", `{"content":"x","components":[{"type":10,"content":"x"}]` + quiet, 50035, `"type"`},
		{"V2", `{"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"x"},` + buttons(2) + `]}]` + quiet, 0, ""},
		{"V2 with content", `{"flags":32768,"content":"x","components":[{"type":10,"content":"x"}]` + quiet, 50035, `"content"`},
		{"V2 with embeds", `{"flags":32768,"embeds":[{"title":"x"}],"components":[{"type":10,"content":"x"}]` + quiet, 50035, `"embeds"`},
		{"V2 of 41", `{"flags":32768,"components":[` + times(41, `{"type":10,"content":"x"}`) + `]` + quiet, 50035, `COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED`},
		{"long nonce", `{"content":"x","nonce":"` + run(26) + `"` + quiet, 50035, `"nonce"`},
		{"parse and ids", `{"content":"x","allowed_mentions":{"parse":["users"],"users":["` + Ana + `"]}}`, 50035, `PARSE_EXCLUSIVE`},
		{"parse of no sort", `{"content":"x","allowed_mentions":{"parse":["all"]}}`, 50035, `"parse":{"0"`},
		{"no snowflake", `{"content":"x","allowed_mentions":{"users":["ana"]}}`, 50035, `is not snowflake`},
		{"answer to nothing", `{"content":"x","message_reference":{"message_id":"1"}` + quiet, 50035, `"message_reference"`},
	}
	r := newRig(t)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := r.do("POST", "/channels/"+Operations+"/messages", tc.body)
			if a.code() != tc.code || (tc.code == 0) != (a.status == http.StatusOK) {
				t.Fatalf("got %d %.300s, want code %d", a.status, a.raw, tc.code)
			}
			if !strings.Contains(a.raw, tc.path) {
				t.Errorf("got %s, want %s in it", a.raw, tc.path)
			}
		})
	}
	r.clean()
}

func TestErrorsOfTheAPI(t *testing.T) {
	r := newRig(t)
	thread := r.thread()
	card := thread // a thread has the id of its message
	said, err := r.Say(Ana, Operations, "hello")
	if err != nil {
		t.Fatal(err)
	}
	gone := r.AddChannel("gone")
	if err := r.DeleteChannel(gone); err != nil {
		t.Fatal(err)
	}
	hi := `{"content":"hi"` + quiet
	at := "/channels/" + Operations
	tests := []struct {
		method, path, body string
		status, code       int
	}{
		{"GET", "/nothing", "", 404, 0},
		{"PUT", at + "/messages", hi, 405, 0},
		{"POST", "/channels/" + gone + "/messages", hi, 404, 10003},
		{"GET", "/channels/abc", "", 400, 50035},
		{"GET", at + "/messages/123456789012345678", "", 404, 10008},
		{"PATCH", at + "/messages/123456789012345678", hi, 404, 10008},
		{"DELETE", at + "/messages/123456789012345678", "", 404, 10008},
		{"PATCH", at + "/messages/" + said, hi, 403, 50005},
		{"DELETE", at + "/messages/" + said, "", 403, 50013},
		{"PATCH", at, `{"topic":"x"}`, 403, 50013},
		{"POST", at + "/messages/" + card + "/threads", `{"name":"again"}`, 400, 160004},
		{"POST", "/channels/" + thread + "/threads", `{"name":"again","type":11}`, 400, 50024},
		{"POST", at + "/threads", `{"name":""}`, 400, 50035},
		{"POST", at + "/threads", `{"name":"private by default"}`, 403, 50013},
		{"POST", at + "/threads", `{"name":"` + run(101) + `","type":11}`, 400, 50035},
		{"POST", at + "/threads", `{"name":"x","type":11,"auto_archive_duration":61}`, 400, 50035},
		{"GET", "/guilds/" + Application, "", 404, 10004},
		{"GET", "/guilds/" + Guild + "/members/" + Guild, "", 404, 10007},
		{"GET", "/applications/" + Guild + "/guilds/" + Guild + "/commands", "", 403, 20012},
		{"POST", "/interactions/123456789012345678/none/callback", `{"type":5}`, 404, 10062},
		{"POST", "/webhooks/" + Application + "/none", hi, 401, 50027},
	}
	for _, tc := range tests {
		a := r.do(tc.method, tc.path, tc.body)
		if a.status != tc.status || a.code() != tc.code {
			t.Errorf("%s %s: got %d %s, want %d with code %d", tc.method, tc.path, a.status, a.raw, tc.status, tc.code)
		}
	}
}

func TestHeadersThatAreWanted(t *testing.T) {
	r := newRig(t)
	a := r.do("GET", "/users/@me", "", func(q *http.Request) { q.Header.Set("User-Agent", "curl/8") })
	if a.status != http.StatusForbidden || len(r.Breaches()) != 1 {
		t.Errorf("got %d and breaches %q, want 403 and one", a.status, r.Breaches())
	}
	if a := r.do("GET", "/users/@me", "", func(q *http.Request) { q.Header.Set("Authorization", "Bot other") }); a.status != http.StatusUnauthorized || a.object["message"] != "401: Unauthorized" {
		t.Errorf("got %d %s, want 401", a.status, a.raw)
	}
	if a := r.do("POST", "/channels/"+Random+"/messages", "content=x", func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") }); a.code() != 50035 {
		t.Errorf("got %d %s, want an invalid form", a.status, a.raw)
	}
	if a := r.do("GET", "/users/@me", "", func(q *http.Request) { q.URL.Path = "/api/v5/users/@me" }); a.code() != 50041 {
		t.Errorf("got %d %s, want an invalid version", a.status, a.raw)
	}
}

func TestPermissions(t *testing.T) {
	tests := []struct {
		name               string
		deny               Permission
		method, path, body string
		code               int
	}{
		{"not seen", ViewChannel, "POST", "/channels/{op}/messages", `{"content":"x"` + quiet, 50001},
		{"no messages", SendMessages, "POST", "/channels/{op}/messages", `{"content":"x"` + quiet, 50013},
		{"no messages does not hold in threads", SendMessages, "POST", "/channels/{thread}/messages", `{"content":"x"` + quiet, 0},
		{"no messages in threads", SendMessagesInThreads, "POST", "/channels/{thread}/messages", `{"content":"x"` + quiet, 50013},
		{"no embeds", EmbedLinks, "POST", "/channels/{op}/messages", `{"embeds":[{"title":"x"}]` + quiet, 50013},
		{"no threads", CreatePublicThreads, "POST", "/channels/{op}/threads", `{"name":"x","type":11}`, 50013},
		{"no pins", PinMessages, "PUT", "/channels/{op}/messages/pins/{card}", "", 50013},
		{"no history", ReadMessageHistory, "GET", "/channels/{op}/messages/{card}", "", 50013},
		{"own thread without the right", ManageThreads, "PATCH", "/channels/{thread}", `{"archived":true}`, 0},
		{"lock without the right", ManageThreads, "PATCH", "/channels/{thread}", `{"locked":true}`, 50013},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t)
			thread := r.thread()
			if err := r.Deny(Operations, tc.deny); err != nil {
				t.Fatal(err)
			}
			path := strings.NewReplacer("{op}", Operations, "{thread}", thread, "{card}", thread).Replace(tc.path)
			if a := r.do(tc.method, path, tc.body); a.code() != tc.code {
				t.Errorf("got %d %s, want code %d", a.status, a.raw, tc.code)
			}
			if err := r.Allow(Operations, tc.deny); err != nil {
				t.Fatal(err)
			}
			if a := r.do(tc.method, path, tc.body); a.status >= 300 {
				t.Errorf("with the right: got %d %s", a.status, a.raw)
			}
		})
	}
}

func TestNonce(t *testing.T) {
	r := newRig(t)
	body := `{"content":"x","nonce":"n1","enforce_nonce":true` + quiet
	first := r.post(Operations, body)
	if again := r.post(Operations, body); again.id() != first.id() {
		t.Errorf("got another message %s, want %s", again.id(), first.id())
	}
	if other := r.post(Random, body); other.id() == first.id() {
		t.Error("the nonce held in another channel")
	}
	if loose := r.post(Operations, `{"content":"x","nonce":"n1"`+quiet); loose.id() == first.id() {
		t.Error("the nonce held without being enforced")
	}
	r.clock.advance(nonceLife + time.Second)
	if later := r.post(Operations, body); later.id() == first.id() {
		t.Error("the nonce held for too long")
	}
	if got := r.Messages(Operations)[0].Nonce; got != "n1" {
		t.Errorf("got nonce %q, want n1", got)
	}
}

func TestArchivedThreads(t *testing.T) {
	r := newRig(t)
	r.commands()
	thread := r.thread()
	at := "/channels/" + thread
	said := r.post(thread, `{"content":"x"`+quiet).id()
	edit := func() answer { return r.do("PATCH", at+"/messages/"+said, `{"content":"y"`+quiet) }
	if err := r.ArchiveThread(thread); err != nil {
		t.Fatal(err)
	}
	if a := edit(); a.code() != 50083 {
		t.Errorf("got %d %s, want 50083", a.status, a.raw)
	}
	if a := r.do("PATCH", at, `{"name":"x"}`); a.code() != 50083 {
		t.Errorf("got %d %s, want 50083", a.status, a.raw)
	}
	if _, err := r.Command(t.Context(), Ana, thread, "mayday status", nil); err == nil {
		t.Error("a command was used in an archived thread")
	}
	if a := r.do("PATCH", at, `{"archived":false,"locked":false}`); a.status != http.StatusOK {
		t.Fatalf("got %d %s, want 200", a.status, a.raw)
	}
	if a := edit(); a.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", a.status, a.raw)
	}
	if err := r.ArchiveThread(thread); err != nil {
		t.Fatal(err)
	}
	r.post(thread, `{"content":"posting opens it"`+quiet)
	if got, _ := r.Thread(thread); got.Archived || got.AutoArchive != 7*24*time.Hour || !got.Public {
		t.Errorf("got %+v, want it open, for a week, public", got)
	}
	if err := r.DeleteThread(thread); err != nil {
		t.Fatal(err)
	}
	if a := r.do("POST", at+"/messages", `{"content":"x"`+quiet); a.code() != 10003 {
		t.Errorf("got %d %s, want 10003", a.status, a.raw)
	}
	r.clean()
}

func TestOldMessagesTakeFewEdits(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	at := "/channels/" + Operations + "/messages/" + r.post(Operations, `{"content":"x"`+quiet).id()
	r.clock.advance(time.Hour + time.Second)
	for range oldEdits {
		if a := r.do("PATCH", at, `{"content":"y"`+quiet); a.status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", a.status, a.raw)
		}
	}
	a := r.do("PATCH", at, `{"content":"z"`+quiet)
	if wait, _ := a.object["retry_after"].(float64); a.status != http.StatusTooManyRequests || a.code() != 30046 || wait <= 0 {
		t.Errorf("got %d %s, want 429 with code 30046", a.status, a.raw)
	}
}

func TestPins(t *testing.T) {
	r := newRig(t)
	card := r.thread()
	for range 2 {
		if a := r.do("PUT", "/channels/"+Operations+"/messages/pins/"+card, ""); a.status != http.StatusNoContent {
			t.Fatalf("got %d %s, want 204", a.status, a.raw)
		}
	}
	if got := r.Pins(Operations); len(got) != 1 || !got[0].Pinned {
		t.Errorf("got %d pins, want one", len(got))
	}
	if a := r.do("DELETE", "/channels/"+Operations+"/messages/pins/"+card, ""); a.status != http.StatusNoContent || len(r.Pins(Operations)) != 0 {
		t.Errorf("got %d and %d pins, want none", a.status, len(r.Pins(Operations)))
	}
}

func TestFilesComeWithTheirWords(t *testing.T) {
	r := newRig(t)
	body := "--b\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n" +
		`{"content":"x","attachments":[{"id":0,"description":"a graph"}]` + quiet +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"graph.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
	a := r.do("POST", "/channels/"+Operations+"/messages", body, func(q *http.Request) { q.Header.Set("Content-Type", "multipart/form-data; boundary=b") })
	if a.status != http.StatusOK || !strings.Contains(a.raw, `"description":"a graph"`) {
		t.Fatalf("got %d %s, want the file with its words", a.status, a.raw)
	}
	if got := r.Messages(Operations)[0].Files; len(got) != 1 || got[0] != "graph.png" {
		t.Errorf("got %q, want graph.png", got)
	}
}
