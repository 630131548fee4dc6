package processtest

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const burst = 50

// soaking reports whether there is time for ten times as much.
func soaking() bool { return os.Getenv("MAYDAY_SOAK") != "" }

// dice are random, and can be thrown again: the seed is in the log of a failure.
func dice(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// letter is a delivery and whether anybody was told that it is safe.
type letter struct {
	key, id string
	note    bool // else a trigger
	body    []byte

	mu    sync.Mutex
	acked bool
}

func (l *letter) sure() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.acked }

// TestSoakKillInBursts: kill -9 at random moments, while 50 deliveries come in at
// once. What was answered 2xx is there, once; what was not is sent again, as
// PagerDuty does, and then it is there once as well.
func TestSoakKillInBursts(t *testing.T) {
	rounds := 20
	if soaking() {
		rounds = 200
	}
	h, s, random := newHome(t, tenLines), newSender(t), dice(t)
	p := h.serve()
	var all, waiting []*letter
	cut := 0
	for round := range rounds {
		fresh := mail(s, round, burst-min(len(waiting), burst-10))
		all = append(all, fresh...)
		waiting = h.fire(t, append(waiting, fresh...), p, random)
		cut += len(waiting)
		p = h.serve()
	}
	t.Logf("%d rounds, %d deliveries, %d cut off", rounds, len(all), cut)
	if cut < rounds || len(all) < rounds*burst/4 {
		t.Errorf("the kills came too late or too early to prove much: %d deliveries, %d cut off", len(all), cut)
	}
	for _, l := range waiting {
		h.deliver(l.body)
		l.acked = true
	}
	h.allThereOnce(t, all)
}

// mail writes n deliveries. Most are about keys of their own; some keys have a
// note beside the trigger, which may overtake it, and some triggers belong to a
// service that gathers its alerts in one incident.
func mail(s *sender, round, n int) []*letter {
	var out []*letter
	for k := 0; len(out) < n; k++ {
		l := &letter{key: "QR" + itoa(round) + "K" + itoa(k)}
		if k%8 == 7 {
			l.body = s.sample("incident.triggered", l.key, set("service", ref("service", "PSEARCH", "search")))
		} else {
			l.body = s.sample("incident.triggered", l.key)
		}
		out = append(out, l)
		if k%8 == 3 && len(out) < n {
			out = append(out, &letter{key: l.key, note: true, body: s.sample("incident.annotated", l.key)})
		}
	}
	for _, l := range out {
		l.id = eventID(s.t, l.body)
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// fire sends all at once and kills the server meanwhile: after a number of
// answers, and a moment, both random, so that a slow machine sees the same. It
// answers the letters that were not answered. A few are sent twice.
func (h *home) fire(t *testing.T, letters []*letter, p *process, random *rand.Rand) (unanswered []*letter) {
	t.Helper()
	start, answers := make(chan struct{}), make(chan struct{}, 2*burst)
	var posts sync.WaitGroup
	send := func(l *letter) {
		posts.Go(func() {
			<-start
			status, err := h.knock(mac(firstSecret, l.body), l.body)
			switch {
			case err == nil && status == 202:
				l.mu.Lock()
				l.acked = true
				l.mu.Unlock()
				answers <- struct{}{}
			case err == nil && status != 429 && status != 503:
				t.Errorf("a signed delivery was answered %d", status)
			}
		})
	}
	for n, l := range letters {
		send(l)
		if n%10 == 0 {
			send(l)
		}
	}
	close(start)
	limit := time.After(patience)
	for range random.IntN(len(letters)) {
		select {
		case <-answers:
		case <-limit:
			t.Fatalf("the deliveries were not answered; it said:\n%s", p.said())
		}
	}
	pass(t, time.Duration(random.IntN(5000))*time.Microsecond)
	p.kill()
	posts.Wait()
	return slices.DeleteFunc(slices.Clone(letters), (*letter).sure)
}

// allThereOnce waits until everything that was answered is there, and counts.
func (h *home) allThereOnce(t *testing.T, letters []*letter) {
	t.Helper()
	owners := h.owners(t, letters)
	tellings := map[string]int{} // "event id, opens" or "event id, notes"
	for _, id := range slices.Compact(slices.Sorted(maps.Values(owners))) {
		h.tellings(id, tellings)
	}
	for _, l := range letters {
		eventually(t, patience, func() string {
			if got := tellings[l.what()]; got > 0 {
				return ""
			}
			again := map[string]int{}
			h.tellings(owners[l.key], again)
			tellings[l.what()] = again[l.what()]
			return unless(tellings[l.what()] > 0, "%s of %s was answered 202 and is not there", l.what(), l.key)
		})
		if got := tellings[l.what()]; got != 1 {
			t.Errorf("%s of %s is there %d times", l.what(), l.key, got)
		}
	}
	h.everyIncidentHasItsCard(t)
}

func (l *letter) what() string {
	if l.note {
		return l.id + ", notes"
	}
	return l.id + ", opens"
}

// tellings counts what each event did in one incident.
func (h *home) tellings(id string, into map[string]int) {
	for _, e := range h.timeline(id) {
		for _, r := range e.Refs {
			event, ok := strings.CutPrefix(r, "event:")
			switch {
			case !ok:
			case e.Kind == "opened" || e.Kind == "alert":
				into[event+", opens"]++
			case e.Kind == "line":
				into[event+", notes"]++
			}
		}
	}
}

// owners waits until each key belongs to an incident, and checks that it is one.
func (h *home) owners(t *testing.T, letters []*letter) map[string]string {
	t.Helper()
	var owners map[string]string
	eventually(t, backlog(len(letters)), func() string {
		owners = map[string]string{}
		gathering := ""
		for _, i := range h.incidents() {
			if before, twice := owners[i.Source.ID]; twice {
				t.Fatalf("%s belongs to %s and %s", i.Source.ID, before, i.ID)
			}
			owners[i.Source.ID] = i.ID
			if i.Service == "search" && gathering != "" {
				t.Fatalf("%s and %s are open for the same service", gathering, i.ID)
			}
			if i.Service == "search" {
				gathering = i.ID
			}
		}
		h.joined(gathering, owners)
		for _, l := range letters {
			if owners[l.key] == "" {
				return missing("%s was answered 202 and belongs to no incident", l.key)
			}
		}
		return ""
	})
	return owners
}

// backlog is how long n things may take: the bursts leave more behind than a
// server that lives for a moment can do.
func backlog(n int) time.Duration { return patience + time.Duration(n)*20*time.Millisecond }

// joined adds the keys that joined an incident.
func (h *home) joined(id string, owners map[string]string) {
	if id == "" {
		return
	}
	for _, e := range h.timeline(id) {
		for _, r := range e.Refs {
			if key, ok := strings.CutPrefix(r, "pagerduty:"); ok {
				owners[key] = id
			}
		}
	}
}

func (h *home) everyIncidentHasItsCard(t *testing.T) {
	t.Helper()
	all := h.incidents()
	for _, i := range slices.Backward(all) { // the oldest is served first
		eventually(t, backlog(len(all)), func() string {
			cards := 0
			for _, m := range h.messages(i.ID) {
				if m.Kind == "card" {
					cards++
				}
			}
			return unless(cards == 1, "%s has %d cards", i.ID, cards)
		})
	}
}
