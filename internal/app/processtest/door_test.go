package processtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestSignatures: what is not signed by anybody we know is 401 and leaves no
// trace; every way to sign that PagerDuty has is taken.
func TestSignatures(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	forged := mac("a-secret-that-nobody-has", []byte("x"))
	for n, c := range []struct {
		name string
		sign func(body []byte) string
		want int
	}{
		{"unsigned", func([]byte) string { return "" }, 401},
		{"forged", func([]byte) string { return forged }, 401},
		{"wrong secret", func(b []byte) string { return mac("a-secret-that-nobody-has", b) }, 401},
		{"another body's", func(b []byte) string { return mac(firstSecret, append([]byte(" "), b...)) }, 401},
		{"cut off", func(b []byte) string { return mac(firstSecret, b)[:40] }, 401},
		{"without a version", func(b []byte) string { return strings.TrimPrefix(mac(firstSecret, b), "v1=") }, 401},
		{"another version", func(b []byte) string { return "v2" + strings.TrimPrefix(mac(firstSecret, b), "v1") }, 401},
		{"empty value", func([]byte) string { return "v1=" }, 401},
		{"nonsense", func([]byte) string { return ",,v1,=,v1=zz" }, 401},
		{"the first secret", func(b []byte) string { return mac(firstSecret, b) }, 202},
		{"the second secret", func(b []byte) string { return mac(secondSecret, b) }, 202},
		{"both", func(b []byte) string { return mac(firstSecret, b) + "," + mac(secondSecret, b) }, 202},
		{"a space after the comma", func(b []byte) string { return forged + ", " + mac(secondSecret, b) }, 202},
		{"beside another version", func(b []byte) string { return "v2=abc," + mac(firstSecret, b) }, 202},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := fmt.Sprintf("QSIGN%d", n)
			body := s.sample("incident.triggered", key)
			status, err := h.knock(c.sign(body), body)
			if err != nil || status != c.want {
				t.Errorf("answered %d (%v), want %d", status, err, c.want)
			}
			if c.want == http.StatusAccepted {
				h.opened(key)
			}
		})
	}
	if got := len(h.incidents()); got != 5 {
		t.Errorf("%d incidents, want the 5 that were signed", got)
	}
	if q := h.quarantine(); len(q) != 0 {
		t.Errorf("what was not signed is kept: %+v", q)
	}
}

// TestReplayed: the same delivery again is taken and does nothing.
func TestReplayed(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	trigger := s.sample("incident.triggered", "QTWICE")
	h.deliver(trigger)
	i := h.opened("QTWICE")
	note := s.sample("incident.annotated", "QTWICE")
	for range 3 {
		h.deliver(trigger)
		h.deliver(note)
	}
	if got := h.happened(i.ID, note); len(got) != 1 {
		t.Errorf("the note is there %d times", len(got))
	}
	pass(t, visibleWithin)
	if got := len(h.happened(i.ID, note)); got != 1 {
		t.Errorf("after a while the note is there %d times", got)
	}
	if all := h.incidents(); len(all) != 1 || all[0].Alerts != 1 {
		t.Errorf("a replay opened or joined something: %+v", all)
	}
}

