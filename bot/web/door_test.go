package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"mayday/internal/fault"
)

func doorServer(t *testing.T, most int, receive func(context.Context, http.Header, []byte) error) string {
	t.Helper()
	o := newWorld().options()
	o.MaxDoors, o.Doors = most, []Door{{Path: "/hooks/pagerduty", Receive: receive}}
	_, srv := newServer(t, o)
	return srv.URL + "/hooks/pagerduty"
}

func TestWhatADoorAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		err    error
		size   int
		panics bool
		status int
	}{
		"stored":                     {status: 202},
		"unsigned":                   {err: fault.New(fault.Unsigned, "", "No valid signature.", ""), status: 401},
		"cannot store":               {err: fault.New(fault.Unavailable, "E26", "The disk is full.", ""), status: 503},
		"any other error":            {err: errors.New("surprise"), status: 503},
		"a refusal is no answer":     {err: fault.New(fault.Refused, "E1", "No.", ""), status: 503},
		"bad input is no answer":     {err: fault.New(fault.Invalid, "E24", "Odd.", ""), status: 503},
		"not found is no answer":     {err: fault.New(fault.NotFound, "E23", "None.", ""), status: 503},
		"a panic":                    {panics: true, status: 503},
		"a read":                     {method: "GET", status: 405},
		"exactly 1 MiB":              {size: doorBody, status: 202},
		"one byte more":              {size: doorBody + 1, status: 413},
		"much more":                  {size: 3 * doorBody, status: 413},
		"a signed body is never 4xx": {err: fmt.Errorf("receive: %w", context.DeadlineExceeded), status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			url := doorServer(t, 0, func(_ context.Context, _ http.Header, body []byte) error {
				asked++
				if c.panics {
					panic("boom")
				}
				if len(body) > doorBody {
					t.Errorf("the door took %d bytes", len(body))
				}
				return c.err
			})
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			status, body, h := call(t, method, url, "", strings.Repeat("x", c.size), "Host", "10.1.2.3:7373")
			if status != c.status {
				t.Errorf("got %d %s, want %d", status, body, c.status)
			}
			if c.err != nil && strings.Contains(body, c.err.Error()) {
				t.Errorf("the cause is shown: %s", body)
			}
			if status == http.StatusMethodNotAllowed && h.Get("Allow") != http.MethodPost {
				t.Errorf("Allow is %q", h.Get("Allow"))
			}
			if (status == 413 || status == 405) != (asked == 0) {
				t.Errorf("the door was asked %d times for %d", asked, status)
			}
		})
	}
}

func TestADoorAnswersAfterItStored(t *testing.T) {
	stored := make(chan struct{})
	url := doorServer(t, 0, func(context.Context, http.Header, []byte) error {
		<-stored
		return nil
	})
	answered := make(chan int)
	go func() {
		status, _, _ := call(t, "POST", url, "", "{}")
		answered <- status
	}()
	select {
	case status := <-answered:
		t.Fatalf("answered %d before it was stored", status)
	case stored <- struct{}{}:
	}
	if status := <-answered; status != http.StatusAccepted {
		t.Errorf("got %d", status)
	}
}

func TestTooManyDeliveriesAtOnce(t *testing.T) {
	in, hold := make(chan struct{}), make(chan struct{})
	url := doorServer(t, 2, func(ctx context.Context, _ http.Header, _ []byte) error {
		select {
		case in <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		<-hold
		return nil
	})
	answers := make(chan int, 2)
	for range 2 {
		go func() {
			status, _, _ := call(t, "POST", url, "", "{}")
			answers <- status
		}()
		<-in
	}
	status, _, h := call(t, "POST", url, "", "{}")
	if status != http.StatusTooManyRequests || h.Get("Retry-After") == "" {
		t.Errorf("the third got %d, Retry-After %q", status, h.Get("Retry-After"))
	}
	close(hold)
	for range 2 {
		if status := <-answers; status != http.StatusAccepted {
			t.Errorf("one that waited got %d", status)
		}
	}
}

func TestACutOffDeliveryIsSentAgain(t *testing.T) {
	url := doorServer(t, 0, func(context.Context, http.Header, []byte) error {
		t.Error("half a body was received")
		return nil
	})
	addr := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/hooks/pagerduty")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /hooks/pagerduty HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503") {
		t.Errorf("got %q, %v", answer, err)
	}
}
