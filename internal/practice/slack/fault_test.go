package slack

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func post(r *rig) error {
	_, _, err := r.client.PostMessage(Operations, slack.MsgOptionText("x", false))
	return err
}

func TestFaultsComeOneAfterTheOther(t *testing.T) {
	r := newRig(t)
	r.Play(
		Fault{Kind: Limited, Method: "chat.postMessage", Count: 1, RetryAfter: 7}, Fault{Kind: Failing, Method: "chat.postMessage", Count: 1, Status: 503},
		Fault{Kind: Drop, Method: "chat.postMessage", Count: 1}, Fault{Kind: HTMLPage, Method: "chat.postMessage", Count: 1},
		Fault{Kind: Error, Method: "chat.postMessage", Count: 2, Error: "fatal_error"},
	)
	var limited *slack.RateLimitedError
	if err := post(r); !errors.As(err, &limited) || limited.RetryAfter != 7*time.Second {
		t.Errorf("got %v, want a limit of 7 s", err)
	}
	var status slack.StatusCodeError
	if err := post(r); !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable {
		t.Errorf("got %v, want 503", err)
	}
	for range 2 {
		if err := post(r); err == nil {
			t.Error("got no error")
		}
	}
	for range 2 {
		if err := post(r); err == nil || err.Error() != "fatal_error" {
			t.Errorf("got %v, want fatal_error", err)
		}
	}
	if n := len(r.Messages(Operations)); n != 0 {
		t.Errorf("got %d messages, want none", n)
	}
	if err := post(r); err != nil {
		t.Errorf("got %v after the faults", err)
	}
}

func TestEffectWithoutAReply(t *testing.T) {
	r := newRig(t)
	var accepted atomic.Int64
	r.OnAccept(func(method string) {
		if method == "chat.postMessage" {
			accepted.Add(1)
		}
	})
	r.Play(Fault{Kind: LoseReply, Method: "chat.postMessage", Count: 1}, Fault{Kind: Malformed, Count: 1})
	for range 2 {
		if err := post(r); err == nil {
			t.Error("got a reply")
		}
	}
	if n := len(r.Messages(Operations)); n != 2 || accepted.Load() != 2 {
		t.Errorf("got %d messages and %d calls of the hook, want two", n, accepted.Load())
	}
}

func TestFaultUntilMended(t *testing.T) {
	r := newRig(t)
	r.Play(Fault{Kind: Failing, Method: "chat.postMessage"})
	for range 3 {
		if post(r) == nil {
			t.Error("got no error")
		}
	}
	if _, err := r.client.AuthTest(); err != nil {
		t.Errorf("got %v, another method is well", err)
	}
	r.Mend()
	if err := post(r); err != nil {
		t.Error(err)
	}
}

func TestRefusedConnections(t *testing.T) {
	r := newRig(t)
	r.listen(func(socketmode.Event) (any, bool) { return nil, true })
	if err := r.Refuse(true); err != nil {
		t.Fatal(err)
	}
	if err := post(r); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want a refused connection", err)
	}
	r.until("the sockets to be cut", func() bool { return r.Sockets() == 0 })
	if err := r.Refuse(false); err != nil {
		t.Fatal(err)
	}
	if err := post(r); err != nil {
		t.Error(err)
	}
}

func TestSocketsCloseAndComeAgain(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Patience = 50 * time.Millisecond })
	r.listen(func(socketmode.Event) (any, bool) { return nil, true })
	opened := func() int {
		n := 0
		for _, c := range r.Journal() {
			if c.Method == ToSocket && c.Status == http.StatusSwitchingProtocols {
				n++
			}
		}
		return n
	}
	for _, f := range []Fault{{Kind: CloseSocket, Count: 1}, {Kind: Disconnect, Count: 1, Reason: "refresh_requested"}, {Kind: Disconnect, Count: 1, Reason: "warning"}} {
		before := opened()
		r.Play(f)
		r.until("a new socket", func() bool { return opened() > before && r.Sockets() > 0 })
	}
	if _, err := r.Command(t.Context(), Ana, Operations, "status"); err != nil {
		t.Error(err)
	}
}

func TestHalfOpenSocketIsNoFaultOfTheBot(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Deadline = 100 * time.Millisecond })
	r.listen(func(socketmode.Event) (any, bool) { return nil, true })
	r.Play(Fault{Kind: HalfOpen, Count: 1})
	if _, err := r.Command(t.Context(), Ana, Operations, "status"); err == nil || !strings.Contains(err.Error(), "operation_timeout") {
		t.Errorf("got %v, want operation_timeout", err)
	}
	r.clean()
}

func TestCommandInAThreadIsRefused(t *testing.T) {
	r := newRig(t)
	ts, err := r.Say(Ana, Operations, "", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.CommandInThread(t.Context(), Ana, Operations, ts, "status"); err == nil || !strings.Contains(err.Error(), "not supported in threads") {
		t.Errorf("got %v", err)
	}
}
