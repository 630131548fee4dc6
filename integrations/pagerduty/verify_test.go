package pagerduty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/fault"
)

func sum(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func signedBy(secret string, body []byte) http.Header {
	h := http.Header{}
	h.Set(signatureHeader, "v1="+sum(secret, body))
	return h
}

func TestVerifyTakesWhatAnySecretSigned(t *testing.T) {
	door := newDoor(t)
	body := []byte(`{"event":{"id":"01ABC"}}`)
	good, other, wrong := sum(first, body), sum(second, body), sum("guess", body)
	tests := []struct {
		name  string
		lines []string
		ok    bool
	}{
		{"first secret", []string{"v1=" + good}, true},
		{"second secret", []string{"v1=" + other}, true},
		{"comma", []string{"v1=" + wrong + ",v1=" + good}, true},
		{"comma and space", []string{"v1=" + wrong + ", v1=" + other}, true},
		{"two lines", []string{"v1=" + wrong, "v1=" + good}, true},
		{"other version beside", []string{"v2=" + wrong + ",v1=" + good + ",v0=x"}, true},
		{"upper case", []string{"v1=" + strings.ToUpper(good)}, true},
		{"junk beside", []string{",, v1=zz,v1=,x,v1=" + good + ","}, true},
		{"nothing", nil, false},
		{"empty", []string{""}, false},
		{"wrong secret", []string{"v1=" + wrong}, false},
		{"other version only", []string{"v2=" + good}, false},
		{"no version", []string{good}, false},
		{"cut", []string{"v1=" + good[:62]}, false},
		{"too long", []string{"v1=" + good + "00"}, false},
		{"capital V", []string{"V1=" + good}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			for _, line := range tc.lines {
				h.Add(signatureHeader, line)
			}
			id, err := door.Verify(h, body)
			if tc.ok && (err != nil || id != "01ABC") {
				t.Fatalf("got %q, %v", id, err)
			}
			if !tc.ok && (!fault.Is(err, fault.Unsigned) || !fault.HasCode(err, "E19") || id != "") {
				t.Fatalf("got %q, %v; want a fault of kind unsigned", id, err)
			}
		})
	}
	if _, err := door.Verify(signedBy(first, body), append(body, ' ')); err == nil {
		t.Error("a changed body was accepted")
	}
}

func TestEventIDs(t *testing.T) {
	door := newDoor(t)
	hash := func(body string) string { return hashID([]byte(body)) }
	long := strings.Repeat("x", maxID+1)
	tests := []struct{ name, body, webhook, want string }{
		{"its own", `{"event":{"id":"01A"}}`, "w1", "01A"},
		{"a number", `{"event":{"id":17}}`, "w1", "17"},
		{"last place", `{"event":{"x":[[1]],"id":"01A"},"y":{}}`, "w1", "01A"},
		{"none", `{"event":{}}`, "w1", "webhook:w1"},
		{"null", `{"event":{"id":null}}`, "w1", "webhook:w1"},
		{"empty", `{"event":{"id":""}}`, "w1", "webhook:w1"},
		{"not text", `{"event":{"id":{}}}`, "w1", "webhook:w1"},
		{"boolean", `{"event":{"id":true}}`, "w1", "webhook:w1"},
		{"other place", `{"id":"01A","event":[]}`, "w1", "webhook:w1"},
		{"other case", `{"Event":{"ID":"01A"}}`, "w1", "webhook:w1"},
		{"cut off", `{"event":{"id":"01A"`, "w1", "webhook:w1"},
		{"followed by more", `{"event":{"id":"01A"}}{}`, "w1", "webhook:w1"},
		{"no JSON", `hello`, "", hash(`hello`)},
		{"nothing", ``, "", hash(``)},
		{"NUL in the id", `{"event":{"id":"a\u0000b"}}`, "", hash(`{"event":{"id":"a\u0000b"}}`)},
		{"huge id", `{"event":{"id":"` + long + `"}}`, "w1", "webhook:w1"},
		{"huge header", `{}`, long, hash(`{}`)},
		{"odd header", `{}`, "a\nb", hash(`{}`)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := signedBy(first, []byte(tc.body))
			if tc.webhook != "" {
				h.Set("X-Webhook-Id", tc.webhook)
			}
			id, err := door.Verify(h, []byte(tc.body))
			if err != nil || id != tc.want {
				t.Errorf("got %q, %v, want %q", id, err, tc.want)
			}
		})
	}
}

