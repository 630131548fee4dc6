package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mayday/bot/chat"
)

// phone is a platform beside the war room that fails as it is told: what the
// port promises is kept against it, whatever vendor stands behind.
type phone struct {
	name   string
	mu     sync.Mutex
	fail   func(call, key string) error // nil: everything works
	stands []*posted
	calls  []string // "post INC-1:opener", in order
	who    func(id string) (chat.User, error)
	health chat.Health
}

type posted struct {
	ref    chat.Ref
	thread chat.Ref
	m      chat.Message
}

var (
	_ chat.Platform  = (*phone)(nil)
	_ chat.Directory = (*phone)(nil)
	_ chat.Prober    = (*phone)(nil)
)

func (p *phone) Name() string { return p.name }

func (*phone) Run(ctx context.Context, _ chat.Handler) error { <-ctx.Done(); return nil }

func (p *phone) Health() chat.Health { p.mu.Lock(); defer p.mu.Unlock(); return p.health }

func (p *phone) Who(_ context.Context, id string) (chat.User, error) {
	if p.who == nil {
		return chat.User{ID: id, Name: id}, nil
	}
	return p.who(id)
}

func (p *phone) OpenThread(_ context.Context, r chat.OpenRequest) (chat.Ref, error) {
	return p.put("open", "", r.Message)
}

func (p *phone) Post(_ context.Context, at chat.Place, m chat.Message) (chat.Ref, error) {
	return p.put("post", at.Thread, m)
}

func (p *phone) put(call string, thread chat.Ref, m chat.Message) (chat.Ref, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call+" "+m.Key)
	var err error
	if p.fail != nil {
		err = p.fail(call, m.Key)
	}
	if err != nil && !errors.Is(err, errAccepted) {
		return "", err
	}
	one := &posted{ref: chat.Ref(fmt.Sprintf("r%d", len(p.stands)+1)), thread: thread, m: m}
	p.stands = append(p.stands, one)
	if err != nil {
		return "", &chat.Failure{Kind: chat.Uncertain, Err: err}
	}
	return one.ref, nil
}

// errAccepted: the message stands, and the answer was lost.
var errAccepted = errors.New("the answer was lost")

func (p *phone) Edit(_ context.Context, ref chat.Ref, m chat.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, "edit "+m.Key)
	if p.fail != nil {
		if err := p.fail("edit", m.Key); err != nil {
			return err
		}
	}
	for _, s := range p.stands {
		if s.ref == ref {
			s.m = m
			return nil
		}
	}
	return fmt.Errorf("nothing stands at %s", ref)
}

// of are the messages of a key that stand.
func (p *phone) of(key string) []*posted {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*posted
	for _, s := range p.stands {
		if s.m.Key == key {
			out = append(out, s)
		}
	}
	return out
}

func (p *phone) failing(f func(call, key string) error) { p.mu.Lock(); p.fail = f; p.mu.Unlock() }

// withPhone starts a Mayday with a phone beside the war room.
func withPhone(t *testing.T) (*talk, *phone) {
	t.Helper()
	p := &phone{name: "phone", health: chat.Health{State: "ok"}}
	return withPlaces(t, p), p
}

func withPlaces(t *testing.T, places ...chat.Platform) *talk {
	t.Helper()
	k := &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC), places: places}
	t.Cleanup(k.close)
	k.must(t, "start")
	return k
}

// must runs script lines.
func (k *talk) must(t *testing.T, lines ...string) {
	t.Helper()
	for _, l := range lines {
		var err error
		if l == "start" {
			err = k.start(nil)
		} else {
			err = k.line(l)
		}
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
	}
}

func (k *talk) lines(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, m := range k.messages() {
		b.WriteString(m.Text + "\n")
	}
	return b.String()
}