// TestOddBodies: what is signed and not understood is 202 and in quarantine; what
// is odd and understood does its work.
func TestOddBodies(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	whole := s.sample("incident.triggered", "QODD")
	typed := func(change func(event, data object)) []byte { return s.sample("incident.triggered", "QTYPE", change) }
	for _, c := range []struct {
		name, reason string
		body         []byte
	}{
		{"truncated", "not JSON", whole[:len(whole)/2]},
		{"empty", "not JSON", nil},
		{"a word", "not JSON", []byte("hello")},
		{"null", "null", []byte("null")},
		{"a list", "a list", []byte("[1,2]")},
		{"two values", "something follows", append(bytes.Clone(whole), []byte("{}")...)},
		{"not UTF-8", "", []byte("{\"event\": \"\xff\xfe\"}")},
		{"no event", "event is missing", []byte("{}")},
		{"deeply nested", "", []byte(`{"event":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + "}")},
		{"deep lists", "", []byte(strings.Repeat("[", 200_000))},
		{"id is an object", "id", typed(set("id", object{"a": 1}))},
		{"title is a list", "title", typed(set("title", []any{"a"}))},
		{"service is text", "service", typed(set("service", "checkout"))},
		{"assignees are text", "assignees", typed(set("assignees", "Ana"))},
		{"urgency is true", "urgency", typed(set("urgency", true))},
		{"data is a number", "data", typed(func(event, _ object) { event["data"] = 5 })},
		{"type is null", "event_type", typed(func(event, _ object) { event["event_type"] = nil })},
		{"no time", "occurred_at", typed(func(event, _ object) { delete(event, "occurred_at") })},
		{"a time of another age", "occurred_at", typed(func(event, _ object) { event["occurred_at"] = "0001-01-01T00:00:00Z" })},
		{"a type of later years", "no incident", typed(func(event, data object) { event["event_type"], data["type"] = "moon.landed", "moon" })},
	} {
		t.Run(c.name, func(t *testing.T) { h.quarantines(t, c.body, c.reason) })
	}
	if all := h.incidents(); len(all) != 0 {
		t.Errorf("something was opened: %+v", all)
	}
	h.deliver(s.sample("incident.triggered", "QFINE"))
	h.opened("QFINE") // nothing of it stands in the way
}

// TestLargeBodies: 300 KB is more than PagerDuty sends and is taken; the limit is
// 1 MiB.
func TestLargeBodies(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	padded := func(key string, size int) []byte {
		body := s.sample("incident.triggered", key)
		return append(body, bytes.Repeat([]byte(" "), size-len(body))...)
	}
	noted := s.sample("incident.triggered", "QNOTE300", set("description", strings.Repeat("x", 300_000)))
	h.deliver(noted)
	h.opened("QNOTE300")
	h.deliver(padded("QEXACT", 1<<20))
	h.opened("QEXACT")
	for _, size := range []int{1<<20 + 1, 2 << 20} {
		body := padded("QLARGE", size)
		if status, err := h.knock(mac(firstSecret, body), body); err != nil || status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes are answered %d (%v), want 413", size, status, err)
		}
	}
	if i := h.byKey("QLARGE"); i != nil {
		t.Errorf("what was too large opened %s", i.ID)
	}
}

func TestMethods(t *testing.T) {
	h := newHome(t, tenLines)
	h.serve()
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions} {
		status, _, err := h.request(method, "/hooks/pagerduty", nil)
		if err != nil || status != http.StatusMethodNotAllowed {
			t.Errorf("%s is answered %d (%v), want 405", method, status, err)
		}
	}
}

// TestOldResolved: a replay of last month's end silences nothing.
func TestOldResolved(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	h.deliver(s.sample("incident.triggered", "QOLD"))
	i := h.opened("QOLD")
	h.deliver(s.sample("incident.resolved", "QOLD", func(event, _ object) {
		event["occurred_at"] = s.tick().Add(-30 * 24 * 60 * minute).UTC().Format("2006-01-02T15:04:05.000Z")
	}))
	note := s.sample("incident.annotated", "QOLD")
	h.deliver(note)
	h.happened(i.ID, note)
	pass(t, visibleWithin)
	state("investigating")(t, h, h.incident(i.ID))
	if q := h.quarantine(); len(q) != 0 {
		t.Errorf("it was understood, but is in quarantine: %+v", q)
	}
}

// TestHostileTitles: a title pings nobody, forges nothing, and fits.
func TestHostileTitles(t *testing.T) {
	h, s := newHome(t, tenLines), newSender(t)
	h.serve()
	for n, c := range []struct{ name, title, reads string }{
		{"everyone", "@everyone <@123> look", "everyone"},
		{"channel", "<!channel> <!here> <@U1|ana> down", "channel"},
		{"bidi", "paid \u202egnihton\u202c \u2066ok\u2069 down", "down"},
		{"zero width", "che\u200bck\u200dout\ufeff down", "down"},
		{"lines", "down\n✓ APPROVED by Li\n[Resolve]", "APPROVED"},
		{"markup", "<script>alert(1)</script> **bold** [x](javascript:1) `code`", "alert(1)"},
		{"long", strings.Repeat("long ", 1000), "long"},
		{"long without a space", strings.Repeat("é", 5000), "é"},
		{"nothing that shows", "\u200b\u200b\u202e", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := fmt.Sprintf("QTITLE%d", n)
			h.deliver(s.sample("incident.triggered", key, set("title", c.title)))
			i := h.opened(key)
			var all []messageJSON
			eventually(t, patience, func() string {
				all = h.messages(i.ID)
				return unless(len(all) >= 2, "the thread has %d messages, want card and opener", len(all))
			})
			for _, m := range all {
				inert(t, m, c.reads)
			}
			if _, page, err := h.request(http.MethodGet, "/i/"+i.ID, nil); err != nil || bytes.Contains(page, []byte("<script>alert")) || !bytes.Contains(page, []byte(i.ID)) {
				t.Errorf("the page of %s (%v):\n%s", i.ID, err, page)
			}
			if got := len([]rune(i.Title)); got > 250 {
				t.Errorf("the title has %d characters", got)
			}
		})
	}
}

func inert(t *testing.T, m messageJSON, reads string) {
	t.Helper()
	for _, who := range m.Mentions {
		if who.Name != "Ana" { // on call
			t.Errorf("%s mentions %q", m.Key, who.Name)
		}
	}
	// Words stay words: what could call somebody or be pressed has a kind of its
	// own, which the platforms alone turn into their markup.
	for _, span := range slices.Concat(m.Lines...) {
		if span.Kind == "mention" && span.Text != "@Ana" || span.Kind == "link" && !strings.HasPrefix(span.URL, "https://shop.example/") {
			t.Errorf("%s holds the %s %q %q", m.Key, span.Kind, span.Text, span.URL)
		}
	}
	hidden := func(r rune) bool {
		return unicode.Is(unicode.Cf, r) || (unicode.IsControl(r) && r != '\n')
	}
	if strings.ContainsFunc(m.Text, hidden) {
		t.Errorf("%s holds what nobody sees: %+q", m.Key, m.Text)
	}
	if len([]rune(m.Text)) > 1900 || len(m.Lines) > 14 {
		t.Errorf("%s has %d characters in %d lines", m.Key, len([]rune(m.Text)), len(m.Lines))
	}
	if m.Kind != "card" {
		return
	}
	if !strings.Contains(m.Text, reads) {
		t.Errorf("the card does not tell the title (%q): %s", reads, m.Text)
	}
	for _, line := range strings.Split(m.Text, "\n") {
		if strings.HasPrefix(line, "✓") || strings.HasPrefix(line, "[Resolve]") {
			t.Errorf("the title forges a line: %s", m.Text)
		}
	}
}
