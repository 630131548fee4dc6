package discord

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
)

func TestBuckets(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	path := "/channels/" + Random + "/messages"
	for n := range 5 {
		a := r.do("POST", path, `{"content":"x"`+quiet)
		if got := a.header.Get("X-RateLimit-Remaining"); a.status != http.StatusOK || got != string(rune('4'-n)) {
			t.Fatalf("got %d with %q left, want 200 with %d", a.status, got, 4-n)
		}
	}
	a := r.do("POST", path, `{"content":"x"`+quiet)
	wait, _ := a.object["retry_after"].(float64)
	if a.status != http.StatusTooManyRequests || wait <= 0 || wait > 5 || a.object["global"] != false {
		t.Errorf("got %d %s, want 429 with a wait below five seconds", a.status, a.raw)
	}
	for name, want := range map[string]string{"X-RateLimit-Scope": "user", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"X-RateLimit-Bucket", "X-RateLimit-Reset", "X-RateLimit-Reset-After", "Retry-After"} {
		if a.header.Get(name) == "" {
			t.Errorf("the header %s is missing", name)
		}
	}
	if a := r.do("POST", "/channels/"+Status+"/messages", `{"content":"x"`+quiet); a.status != http.StatusOK {
		t.Errorf("another channel: got %d %s, want 200", a.status, a.raw)
	}
	if got := r.Invalid(); got != 1 {
		t.Errorf("got %d invalid answers, want 1", got)
	}
}

func TestTheGlobalLimit(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	var last answer
	for range globalMost + 60 {
		if last = r.do("GET", "/channels/"+Random, ""); last.object["global"] == true {
			break
		}
		// Buckets fill before; another one is taken then.
		if last = r.do("GET", "/channels/"+Status, ""); last.object["global"] == true {
			break
		}
	}
	if last.object["global"] != true || last.header.Get("X-RateLimit-Global") != "true" || last.header.Get("X-RateLimit-Scope") != "global" {
		t.Errorf("got %d %s, want a global 429", last.status, last.raw)
	}
}

func TestRenamesHaveALimitThatNoHeaderTells(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	thread := r.thread()
	for _, name := range []string{"a", "b"} {
		if a := r.do("PATCH", "/channels/"+thread, `{"name":"`+name+`"}`); a.status != http.StatusOK || a.header.Get("X-RateLimit-Remaining") == "0" {
			t.Fatalf("got %d %s, want 200", a.status, a.raw)
		}
	}
	a := r.do("PATCH", "/channels/"+thread, `{"name":"c"}`)
	if wait, _ := a.object["retry_after"].(float64); a.status != http.StatusTooManyRequests || wait < 60 {
		t.Errorf("got %d %s, want 429 for minutes", a.status, a.raw)
	}
	if a := r.do("PATCH", "/channels/"+thread, `{"archived":true}`); a.status != http.StatusOK {
		t.Errorf("got %d %s, want 200: that is no rename", a.status, a.raw)
	}
}

// A guild has so many active threads: no other is opened and none that was put
// away comes back, until one of them is put away.
func TestActiveThreadsAreCapped(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Threads = 2 })
	old := r.thread()
	if err := r.ArchiveThread(old); err != nil {
		t.Fatal(err)
	}
	first := r.thread()
	r.thread()
	card := r.post(Operations, `{"content":"card"`+quiet).id()
	calls := [][3]string{
		{"POST", "/channels/" + Operations + "/messages/" + card + "/threads", `{"name":"INC-9"}`},
		{"POST", "/channels/" + Operations + "/threads", `{"name":"alone","type":11}`},
		{"PATCH", "/channels/" + old, `{"archived":false}`},
		{"POST", "/channels/" + old + "/messages", `{"content":"x"` + quiet},
	}
	for _, c := range calls {
		if a := r.do(c[0], c[1], c[2]); a.status != http.StatusBadRequest || a.code() != 160006 {
			t.Errorf("%s %s: got %d %s, want 400 with code 160006", c[0], c[1], a.status, a.raw)
		}
	}
	r.post(first, `{"content":"in one that is open"`+quiet)
	if err := r.ArchiveThread(first); err != nil {
		t.Fatal(err)
	}
	if a := r.do(calls[0][0], calls[0][1], calls[0][2]); a.status != http.StatusCreated {
		t.Errorf("after one was put away: got %d %s, want 201", a.status, a.raw)
	}
	r.clean()
}