func TestARotatedSecretCountsAtOnce(t *testing.T) {
	path := secretFile(t, "before")
	parts, err := partsOf(t, quiet(), "pagerduty:\n  webhook_secret: file:"+path+"\n")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{}`)
	if _, err := parts.Receiver.Verify(signedBy("before", body), body); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("afterwards"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parts.Receiver.Verify(signedBy("afterwards", body), body); err != nil {
		t.Errorf("the new secret: %v", err)
	}
	if _, err := parts.Receiver.Verify(signedBy("before", body), body); err == nil {
		t.Error("the old secret still counts")
	}
}

func TestAnUnreadableSecretStopsNoOther(t *testing.T) {
	log, out := captured()
	parts, err := partsOf(t, log, "pagerduty:\n  webhook_secret: [env:MAYDAY_TEST_NOT_SET, file:"+secretFile(t, first)+"]\n")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{}`)
	if _, err := parts.Receiver.Verify(signedBy(first, body), body); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "MAYDAY_TEST_NOT_SET") || strings.Contains(out.String(), first) {
		t.Errorf("log: %s", out)
	}
	if _, err := parts.Receiver.Verify(signedBy("", body), body); err == nil {
		t.Error("an empty key was accepted")
	}
}

// TestWhileASecretIsReplacedNothingIsRefused: in the middle of a replacement the
// file is empty or gone. A 401 would make PagerDuty drop the delivery.
func TestWhileASecretIsReplacedNothingIsRefused(t *testing.T) {
	path := secretFile(t, "before")
	parts, err := partsOf(t, quiet(), "pagerduty:\n  webhook_secret: [file:"+path+", file:"+secretFile(t, second)+"]\n")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"event":{"id":"01ABC"}}`)
	unread := func(when string) {
		t.Helper()
		if _, err := parts.Receiver.Verify(signedBy("afterwards", body), body); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: got %v, want a fault of kind unavailable that says why", when, err)
		}
		if _, err := parts.Receiver.Verify(signedBy(second, body), body); err != nil {
			t.Errorf("%s: the secret that can be read: %v", when, err)
		}
		if _, err := parts.Receiver.Verify(http.Header{}, body); !fault.Is(err, fault.Unsigned) {
			t.Errorf("%s: without a signature: %v", when, err)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unread("empty")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	unread("gone")
	if err := os.WriteFile(path, []byte("afterwards"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parts.Receiver.Verify(signedBy("afterwards", body), body); err != nil {
		t.Errorf("the new secret: %v", err)
	}
	if _, err := parts.Receiver.Verify(signedBy("guess", body), body); !fault.Is(err, fault.Unsigned) {
		t.Errorf("all can be read and none matches: got %v, want unsigned", err)
	}
}

func TestWithoutASecretNothingIsAccepted(t *testing.T) {
	parts, err := partsOf(t, quiet(), "pagerduty:\n  from: ana@shop.example\n")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{}`)
	_, err = parts.Receiver.Verify(signedBy("", body), body)
	if !fault.Is(err, fault.Unsigned) || !strings.Contains(err.Error(), "webhook_secret") {
		t.Errorf("got %v", err)
	}
}

func TestHostileBodiesAreCheap(t *testing.T) {
	door := newDoor(t)
	for name, body := range map[string]string{
		"deep":      strings.Repeat("[", 1<<20),
		"deep keys": strings.Repeat(`{"event":`, 1<<17),
		"wide":      `{"event":{"x":[` + strings.Repeat("{},", 300<<10/3) + `{}],"id":"01A","event_type":"incident.triggered"}}`,
		"300 KB":    `{"event":{"id":"01A","pad":"` + strings.Repeat("é", 150<<10) + `"}}`,
	} {
		raw := []byte(body)
		begin := time.Now()
		if _, err := door.Verify(signedBy(first, raw), raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := door.Parse(raw); err == nil {
			t.Errorf("%s was understood", name)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func TestAnEmptySecretSignsNothing(t *testing.T) {
	door := &receiver{secrets: config.Secrets{config.NewSecret("")}, log: quiet()}
	if _, err := door.Verify(signedBy("", []byte(`{}`)), []byte(`{}`)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