// TestADoubtfulSendIsRepeatedAndSaysSo is P12: the platform learns since when
// the message may stand, and nothing is lost.
func TestADoubtfulSendIsRepeatedAndSaysSo(t *testing.T) {
	k, p := withPhone(t)
	tries := 0
	p.failing(func(call, key string) error {
		if key == "INC-1:card" && tries == 0 {
			tries++
			return errAccepted
		}
		return nil
	})
	began := k.time()
	k.must(t, "event triggered Q1", "clock +1m")
	cards := p.of("INC-1:card")
	if len(cards) != 2 {
		t.Fatalf("%d cards stand, want the doubtful one and its repeat", len(cards))
	}
	if !cards[0].m.Tried.IsZero() {
		t.Error("the first try says that it may be a repeat")
	}
	if got := cards[1].m.Tried; !got.Equal(began) {
		t.Errorf("the repeat says that an earlier try was at %s, want %s", got, began)
	}
	if got := p.of("INC-1:opener"); len(got) != 1 || got[0].thread != cards[1].ref || !got[0].m.Tried.IsZero() {
		t.Errorf("the opener: %+v, want it once, below the card that answered", got)
	}
}

// TestWhatWasNotSentIsNoRepeat: a send that certainly did not happen leaves no
// doubt.
func TestWhatWasNotSentIsNoRepeat(t *testing.T) {
	for _, kind := range []chat.FailureKind{chat.Limited, chat.Down} {
		t.Run(string(kind), func(t *testing.T) {
			k, p := withPhone(t)
			left := 3
			p.failing(func(string, string) error {
				if left--; left >= 0 {
					return &chat.Failure{Kind: kind, After: 3 * time.Second, Err: errors.New("no")}
				}
				return nil
			})
			k.must(t, "event triggered Q1", "clock +2m")
			cards := p.of("INC-1:card")
			if len(cards) != 1 || !cards[0].m.Tried.IsZero() {
				t.Errorf("cards %+v, want one that is no repeat", cards)
			}
		})
	}
}

// TestARoomThatIsClosedIsSaidElsewhere: nothing is lost, nobody is flooded, and
// the other platform goes on.
func TestARoomThatIsClosedIsSaidElsewhere(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1", "press ana I'm_on_it")
	p.failing(func(call, key string) error {
		if strings.Contains(key, ":update:") {
			return &chat.Failure{Kind: chat.Lost, What: chat.LostRoom, Fix: "Type `/invite @mayday` there.", Err: errors.New("not_in_channel")}
		}
		return nil
	})
	k.must(t, "say ana update Rolling back checkout.", "clock +4m")
	if got := strings.Count(k.lines(t), "I can't post in #status on phone. What was to be said there is saved"); got != 1 {
		t.Errorf("it is said %d times in the thread of the war room, want once:\n%s", got, k.lines(t))
	}
	if said := p.of("INC-1:line:" + lineOf(p, "I can't post in #status")); len(said) != 1 || said[0].thread == "" {
		t.Errorf("on the platform itself it stands in the thread: %+v", said)
	}
	knocks := 0
	for _, c := range p.calls {
		if strings.HasPrefix(c, "post INC-1:update:") {
			knocks++
		}
	}
	if knocks < 2 || knocks > 6 {
		t.Errorf("knocked %d times in four minutes, want a few", knocks)
	}
	p.failing(nil)
	k.must(t, "clock +6m")
	var updates []string
	for _, s := range p.stands {
		if s.m.Kind == "update" {
			updates = append(updates, s.m.Text)
		}
	}
	if len(updates) != 1 || !strings.Contains(updates[0], "Rolling back checkout") {
		t.Errorf("after the invitation %q stands in #status", updates)
	}
}

// lineOf is the seq of the line with these words.
func lineOf(p *phone, words string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stands {
		if strings.Contains(s.m.Text, words) {
			return s.m.Key[strings.LastIndex(s.m.Key, ":")+1:]
		}
	}
	return "none"
}

