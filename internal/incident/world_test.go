package incident

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var testKey = []byte("a key for seals, 32 bytes long..")

// noon is when most tests begin: SEV3 is called for by day only.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

var (
	ana  = Person{Name: "Ana", ID: "web:ana", Role: Commander}
	li   = Person{Name: "Li", ID: "web:li", Role: Responder}
	sam  = Person{Name: "Sam", ID: "web:sam", Role: Approver}
	eve  = Person{Name: "Eve", ID: "web:eve", Role: Viewer}
	crew = []Person{ana, li, sam, eve}
)

// world is a store of one incident with a clock, as small as it can be: it
// appends what decisions answer and keeps the timeline.
type world struct {
	now     time.Time
	inc     *Incident
	entries []Entry
	dead    *Stamp
	away    Away
	wakes   []Wake
	outs    []Out
}

// fataler is what tests and properties share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newWorld() *world { return &world{now: noon} }

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// try runs a decision as the store does: a decision that errs leaves no trace.
func (w *world) try(d Decide) error {
	return w.tryAs(d, w.inc != nil)
}

func (w *world) tryAs(d Decide, mine bool) error {
	var before *Incident
	if w.inc != nil {
		before = w.inc.Clone()
	}
	v := View{Now: w.now, Incident: before, Mine: mine, Dead: w.dead, Away: w.away}
	c, err := d(v)
	if err != nil {
		return err
	}
	if c.Tombstone != nil {
		at := c.Tombstone.At
		w.dead = &at
	}
	w.wakes = c.Wakes
	if len(c.Entries) == 0 {
		return nil
	}
	after, sealed, err := Append(testKey, 1, w.inc, v, c.Entries)
	if err != nil {
		return err
	}
	outs, wakes := Follow(before, after, sealed, w.now)
	w.outs = append(w.outs, outs...)
	w.wakes = append(w.wakes, wakes...)
	w.inc = after
	w.entries = append(w.entries, sealed...)
	return nil
}

func (w *world) do(t fataler, d Decide) {
	t.Helper()
	if err := w.try(d); err != nil {
		t.Fatalf("decide: %v", err)
	}
}

// receive takes an event in as the inbox does: a key is its own incident's.
func (w *world) receive(t fataler, ev Event) {
	t.Helper()
	mine := w.inc != nil && w.inc.Source(ev.Source, ev.Key) != nil
	err := w.tryAs(Receive(ev), mine)
	if err != nil && !errors.Is(err, ErrUnknownKey) && !errors.Is(err, ErrTooLate) {
		t.Fatalf("receive %s: %v", ev.Kind, err)
	}
}

// opened is a world with a declared incident of that severity.
func opened(t fataler, sev Severity) *world {
	t.Helper()
	w := newWorld()
	w.do(t, OpenByHand(ana, Opening{Title: "errors 12%", Service: "checkout", Severity: sev, Impact: "Paying fails.", Policy: DefaultPolicy()}))
	return w
}

// event is what a source says about key Q1, at minutes after noon.
func event(kind EventKind, id string, at time.Time) Event {
	return Event{Source: "pagerduty", SourceTitle: "PagerDuty", ID: id, Type: "incident." + string(kind), Kind: kind, At: at, Key: "Q1",
		Title: "errors 12%", Urgency: "high", Service: Ref{ID: "P1", Name: "checkout"}, Policy: DefaultPolicy()}
}

// emptyIsMissing lets a snapshot leave out what is empty.
var emptyIsMissing = cmpopts.EquateEmpty()

// sameFold says how two folds differ.
func sameFold(a, b *Incident) string { return cmp.Diff(a, b, emptyIsMissing) }

// throughJSON writes and reads an incident as the store does.
func throughJSON(i *Incident) (*Incident, error) {
	data, err := json.Marshal(i)
	if err != nil {
		return nil, err
	}
	out := &Incident{}
	return out, json.Unmarshal(data, out)
}

// entriesThroughJSON writes and reads bodies as the store does.
func entriesThroughJSON(in []Entry) ([]Entry, error) {
	out := make([]Entry, len(in))
	for n, e := range in {
		data, err := EncodeBody(e.Body)
		if err != nil {
			return nil, err
		}
		if e.Body, err = DecodeBody(e.Kind(), data); err != nil {
			return nil, err
		}
		out[n] = e
	}
	return out, nil
}