func TestAReplyNeedsTheHistory(t *testing.T) {
	r := newRig(t)
	card := r.post(Operations, `{"content":"card"`+quiet).id()
	body := `{"content":"x","message_reference":{"message_id":"` + card + `"}` + quiet
	if a := r.post(Operations, body); !strings.Contains(a.raw, `"message_reference":{`) || r.Messages(Operations)[1].Answers != card {
		t.Errorf("got %s, want a reply to %s", a.raw, card)
	}
	if err := r.Deny(Operations, ReadMessageHistory); err != nil {
		t.Fatal(err)
	}
	if a := r.do("POST", "/channels/"+Operations+"/messages", body); a.status != http.StatusForbidden || a.code() != 160002 {
		t.Errorf("got %d %s, want 403 with code 160002", a.status, a.raw)
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	const body = `{"content":"x"` + quiet
	tests := []struct {
		fault   Fault
		status  int // 0 is no answer
		posted  int
		invalid int
		raw     string
	}{
		{Fault{Kind: Limited, RetryAfter: 1.5, Scope: "shared"}, 429, 0, 0, `"retry_after":1.5`},
		{Fault{Kind: Limited, Scope: "global"}, 429, 0, 1, `"global":true`},
		{Fault{Kind: Failing}, 500, 0, 0, "500: Internal Server Error"},
		{Fault{Kind: Failing, Status: 502}, 502, 0, 0, "Bad Gateway"},
		{Fault{Kind: Drop}, 0, 0, 0, ""},
		{Fault{Kind: LoseReply}, 0, 1, 0, ""},
		{Fault{Kind: Malformed}, 200, 1, 0, `"content": `},
		{Fault{Kind: BanPage}, 429, 0, 1, "Error 1015"},
		{Fault{Kind: Late, Delay: time.Millisecond}, 200, 1, 0, `"content":"x"`},
	}
	for _, tc := range tests {
		t.Run(string(tc.fault.Kind)+tc.fault.Scope, func(t *testing.T) {
			r := newRig(t)
			tc.fault.Route = "POST /channels/{channel_id}/messages"
			r.Play(tc.fault)
			if a := r.do("GET", "/users/@me", ""); a.status != http.StatusOK {
				t.Fatalf("another route: got %d, want 200", a.status)
			}
			a := r.do("POST", "/channels/"+Random+"/messages", body)
			if a.status != tc.status || !strings.Contains(a.raw, tc.raw) {
				t.Errorf("got %d %q, want %d with %q", a.status, a.raw, tc.status, tc.raw)
			}
			if got := len(r.Messages(Random)); got != tc.posted {
				t.Errorf("got %d messages, want %d", got, tc.posted)
			}
			if got := r.Invalid(); got != tc.invalid {
				t.Errorf("got %d invalid answers, want %d", got, tc.invalid)
			}
			r.post(Random, body)
			journal := r.Journal()
			if got := journal[len(journal)-2]; got.Fault != tc.fault.Kind || got.Body != body || got.Status != tc.status {
				t.Errorf("got %+v in the journal, want the fault, the body and the status", got)
			}
		})
	}
}

func TestHangLastsUntilTheCallerGoes(t *testing.T) {
	r := newRig(t)
	r.Play(Fault{Kind: Hang, Count: -1})
	r.http.Timeout = 30 * time.Millisecond
	if a := r.do("GET", "/users/@me", ""); a.status != 0 {
		t.Errorf("got %d, want no answer", a.status)
	}
	r.Calm()
	r.http.Timeout = 0
	if a := r.do("GET", "/users/@me", ""); a.status != http.StatusOK {
		t.Errorf("got %d, want 200", a.status)
	}
}

func TestARevokedTokenMustBeLeftAlone(t *testing.T) {
	r := newRig(t)
	ask := func() int { return r.do("GET", "/users/@me", "").status }
	r.RevokeToken()
	for range 2 {
		if ask() != 401 {
			t.Error("a revoked token was taken")
		}
	}
	r.clean() // both were under way at once
	r.audit.mu.Lock()
	one := r.audit.refused["Bot "+token]
	one.first = one.first.Add(-2 * tokenGrace)
	r.audit.refused["Bot "+token] = one
	r.audit.mu.Unlock()
	if ask(); len(r.Breaches()) != 1 {
		t.Errorf("got breaches %q, want one", r.Breaches())
	}
	r.clock.advance(5 * time.Minute)
	if ask(); len(r.Breaches()) != 1 {
		t.Errorf("got breaches %q, want no other: it was left alone", r.Breaches())
	}
	r.RestoreToken()
	if ask() != http.StatusOK {
		t.Error("a restored token was not taken")
	}
}

func TestTooManyInvalidAnswers(t *testing.T) {
	r := newRig(t)
	r.Play(Fault{Kind: Limited, Count: -1})
	for range invalidMost {
		r.do("GET", "/users/@me", "")
	}
	r.clean()
	if r.do("GET", "/users/@me", ""); len(r.Breaches()) != 1 {
		t.Errorf("got breaches %q, want one", r.Breaches())
	}
	r.clock.advance(invalidWindow + time.Second)
	if got := r.Invalid(); got != 0 {
		t.Errorf("got %d invalid answers, want them forgotten", got)
	}
}

func TestMessagesMustSayWhomTheyCall(t *testing.T) {
	r := newRig(t)
	r.post(Random, `{"content":"x"}`)
	if got := r.Breaches(); len(got) != 1 || !strings.Contains(got[0], "allowed_mentions") {
		t.Errorf("got breaches %q, want one of allowed_mentions", got)
	}
}

func TestKickedAndDeleted(t *testing.T) {
	r := newRig(t)
	r.Kick()
	if a := r.do("POST", "/channels/"+Random+"/messages", `{"content":"x"`+quiet); a.code() != 50001 {
		t.Errorf("got %d %s, want 50001", a.status, a.raw)
	}
	if a := r.do("GET", "/guilds/"+Guild, ""); a.code() != 10004 {
		t.Errorf("got %d %s, want 10004", a.status, a.raw)
	}
	if a := r.do("GET", "/applications/"+Application+"/guilds/"+Guild+"/commands", ""); a.code() != 50001 {
		t.Errorf("got %d %s, want 50001", a.status, a.raw)
	}
	r.Invite()
	id := r.post(Random, `{"content":"x"`+quiet).id()
	if err := r.DeleteMessage(Random, id); err != nil {
		t.Fatal(err)
	}
	if a := r.do("PATCH", "/channels/"+Random+"/messages/"+id, `{"content":"x"`+quiet); a.code() != 10008 {
		t.Errorf("got %d %s, want 10008", a.status, a.raw)
	}
}

func TestTheRealClientUnderstandsErrors(t *testing.T) {
	r := newRig(t)
	s := r.session()
	_, err := s.ChannelMessageSend(Random, run(2001))
	var rest *discordgo.RESTError
	if !errors.As(err, &rest) || rest.Message == nil || rest.Message.Code != 50035 {
		t.Errorf("got %v, want the code 50035", err)
	}
	r.Play(Fault{Kind: Limited, RetryAfter: 2.5})
	var limit *discordgo.RateLimitError
	if _, err := s.Channel(Random); !errors.As(err, &limit) || limit.RetryAfter != 2500*time.Millisecond {
		t.Errorf("got %v, want a limit of 2.5 s", err)
	}
}