// TestADeletedThreadIsOpenedAnew: the card goes first, what waited goes below
// it, and a thread that is deleted again and again is not opened again and again.
func TestADeletedThreadIsOpenedAnew(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1", "press ana I'm_on_it", "clock +2m")
	old := p.of("INC-1:card")[0].ref
	p.failing(func(call, key string) error {
		p2 := p.stands
		if call == "post" && strings.Contains(key, ":note:") && len(p2) > 0 && !slices.ContainsFunc(p2, func(s *posted) bool { return s.m.Key == "INC-1:card" && s.ref != old }) {
			return &chat.Failure{Kind: chat.Lost, What: chat.LostThread, Err: errors.New("thread_not_found")}
		}
		return nil
	})
	k.must(t, "say ana note the thread is gone", "clock +1m")
	cards := p.of("INC-1:card")
	if len(cards) != 2 {
		t.Fatalf("%d cards were opened, want one more", len(cards))
	}
	for _, s := range p.stands {
		if s.m.Kind == "note" && s.thread != cards[1].ref {
			t.Errorf("the note stands below %s, want the new card %s", s.thread, cards[1].ref)
		}
	}
	p.failing(func(call, _ string) error {
		if call == "post" {
			return &chat.Failure{Kind: chat.Lost, What: chat.LostThread, Err: errors.New("thread_not_found")}
		}
		return nil
	})
	k.must(t, "say ana note gone for good", "clock +3m")
	if n := len(p.of("INC-1:card")); n > 5 {
		t.Errorf("%d cards were opened in three minutes", n)
	}
}

// TestADeletedMessageIsNotMissed: its edits are dropped and the thread goes on.
func TestADeletedMessageIsNotMissed(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1")
	p.failing(func(call, _ string) error {
		if call == "edit" {
			return &chat.Failure{Kind: chat.Lost, What: chat.LostMessage, Err: errors.New("message_not_found")}
		}
		return nil
	})
	k.must(t, "press ana I'm_on_it", "say ana note still here", "clock +10s")
	if len(p.of("INC-1:card")) != 1 {
		t.Error("the card was posted anew")
	}
	if !strings.Contains(texts(p.all()), "still here") {
		t.Errorf("the thread did not go on: %s", texts(p.all()))
	}
}

func (p *phone) all() []chat.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []chat.Message
	for _, s := range p.stands {
		out = append(out, s.m)
	}
	return out
}

// TestRefusedBytesGoAsPlainWords: once more in plain words, then given up, and
// the thread goes on.
func TestRefusedBytesGoAsPlainWords(t *testing.T) {
	k, p := withPhone(t)
	plain := 0
	p.failing(func(call, key string) error {
		if strings.HasSuffix(key, ":opener") {
			plain++
			return &chat.Failure{Kind: chat.Rejected, Err: errors.New("invalid_blocks")}
		}
		return nil
	})
	k.must(t, "event triggered Q1", "press ana I'm_on_it")
	if plain != 2 {
		t.Errorf("the opener was tried %d times, want twice", plain)
	}
	if !strings.Contains(texts(p.all()), "Ana") {
		t.Errorf("the thread did not go on: %s", texts(p.all()))
	}
}

// TestAPlatformThatComesBack: its cards show what is true now, whether they stood
// or not when it left the configuration.
func TestAPlatformThatComesBack(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1")
	k.places = nil
	k.must(t, "restart", "press ana I'm_on_it", "event triggered Q2 service=PBATCH", "say ana note while it is gone INC-1")
	k.places = []chat.Platform{p}
	k.must(t, "restart", "clock +1m")
	if got := p.of("INC-1:card"); len(got) != 1 || !strings.Contains(got[0].m.Text, "owner: Ana") {
		t.Errorf("the card that stood: %+v", got)
	}
	if got := p.of("INC-2:card"); len(got) != 1 {
		t.Errorf("the incident that was opened meanwhile has %d cards", len(got))
	}
	k.must(t, "say ana note INC-1 and now it is back")
	if !strings.Contains(texts(p.all()), "and now it is back") {
		t.Errorf("the thread does not go on: %s", texts(p.all()))
	}
}

// TestAReminderThatWasNeverSentIsNoNews: calls that were replaced while the
// platform was away are not posted when it is back.
func TestAReminderThatWasNeverSentIsNoNews(t *testing.T) {
	k, p := withPhone(t)
	k.must(t, "event triggered Q1")
	p.failing(func(string, string) error { return &chat.Failure{Kind: chat.Down, Err: errors.New("away")} })
	k.must(t, "clock +16m")
	p.failing(nil)
	k.must(t, "clock +2m")
	for _, m := range p.all() {
		if strings.HasPrefix(m.Text, "– replaced") {
			t.Errorf("noise: %s", m.Text)
		}
	}
}
