package pagerduty

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"mayday/internal/fault"
	"mayday/internal/practice"
)

func seeds(f *testing.F, add func(raw []byte)) {
	vendor, err := practice.NewPagerDuty(practice.Options{Secrets: []string{first}, Token: key})
	if err != nil {
		f.Fatal(err)
	}
	defer vendor.Close()
	for _, eventType := range append(practice.EventTypes(), "pagey.ping") {
		raw, err := vendor.Sample(eventType)
		if err != nil {
			f.Fatal(err)
		}
		add(raw)
	}
	for _, raw := range []string{"", "null", "[]", `{"event":null}`, `{"event":{"id":1e9,"event_type":"incident.triggered"}}`, strings.Repeat(`{"event":`, 50)} {
		add([]byte(raw))
	}
}

// FuzzParse: whatever is stored, an event is complete and within limits, or the
// refusal has words; and both doors agree on the name of the event.
func FuzzParse(f *testing.F) {
	seeds(f, func(raw []byte) { f.Add(raw) })
	door := newDoor(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev, err := door.Parse(raw)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		id, verr := door.Verify(signedBy(first, raw), raw)
		if verr != nil || ev.ID != id {
			t.Fatalf("parsed as %q, verified as %q, %v", ev.ID, id, verr)
		}
		if ev.Type == "" || ev.Kind == "" || ev.Source != source {
			t.Fatalf("incomplete: %+v", ev)
		}
		if known := meanings[ev.Type]; known.say != nil && ev.Text == "" {
			t.Fatalf("no words for %s", ev.Type)
		}
		for _, text := range []string{ev.Title, ev.Text, ev.URL, ev.Key, ev.Agent.Name, ev.Service.Name, ev.Priority, ev.Link.Name} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || utf8.RuneCountInString(text) > 2*maxText {
				t.Fatalf("bad text %q", text)
			}
		}
		for _, link := range []string{ev.URL, ev.Link.URL} {
			if link != "" && !strings.HasPrefix(strings.ToLower(link), "http") {
				t.Fatalf("bad link %q", link)
			}
		}
	})
}

// FuzzVerify: a signature that was not made with a secret never passes, and one
// that was always does, whatever stands around it.
func FuzzVerify(f *testing.F) {
	seeds(f, func(raw []byte) { f.Add("v1=00, v2=11", "id", raw) })
	door := newDoor(f)
	f.Fuzz(func(t *testing.T, line, webhook string, raw []byte) {
		h := http.Header{signature: {line}, "X-Webhook-Id": {webhook}}
		_, err := door.Verify(h, raw)
		forged := !strings.Contains(strings.ToLower(line), sum(first, raw)) && !strings.Contains(strings.ToLower(line), sum(second, raw))
		if forged && !fault.Is(err, fault.Unsigned) {
			t.Fatalf("%q was accepted: %v", line, err)
		}
		h.Add(signature, "v1="+sum(second, raw))
		id, err := door.Verify(h, raw)
		if err != nil || id == "" || len(id) > maxID+len("webhook:") {
			t.Fatalf("got %q, %v", id, err)
		}
	})
}

// signature is the header as net/http writes it.
var signature = http.CanonicalHeaderKey(signatureHeader)
