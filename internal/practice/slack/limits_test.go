package slack

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func TestOneMessageASecondInAChannel(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	var limited *slack.RateLimitedError
	for n := range 5 {
		_, _, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false))
		if errors.As(err, &limited) {
			if n < 2 {
				t.Errorf("limited after %d messages", n)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if limited == nil || limited.RetryAfter != time.Second {
		t.Fatalf("got %v, want to wait a second", limited)
	}
	if _, _, err := r.client.PostMessage(Status, slack.MsgOptionText("x", false)); err != nil {
		t.Errorf("got %v, another channel has its own", err)
	}
	last := r.Journal()[len(r.Journal())-2]
	if last.Status != http.StatusTooManyRequests || last.Error != "ratelimited" || last.Form["channel"] != Operations {
		t.Errorf("got %+v in the journal", last)
	}
}

func TestTiersAreByMethod(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Faster = 1 })
	wait := 0
	for range int(tier2.burst) + 1 {
		wait = r.limits.spend("users.list", tier2)
	}
	if wait < 1 || wait > 3 {
		t.Errorf("got a wait of %d s, want about three", wait)
	}
	if r.limits.spend("pins.add", tier2) != 0 {
		t.Error("another method waits as well")
	}
}