// check compares every way to the same state: step by step, as a whole, and
// from what a store wrote.
func (w *world) check(t fataler) {
	t.Helper()
	if w.inc == nil {
		return
	}
	whole, err := FoldAll(1, w.entries)
	if err != nil {
		t.Fatalf("fold all: %v", err)
	}
	if d := sameFold(w.inc, whole); d != "" {
		t.Fatalf("the fold of the timeline is another state (-step by step +whole):\n%s", d)
	}
	stored, err := entriesThroughJSON(w.entries)
	if err != nil {
		t.Fatalf("entries through JSON: %v", err)
	}
	read, err := FoldAll(1, stored)
	if err != nil {
		t.Fatalf("fold what was stored: %v", err)
	}
	if d := sameFold(w.inc, read); d != "" {
		t.Fatalf("the fold of the stored entries is another state (-memory +stored):\n%s", d)
	}
	snapshot, err := throughJSON(w.inc)
	if err != nil {
		t.Fatalf("incident through JSON: %v", err)
	}
	if d := sameFold(w.inc, snapshot); d != "" {
		t.Fatalf("a snapshot reads as another state (-memory +snapshot):\n%s", d)
	}
	if err := Verify(testKey, 1, stored); err != nil {
		t.Fatalf("seals: %v", err)
	}
	for _, e := range w.entries {
		again, err := Fold(w.inc, e)
		if err != nil || sameFold(again, w.inc) != "" {
			t.Fatalf("entry %d folded again changed the state: %v\n%s", e.Seq, err, sameFold(w.inc, again))
		}
	}
}

func TestFoldRefusesGaps(t *testing.T) {
	w := opened(t, SEV2)
	w.do(t, Note(ana, "one"))
	w.do(t, Note(ana, "two"))
	last := len(w.entries) - 1
	for name, bad := range map[string][]Entry{
		"a gap":     append(append([]Entry{}, w.entries[:last-1]...), w.entries[last]),
		"twice":     append(append([]Entry{}, w.entries...), w.entries[last]),
		"swapped":   append(append([]Entry{}, w.entries[:last-1]...), w.entries[last], w.entries[last-1]),
		"no origin": w.entries[1:],
	} {
		if _, err := FoldAll(1, bad); err == nil {
			t.Errorf("%s: folded without an error", name)
		}
	}
	if _, err := Fold(w.inc, Entry{Seq: w.inc.Seq + 2, Body: &Noted{}}); err == nil {
		t.Error("an entry that leaves a gap was folded")
	}
}

func TestFoldLeavesTheOldOneAlone(t *testing.T) {
	w := opened(t, SEV1)
	w.do(t, Own(li, "Li", ""))
	w.do(t, StartRun(li, Run{ID: "r1", Playbook: "fix", By: "Li", Pinned: json.RawMessage(`{}`)}))
	w.pass(6 * time.Minute)
	w.do(t, Remind)
	was := w.inc.Clone()
	kept := was.Clone()
	for _, e := range []Body{&Nudged{Nudge: Nudge{Key: NudgeKey{1, 0, 2}, Facts: true}}, &RunResult{Run: "r1", Path: "0", Result: Result{Outcome: OutDone}},
		&Alert{Source: Source{Kind: "x", Key: "y"}}, &Linked{Link: Link{Name: "bridge", URL: "https://a"}},
		&Updated{State: Identified, Impact: "a", Doing: "b"}, &SeverityChanged{To: SEV3}} {
		if _, err := Fold(was, Entry{Seq: was.Seq + 1, At: w.now, Actor: "Li", Body: e}); err != nil {
			t.Fatal(err)
		}
		if d := sameFold(kept, was); d != "" {
			t.Fatalf("folding %s changed the incident it was folded onto:\n%s", e.Kind(), d)
		}
	}
}

func TestEveryKindReadsBack(t *testing.T) {
	for kind, empty := range bodies {
		b := empty()
		if b.Kind() != kind {
			t.Errorf("%s makes a body of kind %s", kind, b.Kind())
		}
		data, err := EncodeBody(b)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		back, err := DecodeBody(kind, data)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		again, err := EncodeBody(back)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if d := cmp.Diff(string(data), string(again)); d != "" {
			t.Errorf("%s reads back as something else:\n%s", kind, d)
		}
	}
	if _, err := DecodeBody("from the future", nil); err == nil {
		t.Error("an unknown kind was read")
	}
	if _, err := DecodeBody("snoozed", []byte(`{"for":"soon"}`)); err == nil {
		t.Error("a body of the wrong type was read")
	}
}
