package practice

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func startLD(t *testing.T) (l *LaunchDarkly, base string) {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	l = newLD(t)
	base, err := l.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l, base
}

func patchOver(ctx context.Context, base string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPatch, base+cart, strings.NewReader(turnOff))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", ldToken)
	r.Header.Set("Content-Type", ldSemantic)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestLDDropsTheConnection(t *testing.T) {
	for at, applied := range map[LDPoint]int{LDBeforeApply: 0, LDAfterApply: 1} {
		l, base := startLD(t)
		l.Drop(at)
		if code, err := patchOver(t.Context(), base); err == nil {
			t.Errorf("%s: got %d", at, code)
		}
		if j := l.Journal(); l.Applied() != applied || len(j) != 1 || j[0].Status != 0 {
			t.Errorf("%s: got %+v", at, j)
		}
		if code, err := patchOver(t.Context(), base); err != nil || code != 200 {
			t.Errorf("%s, and again: %d, %v", at, code, err)
		}
	}
}

func TestLDAppliesWhatWasHeldThoughTheCallerIsGone(t *testing.T) {
	l, base := startLD(t)
	held := l.Hold(LDBeforeApply)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := patchOver(ctx, base); done <- err }()
	<-held.Reached()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s, _ := l.State("new-cart", ""); !s.On {
		t.Fatal("it was applied while it was held")
	}
	held.Release()
	tick, end := time.NewTicker(5*time.Millisecond), time.NewTimer(5*time.Second)
	defer tick.Stop()
	defer end.Stop()
	for l.Applied() == 0 {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("it was never applied")
		}
	}
	// One that is held when everything closes is let go.
	last := l.Hold(LDAfterApply)
	go func() { _, err := patchOver(t.Context(), base); done <- err }()
	<-last.Reached()
	l.Close()
	if err := <-done; err == nil {
		t.Error("the last one got an answer")
	}
}

// events reads the stream until it closes.
func events(t *testing.T, base, key string) (status int, out <-chan [2]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/all", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	ch := make(chan [2]string, 16)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		event := ""
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			if name, ok := strings.CutPrefix(s.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
				ch <- [2]string{event, data}
			}
		}
	}()
	t.Cleanup(func() { _ = resp.Body.Close(); <-ended })
	return resp.StatusCode, ch
}

func TestLDTellsSDKs(t *testing.T) {
	l, base := startLD(t)
	if status, _ := events(t, base, ldToken); status != http.StatusUnauthorized {
		t.Errorf("an access token opens the stream: %d", status)
	}
	_, ch := events(t, base, ldSDKKey)
	next := func(want string) object {
		t.Helper()
		select {
		case e := <-ch:
			var data object
			if err := json.Unmarshal([]byte(e[1]), &data); err != nil || e[0] != want {
				t.Fatalf("got %v, %v", e, err)
			}
			return data
		case <-time.After(5 * time.Second):
			t.Fatalf("no %s came", want)
			return nil
		}
	}
	if flags := next("put")["data"].(object)["flags"].(object); len(flags) != 4 {
		t.Errorf("got %v", flags)
	}
	if err := l.SetBy("Li", "theme", LDChange{Environment: "test", Serve: "light"}); err != nil {
		t.Fatal(err)
	}
	if data := next("patch"); data["data"].(object)["version"] != float64(1) {
		t.Errorf("production got the news of test: %v", data)
	}
	l.PauseStream(true)
	if code, err := patchOver(t.Context(), base); err != nil || code != 200 {
		t.Fatal(code, err)
	}
	select {
	case e := <-ch:
		t.Errorf("while it is paused: %v", e)
	case <-time.After(20 * time.Millisecond):
	}
	l.PauseStream(false)
	data := next("patch")
	if data["path"] != "/flags/new-cart" || data["data"].(object)["on"] != false || data["data"].(object)["version"] != float64(2) {
		t.Errorf("got %v", data)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/bulk", strings.NewReader("[]"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", ldSDKKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = resp.Body.Close()
}

func TestLDPageWorksWithoutScripts(t *testing.T) {
	l, base := startLD(t)
	page := press(t, base, "/practice/off", url.Values{"flag": {"new-cart"}, "by": {"Li"}})
	for _, want := range []string{"<title>PRETEND LaunchDarkly</title>", "new-cart", "tag off", "turned off the flag new-cart", "<td>Li</td>", "Turn on", "50 % true"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script")
	}
	press(t, base, "/practice/on", url.Values{"flag": {"new-cart"}, "by": {"Ana"}})
	press(t, base, "/practice/percent", url.Values{"flag": {"new-cart"}, "by": {"Ana"}, "percent": {"7"}})
	if s, _ := l.State("new-cart", ""); !s.On || s.Weights["new-cart-variation-0"] != 7000 || s.Version != 4 {
		t.Errorf("got %+v", s)
	}
	for _, form := range []url.Values{{"flag": {"new-cart"}, "by": {"Eve"}}, {"flag": {"<b>"}, "by": {"Li"}}} {
		if page = press(t, base, "/practice/off", form); !strings.Contains(page, `role="alert"`) || strings.Contains(page, "<b>") {
			t.Errorf("not refused:\n%s", page)
		}
	}
	if page = press(t, base, "/practice/percent", url.Values{"flag": {"new-cart"}, "by": {"Ana"}, "percent": {"101"}}); !strings.Contains(page, "0 to 100") {
		t.Error("101 percent")
	}
	if len(l.Journal()) != 0 {
		t.Error("people's presses are in the journal of the API")
	}
}
