package incident

import (
	"testing"
	"time"
)

// TestTamperingIsEvident edits, deletes, reorders and cuts a timeline in every
// place (P19). Only the loss of the newest entries goes unseen by the chain
// itself; an anchor outside finds that.
func TestTamperingIsEvident(t *testing.T) {
	w := opened(t, SEV2)
	w.do(t, Own(li, "Li", ""))
	w.do(t, PostUpdate(li, Words{Impact: "paying fails", Doing: "rolling back"}))
	w.do(t, Note(li, "ci did it"))
	if err := Verify(testKey, 1, w.entries); err != nil {
		t.Fatalf("an honest timeline: %v", err)
	}
	if Verify([]byte("another key, also 32 bytes long."), 1, w.entries) == nil {
		t.Error("another key verifies")
	}
	if Verify(testKey, 2, w.entries) == nil {
		t.Error("the timeline of another incident verifies")
	}
	for n := range w.entries {
		for name, tamper := range tampers {
			forged := tamper(append([]Entry(nil), w.entries...), n)
			if forged != nil && Verify(testKey, 1, forged) == nil {
				t.Errorf("entry %d: %s goes unseen", n+1, name)
			}
		}
	}
}

// edits change one entry in one way each.
var edits = map[string]func(*Entry){
	"another time":    func(e *Entry) { e.At = e.At.Add(time.Microsecond) },
	"another actor":   func(e *Entry) { e.Actor += "x" },
	"another place":   func(e *Entry) { e.Via += "x" },
	"another text":    func(e *Entry) { e.Text += "." },
	"another step":    func(e *Entry) { e.Step += "x" },
	"more references": func(e *Entry) { e.Refs = append(append([]string(nil), e.Refs...), "x") },
	"made quiet":      func(e *Entry) { e.Quiet = !e.Quiet },
	"another kind":    func(e *Entry) { e.Body = &Line{Type: "forged"} },
	"another meaning": func(e *Entry) { e.Body = &Snoozed{For: time.Hour} },
	"another chain":   func(e *Entry) { e.PrevHMAC += "00" },
	"another seal":    func(e *Entry) { e.HMAC = "00" + e.HMAC[2:] + "0" },
	"another place in order": func(e *Entry) {
		e.Seq++
	},
}

// tampers are ways to change a timeline at n; nil where it is no change.
var tampers = func() map[string]func([]Entry, int) []Entry {
	out := map[string]func([]Entry, int) []Entry{
		"deleted": func(es []Entry, n int) []Entry {
			if n == len(es)-1 {
				return nil // cut at the end: found by the anchor, not by the chain
			}
			return append(es[:n:n], es[n+1:]...)
		},
		"swapped with the next": func(es []Entry, n int) []Entry {
			if n == len(es)-1 {
				return nil
			}
			es[n], es[n+1] = es[n+1], es[n]
			return es
		},
		"swapped and numbered anew": func(es []Entry, n int) []Entry {
			if n == len(es)-1 {
				return nil
			}
			es[n], es[n+1] = es[n+1], es[n]
			es[n].Seq, es[n+1].Seq = es[n+1].Seq, es[n].Seq
			return es
		},
		"deleted and numbered anew": func(es []Entry, n int) []Entry {
			if n == len(es)-1 {
				return nil
			}
			es = append(es[:n:n], es[n+1:]...)
			for k := n; k < len(es); k++ {
				es[k].Seq = int64(k + 1)
			}
			return es
		},
		"cut off before": func(es []Entry, n int) []Entry {
			if n == 0 {
				return nil
			}
			return es[n:]
		},
		"said twice": func(es []Entry, n int) []Entry { return append(es[:n+1:n+1], es[n:]...) },
	}
	for name, edit := range edits {
		out[name] = func(es []Entry, n int) []Entry { edit(&es[n]); return es }
	}
	return out
}()
