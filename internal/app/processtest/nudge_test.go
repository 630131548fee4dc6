package processtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// everyTwoSeconds asks for a word every two seconds.
const everyTwoSeconds = tenLines + "updates: {first: 2s, every: 2s, second_call: 1s, escalate: 1m}\n"

// watcher remembers every reminder that it has seen in the threads.
type watcher struct {
	h     *home
	ids   []string
	seen  map[string]string // key → the first text
	stray []string          // keys that are not what a key looks like
	kills int
}

var nudgeKey = regexp.MustCompile(`^INC-\d+:nudge:\d+:-?\d+:\d+$`)

func (w *watcher) look() {
	for _, id := range w.ids {
		w.lookAt(id)
	}
}

// lookAt answers how many reminders the thread holds.
func (w *watcher) lookAt(id string) (n int) {
	for _, m := range w.h.messages(id) {
		if m.Kind != "nudge" {
			continue
		}
		n++
		if !nudgeKey.MatchString(m.Key) || !strings.HasPrefix(m.Key, id+":") {
			w.stray = append(w.stray, m.Key)
		}
		if w.seen[m.Key] == "" {
			w.seen[m.Key] = m.Text
		}
	}
	return n
}

// during looks for a while, several times a second.
func (w *watcher) during(t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		w.look()
		pass(t, 100*time.Millisecond)
	}
}

func (w *watcher) of(id string) (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(w.seen)) {
		if strings.HasPrefix(k, id+":") {
			keys = append(keys, k)
		}
	}
	return keys
}

// nudged counts the reminders on record.
func (h *home) nudged(id string) (n int) {
	for _, e := range h.timeline(id) {
		if e.Kind == "nudged" {
			n++
		}
	}
	return n
}

// declare opens incidents by hand.
func (h *home) declare(n int) (ids []string) {
	h.t.Helper()
	for k := range n {
		r := h.say("", fmt.Sprintf("open trouble number %d service=checkout severity=SEV2", k))
		if r.Incident == nil {
			h.t.Fatalf("open answers no incident: %+v", r)
		}
		ids = append(ids, *r.Incident)
	}
	return ids
}

// TestSoakNudges: ten incidents, a word due every two seconds, and a server that
// is killed again and again. Each call is on record once and stands once in the
// thread; after the end of an incident there is none.
func TestSoakNudges(t *testing.T) {
	t.Parallel() // it mostly waits
	length := 20 * time.Second
	if soaking() {
		length = 3 * time.Minute
	}
	h, random := newHome(t, everyTwoSeconds), dice(t)
	p := h.serve()
	ids := h.declare(10)
	w := &watcher{h: h, ids: ids, seen: map[string]string{}}
	ended := map[string]int{}
	for end := time.Now().Add(length); time.Now().Before(end); {
		w.during(t, time.Duration(500+random.IntN(2500))*time.Millisecond)
		if len(ended) == 0 && time.Now().After(end.Add(-length/2)) {
			ended = h.end(ids[6:])
		}
		p.kill()
		w.kills++
		pass(t, time.Duration(random.IntN(1200))*time.Millisecond)
		p = h.serve()
	}
	w.during(t, 5*time.Second)
	h.end(ids[:6])
	pass(t, visibleWithin)
	w.look()
	w.check(t, ended)
}

// end resolves and answers how many reminders there were by then.
func (h *home) end(ids []string) map[string]int {
	h.t.Helper()
	at := map[string]int{}
	for _, id := range ids {
		h.say(id, "resolve it works again")
		at[id] = h.nudged(id)
	}
	return at
}

func (w *watcher) check(t *testing.T, ended map[string]int) {
	t.Helper()
	if len(w.stray) > 0 {
		t.Errorf("keys that are none: %q", w.stray)
	}
	total, missing := 0, 0
	for _, id := range w.ids {
		onRecord := w.h.nudged(id)
		total += onRecord
		if n, over := ended[id]; over && onRecord != n {
			t.Errorf("%s had %d reminders when it ended and has %d now", id, n, onRecord)
		}
		// A call twice would be two on record and one message of that key. The
		// thread keeps them all, also those that a later one replaced, but for one
		// that a kill kept from being sent before the next one came: that is never
		// sent, and the next one says the same.
		eventually(t, patience, func() string {
			standing := w.lookAt(id)
			return unless(standing <= onRecord && standing >= onRecord-w.kills, "%s: %d reminders on record, %d in the thread after %d kills", id, onRecord, standing, w.kills)
		})
		seen := len(w.of(id))
		missing += onRecord - seen
		if seen > onRecord {
			t.Errorf("%s: %d reminders on record, and %d were seen: %q", id, onRecord, seen, w.of(id))
		}
	}
	t.Logf("%d reminders, %d of them replaced before they were sent", total, missing)
	if missing > w.kills {
		t.Errorf("%d reminders are not in the threads after %d kills", missing, w.kills)
	}
	if total < 30 {
		t.Errorf("only %d reminders for ten incidents: that proves little", total)
	}
}

// TestOneCatchUp: Mayday was away for several reminders. It sends one for all of
// them, which says so, and then goes on.
func TestOneCatchUp(t *testing.T) {
	t.Parallel()
	h := newHome(t, everyTwoSeconds)
	p := h.serve()
	ids := h.declare(5)
	w := &watcher{h: h, ids: ids, seen: map[string]string{}}
	eventually(t, patience, func() string {
		w.look()
		return unless(len(w.seen) >= len(ids), "%d reminders", len(w.seen))
	})
	p.kill()
	before := map[string]int{}
	for _, id := range ids {
		before[id] = len(w.of(id))
	}
	pass(t, 9*time.Second) // four or five slots
	away := time.Now()
	h.serve()
	w.during(t, 5*time.Second)
	for _, id := range ids {
		told, since := 0, int(time.Since(away)/(2*time.Second))+1
		for _, key := range w.of(id) {
			if strings.Contains(w.seen[key], "I was away for ") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%s: %d reminders say that Mayday was away, want 1: %q", id, told, texted(w, id))
		}
		if got := h.nudged(id) - before[id]; got > since+2 {
			t.Errorf("%s: %d reminders since Mayday is back, %d at most: %q", id, got, since+2, texted(w, id))
		}
	}
}

func texted(w *watcher, id string) (all []string) {
	for _, key := range w.of(id) {
		all = append(all, key+" "+w.seen[key])
	}
	return all
}
