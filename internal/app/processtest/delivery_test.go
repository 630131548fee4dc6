package processtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"mayday/internal/practice"
)

// sender makes deliveries as PagerDuty does, a hundredth of a second of its own clock after
// the other, all of them within the last minutes.
type sender struct {
	t  testing.TB
	pd *practice.PagerDuty

	mu  sync.Mutex
	now time.Time
}

func newSender(t testing.TB) *sender {
	t.Helper()
	s := &sender{t: t, now: time.Now().Add(-4 * time.Minute)}
	pd, err := practice.NewPagerDuty(practice.Options{Secrets: []string{firstSecret}, Token: "unused", Now: s.tick})
	if err != nil {
		t.Fatalf("make practice range: %v", err)
	}
	t.Cleanup(pd.Close)
	s.pd = pd
	return s
}

func (s *sender) tick() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(10 * time.Millisecond)
	return s.now
}

type object = map[string]any

// sample is a delivery of a type about an incident with this key.
func (s *sender) sample(kind, key string, change ...func(event, data object)) []byte {
	s.t.Helper()
	raw, err := s.pd.Sample(kind)
	if err != nil {
		s.t.Fatalf("make a sample of %s: %v", kind, err)
	}
	raw = bytes.ReplaceAll(raw, []byte(practice.SampleIncident), []byte(key))
	if len(change) == 0 {
		return raw
	}
	var whole struct {
		Event object `json:"event"`
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		s.t.Fatalf("read the sample: %v", err)
	}
	data, _ := whole.Event["data"].(object)
	for _, f := range change {
		f(whole.Event, data)
	}
	return encode(s.t, whole)
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("write JSON: %v", err)
	}
	return raw
}

// ref is how PagerDuty points at a thing.
func ref(kind, id, summary string) object {
	return object{"id": id, "type": kind + "_reference", "summary": summary}
}

// set changes one field of event.data.
func set(name string, value any) func(event, data object) {
	return func(_, data object) { data[name] = value }
}

func mac(secret string, body []byte) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	return "v1=" + hex.EncodeToString(sum.Sum(nil))
}

// knock posts a body with a signature header.
func (c *client) knock(signature string, body []byte) (int, error) {
	req, err := http.NewRequest(http.MethodPost, c.url+"/hooks/pagerduty", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if signature != "" {
		req.Header.Set("X-PagerDuty-Signature", signature)
	}
	status, _, err := answer(c.http.Do(req))
	return status, err
}

// deliver posts a signed body, which must be taken.
func (c *client) deliver(body []byte) {
	c.t.Helper()
	status, err := c.knock(mac(firstSecret, body), body)
	if err != nil || status != http.StatusAccepted {
		c.t.Fatalf("a signed delivery is answered %d (%v): %.200s", status, err, body)
	}
}

// eventID of a delivery.
func eventID(t testing.TB, body []byte) string {
	t.Helper()
	var whole struct {
		Event struct{ ID string }
	}
	if err := json.Unmarshal(body, &whole); err != nil || whole.Event.ID == "" {
		t.Fatalf("the delivery has no id: %v", err)
	}
	return whole.Event.ID
}

// happened waits until the timeline of an incident names the event.
func (c *client) happened(id string, body []byte) []entryJSON {
	c.t.Helper()
	want := "event:" + eventID(c.t, body)
	var entries, found []entryJSON
	eventually(c.t, patience, func() string {
		entries = c.timeline(id)
		for _, e := range entries {
			for _, r := range e.Refs {
				if r == want {
					found = append(found, e)
				}
			}
		}
		if len(found) == 0 {
			return fmt.Sprintf("%s does not name %s:\n%s", id, want, texts(entries))
		}
		return ""
	})
	return found
}
