package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// hook serves the three request URLs; it checks signatures with the real client.
func hook(t *testing.T, r *rig, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		v, err := slack.NewSecretsVerifier(q.Header, secret)
		if err == nil {
			_, _ = v.Write(body)
			err = v.Ensure()
		}
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var e struct{ Type, Challenge string }
		if json.Unmarshal(body, &e) == nil && e.Type == "url_verification" {
			_, _ = w.Write([]byte(e.Challenge))
			return
		}
		q.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, q)
	}))
	t.Cleanup(server.Close)
	if err := r.Aim(server.URL); err != nil {
		t.Fatal(err)
	}
	return server
}

func TestSignatureIsAsPublished(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	got := Sign(secret, time.Unix(1531420618, 0), []byte(body))
	if got.Get("X-Slack-Signature") != "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503" || got.Get("X-Slack-Request-Timestamp") != "1531420618" {
		t.Errorf("got %v", got)
	}
}

func TestDeliveriesOverHTTP(t *testing.T) {
	r := newRig(t)
	_, ts, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("b", button("own", "Own", "1"))))
	if err != nil {
		t.Fatal(err)
	}
	hook(t, r, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == paths[kindCommand] {
			c, err := slack.SlashCommandParse(q)
			if err != nil || c.Text != "status" {
				t.Errorf("got %+v and %v", c, err)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"response_type":"in_channel","text":"all is well"}`)
			return
		}
		i, err := slack.InteractionCallbackParse(q)
		if err != nil {
			t.Error(err)
		}
		r.respond(i.ResponseURL, object{"replace_original": true, "text": "owned"})
	})
	seen, err := r.Command(t.Context(), Ana, Operations, "status")
	if err != nil || seen.Text != "all is well" || len(r.Messages(Operations)) != 2 {
		t.Errorf("got %+v and %v", seen, err)
	}
	seen, err = r.Press(t.Context(), Ana, Operations, ts, "own")
	if err != nil || seen.Text != "owned" {
		t.Errorf("got %+v and %v", seen, err)
	}
	r.clean()
}

func TestForgedAndOldDeliveries(t *testing.T) {
	r := newRig(t)
	calls := atomic.Int64{}
	hook(t, r, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	body := []byte(url.Values{"command": {"/mayday"}}.Encode())
	for _, c := range []struct {
		at     time.Time
		secret string
		want   int
	}{{time.Now(), secret, 200}, {time.Now(), "other", 401}, {time.Now().Add(-6 * time.Minute), secret, 401}} {
		if got, err := r.Deliver(paths[kindCommand], body, c.at, c.secret); err != nil || got != c.want {
			t.Errorf("got %d and %v, want %d", got, err, c.want)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("got %d calls, want one", calls.Load())
	}
}

func TestEventsAreRetriedAndDeliveredAgain(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Patience = 50 * time.Millisecond })
	var ids, retries []string
	hook(t, r, func(w http.ResponseWriter, q *http.Request) {
		var e struct {
			EventID string `json:"event_id"`
		}
		if err := json.NewDecoder(q.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		ids, retries = append(ids, e.EventID), append(retries, q.Header.Get("X-Slack-Retry-Num")+q.Header.Get("X-Slack-Retry-Reason"))
		if len(ids) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	if _, err := r.Mention(t.Context(), Ana, Operations, "", "status"); err != nil {
		t.Fatal(err)
	}
	if err := r.Redeliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] || retries[0] != "" || retries[1] != "1http_error" || retries[2] != "2http_timeout" {
		t.Errorf("got %q and %q, want the same event three times", ids, retries)
	}
}

func TestRequestURLIsVerified(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	if err := r.Aim(server.URL); err == nil {
		t.Error("a request URL without the challenge was taken")
	}
	if err := r.Aim("https://elsewhere.example"); err == nil {
		t.Error("a target off this machine was taken")
	}
}

func TestBotThatIsNotThere(t *testing.T) {
	r := newRig(t)
	server := hook(t, r, func(http.ResponseWriter, *http.Request) {})
	server.Close()
	if _, err := r.Command(t.Context(), Ana, Operations, "status"); err == nil || !strings.Contains(err.Error(), "dispatch_failed") {
		t.Errorf("got %v, want dispatch_failed", err)
	}
	r.clean()
}

func TestResponseURLIsGoodFiveTimesWithinHalfAnHour(t *testing.T) {
	at := &clock{at: time.Now()}
	r := newRig(t, func(o *Options) { o.Now = at.now })
	address := func() string {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.newResponse(responseURL{user: Ana, channel: Operations})
	}
	one := address()
	for n := range 6 {
		if got, want := r.respond(one, object{"text": "x"}), map[bool]int{true: 200, false: 404}[n < 5]; got != want {
			t.Errorf("use %d: got %d, want %d", n+1, got, want)
		}
	}
	if len(r.Ephemerals(Ana)) != 5 {
		t.Errorf("got %d messages, want 5", len(r.Ephemerals(Ana)))
	}
	two := address()
	at.at = at.at.Add(31 * time.Minute)
	if got := r.respond(two, object{"text": "x"}); got != 404 {
		t.Errorf("got %d, want 404 after half an hour", got)
	}
}

func TestOriginalIsReplacedAndDeleted(t *testing.T) {
	r := newRig(t)
	r.api("chat.postEphemeral", "channel", Operations, "user", Ana, "text", "pick", "blocks", actions("["+buttonJSON("a", "One", "1")+","+buttonJSON("b", "Two", "2")+"]"))
	hook(t, r, func(_ http.ResponseWriter, q *http.Request) {
		i, err := slack.InteractionCallbackParse(q)
		if err != nil || !i.Container.IsEphemeral || i.Message.Text != "" {
			t.Errorf("got %+v and %v, want an ephemeral container without its message", i, err)
		}
		if i.ActionCallback.BlockActions[0].Value == "1" {
			r.respond(i.ResponseURL, object{"replace_original": true, "text": "still", "blocks": json.RawMessage(actions("[" + buttonJSON("b", "Two", "2") + "]"))})
			return
		}
		r.respond(i.ResponseURL, object{"delete_original": true})
	})
	if seen, err := r.PressSeen(t.Context(), Ana, "One"); err != nil || len(seen.Ephemerals) != 1 || len(seen.Ephemerals[0].Buttons()) != 1 {
		t.Errorf("got %+v and %v", seen, err)
	}
	if _, err := r.PressSeen(t.Context(), Ana, "Two"); err != nil || len(r.Ephemerals(Ana)) != 0 {
		t.Errorf("got %v, %d are left", err, len(r.Ephemerals(Ana)))
	}
}
