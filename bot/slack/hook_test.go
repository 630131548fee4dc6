package slack

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayday/internal/config"
	practice "mayday/internal/practice/slack"
)

// The vector that Slack publishes.
const (
	vectorSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	vectorStamp  = "1531420618"
	vectorSign   = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	vectorBody   = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

func TestSignatureVector(t *testing.T) {
	if got := signature(vectorSecret, vectorStamp, []byte(vectorBody)); got != vectorSign {
		t.Fatalf("got %s", got)
	}
	at := time.Unix(1531420618, 0)
	p := &platform{own: settings{SigningSecret: config.NewSecret(vectorSecret)}, now: func() time.Time { return at }}
	head := http.Header{"X-Slack-Request-Timestamp": {vectorStamp}, "X-Slack-Signature": {vectorSign}}
	for name, c := range map[string]struct {
		age  time.Duration
		body string
		want bool
	}{
		"fresh": {0, vectorBody, true}, "five minutes old": {5 * time.Minute, vectorBody, true}, "older": {5*time.Minute + time.Second, vectorBody, false},
		"from the future": {-6 * time.Minute, vectorBody, false}, "changed": {0, vectorBody + "&x=1", false},
	} {
		p.now = func() time.Time { return at.Add(c.age) }
		if got, err := p.signed(head, []byte(c.body)); err != nil || got != c.want {
			t.Errorf("%s: got %t, %v", name, got, err)
		}
	}
}

func sent(t *testing.T, address, body string, head http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = head
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw := make([]byte, 4096)
	n, _ := resp.Body.Read(raw)
	return resp.StatusCode, string(raw[:n])
}

func TestTheDoors(t *testing.T) {
	w := run(t, options{http: true})
	base := w.serve()
	at := w.clock.now()
	sign := func(body string, skew time.Duration, secret string) http.Header {
		return practice.Sign(secret, at.Add(skew), []byte(body))
	}
	press := url.Values{"payload": {`{"type":"block_actions","user":{"id":"U0ANA"}`}}.Encode()
	for name, c := range map[string]struct {
		path, body, secret string
		skew               time.Duration
		want               int
		says               string
	}{
		"a good challenge":         {hookEvents, `{"type":"url_verification","challenge":"abc"}`, pretendSecret, 0, 200, `{"challenge":"abc"}`},
		"a forged one":             {hookEvents, `{"type":"url_verification","challenge":"abc"}`, "wrong", 0, 401, ""},
		"an old one":               {hookEvents, `{"type":"url_verification","challenge":"abc"}`, pretendSecret, -6 * time.Minute, 401, ""},
		"one from the future":      {hookEvents, `{"type":"url_verification","challenge":"abc"}`, pretendSecret, 6 * time.Minute, 401, ""},
		"torn JSON":                {hookEvents, `{"type":"event_ca`, pretendSecret, 0, 200, ""},
		"an unknown event":         {hookEvents, `{"type":"event_callback","event_id":"Ev1","event":{"type":"team_join","user":{"id":"U1"}}}`, pretendSecret, 0, 200, ""},
		"torn interaction":         {hookInteractions, press, pretendSecret, 0, 200, ""},
		"no payload":               {hookInteractions, "a=b", pretendSecret, 0, 200, ""},
		"unknown interaction":      {hookInteractions, url.Values{"payload": {`{"type":"dance"}`}}.Encode(), pretendSecret, 0, 200, ""},
		"a press of nothing":       {hookInteractions, url.Values{"payload": {`{"type":"block_actions"}`}}.Encode(), pretendSecret, 0, 200, ""},
		"no command":               {hookCommands, "%zz", pretendSecret, 0, 200, ""},
		"a check of certificates":  {hookCommands, "ssl_check=1&token=x", pretendSecret, 0, 200, ""},
		"the interactions, forged": {hookInteractions, press, "wrong", 0, 401, ""},
		"the commands, forged":     {hookCommands, "user_id=U0ANA", "wrong", 0, 401, ""},
		"too long":                 {hookEvents, strings.Repeat("x", maxHook+1), pretendSecret, 0, 413, ""},
	} {
		status, said := sent(t, base+c.path, c.body, sign(c.body, c.skew, c.secret))
		if status != c.want || !strings.Contains(said, c.says) {
			t.Errorf("%s: got %d %q, want %d %q", name, status, said, c.want, c.says)
		}
	}
	if status, _ := sent(t, base+hookEvents, "{}", http.Header{}); status != 401 {
		t.Errorf("without a signature: %d", status)
	}
	if w.hands.count() != 0 {
		t.Errorf("the handler heard %d times", w.hands.count())
	}
}

// TestAnUnreadableSigningSecretRefusesNobody: while the file is replaced nobody
// can tell who calls, and what may be Slack's is asked for again.
func TestAnUnreadableSigningSecretRefusesNobody(t *testing.T) {
	w := run(t, options{http: true})
	base := w.serve()
	path := filepath.Join(t.TempDir(), "signing")
	file, err := config.Parse("mayday.yaml", []byte("signing_secret: file:"+path+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	var own struct {
		Secret config.Secret `yaml:"signing_secret"`
	}
	if err := file.Section().Decode(&own); err != nil {
		t.Fatal(err)
	}
	w.p.own.SigningSecret = own.Secret
	body := `{"type":"url_verification","challenge":"abc"}`
	knock := func(when, secret string, skew time.Duration, want int) {
		t.Helper()
		if status, said := sent(t, base+hookEvents, body, practice.Sign(secret, w.clock.now().Add(skew), []byte(body))); status != want {
			t.Errorf("%s: got %d %q, want %d", when, status, said, want)
		}
	}
	knock("missing", pretendSecret, 0, http.StatusServiceUnavailable)
	knock("missing, and old", pretendSecret, -6*time.Minute, http.StatusUnauthorized)
	for _, c := range []struct {
		when, holds string
		want        int
	}{{"empty", "", http.StatusServiceUnavailable}, {"back", pretendSecret, http.StatusOK}} {
		if err := os.WriteFile(path, []byte(c.holds), 0o600); err != nil {
			t.Fatal(err)
		}
		knock(c.when, pretendSecret, 0, c.want)
	}
	knock("back, forged", "wrong", 0, http.StatusUnauthorized)
}

func TestDoorsBeforeTheBotRuns(t *testing.T) {
	w := build(t, options{http: true})
	doors := httptest.NewServer(w.p.Routes()[2].Handler)
	defer doors.Close()
	body := `{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","user":"U0ANA","text":"x"}}`
	if status, _ := sent(t, doors.URL, body, practice.Sign(pretendSecret, w.clock.now(), []byte(body))); status != http.StatusServiceUnavailable {
		t.Errorf("got %d: the event would be lost", status)
	}
}

// TestARetryIsRecognised: what Slack sends again has the name that it had, and
// says nothing twice.
func TestARetryIsRecognised(t *testing.T) {
	for _, overHTTP := range []bool{false, true} {
		t.Run(strconv.FormatBool(overHTTP), func(t *testing.T) {
			w := run(t, options{http: overHTTP})
			root := w.open("INC-42:card")
			if _, err := w.s.Mention(t.Context(), practice.Ana, practice.Operations, ts(root), "note database fails over"); err != nil {
				t.Fatal(err)
			}
			first := w.hands.last(t)
			w.hands.will(refuseTwice)
			before := len(w.s.Ephemerals(practice.Ana))
			if err := w.s.Redeliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.await("the second delivery", func() bool { return w.hands.count() == 2 })
			if again := w.hands.last(t); again.ID != first.ID || first.ID == "" {
				t.Errorf("the deliveries are called %q and %q", first.ID, again.ID)
			}
			w.stop()
			if now := len(w.s.Ephemerals(practice.Ana)); now != before {
				t.Errorf("the retry was answered: %d messages, %d before", now, before)
			}
			w.noBreach()
		})
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	for _, in := range []string{
		`{"token":"s3cret","response_url":"https://s3cret","trigger_id":"s3cret","text":"kept"}`,
		`{"token": "s3cret", "text" : "kept", "trigger_id" :"s3cret"}`,
		"token=s3cret&response_url=s3cret&text=kept&trigger_id=s3cret",
	} {
		if got := forLog([]byte(in)); strings.Contains(got, "s3cret") || !strings.Contains(got, "kept") {
			t.Errorf("%s is logged as %s", in, got)
		}
	}
}
