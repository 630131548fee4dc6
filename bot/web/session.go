package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"sync"
	"time"

	"mayday/bot/chat"
)

// Durations of INTERACTION 4.9.
const (
	linkLife    = 10 * time.Minute
	sessionLife = 8 * time.Hour
	sessionIdle = 30 * time.Minute
	panelLife   = 15 * time.Minute
)

// Bounds, so that a stranger with a link cannot fill the memory.
const (
	maxSessions  = 10_000
	maxPerPerson = 5
	maxPanels    = 20
	maxLinks     = 10_000
)

// digest is what is kept of a key: who reads the memory of a crashed process
// cannot sign in with it.
type digest [sha256.Size]byte

func digestOf(key string) digest { return sha256.Sum256([]byte(key)) }

// keyLength is that of a key as text.
const keyLength = 32

func newKey() string {
	var b [keyLength / 4 * 3]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// How a session began.
const (
	viaLink  = "link"
	viaOIDC  = "oidc"
	viaProxy = "proxy"
	viaDemo  = "demo"
)

// signed is what others may know of a session.
type signed struct {
	user   chat.User
	via    string
	proven time.Time
}

// session is one signed-in browser.
type session struct {
	user    chat.User
	via     string
	proven  time.Time // when the person last showed who they are
	began   time.Time
	seen    time.Time
	panels  map[string]panel
	ordered []string // ids of panels, oldest first
}

// panel is an answer that waits to be looked at: the page after a press is a
// page of its own, so that "reload" never presses again.
type panel struct {
	message chat.Message
	at      time.Time
}

// link is a sign-in key that nobody used yet, in the memory of this process.
type link struct {
	user chat.User
	ends time.Time
}

type sessions struct {
	now  func() time.Time
	demo bool

	mu      sync.Mutex
	open    map[digest]*session
	links   map[digest]link
	demoUse bool // the demo's key was used

	reviewed time.Time // when the configuration came into force here
}

func newSessions(now func() time.Time, demo bool) *sessions {
	return &sessions{now: now, demo: demo, open: map[digest]*session{}, links: map[digest]link{}, reviewed: now()}
}

// mint makes a sign-in key.
func (s *sessions) mint(user chat.User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for d, l := range s.links {
		if now.After(l.ends) {
			delete(s.links, d)
		}
	}
	for d := range s.links { // any: whoever makes so many makes no sense of them
		if len(s.links) < maxLinks {
			break
		}
		delete(s.links, d)
	}
	key := newKey()
	s.links[digestOf(key)] = link{user: user, ends: now.Add(linkLife)}
	return key
}

// known reports whether a key would sign somebody in, and whom.
func (s *sessions) known(key string) (chat.User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.links[digestOf(key)]
	return l.user, ok && !s.now().After(l.ends)
}

// redeem uses a key up and begins a session.
func (s *sessions) redeem(key string) (cookie string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := digestOf(key)
	l, ok := s.links[d]
	delete(s.links, d)
	if !ok || s.now().After(l.ends) {
		return "", false
	}
	return s.begin(l.user, viaLink, s.now()), true
}

// redeemDemo uses the demo's key up. It answers false when it was used before.
func (s *sessions) redeemDemo(user chat.User) (cookie string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.demoUse {
		return "", false
	}
	s.demoUse = true
	return s.begin(user, viaDemo, s.now()), true
}

// start begins a session for somebody whom others have signed in.
func (s *sessions) start(user chat.User, via string, proven time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(user, via, proven)
}

func (s *sessions) begin(user chat.User, via string, proven time.Time) string {
	now := s.now()
	if len(s.open) >= maxSessions {
		s.prune(now)
	}
	if !s.demo {
		s.crowd(user)
	}
	key := newKey()
	s.open[digestOf(key)] = &session{user: user, via: via, proven: proven, began: now, seen: now, panels: map[string]panel{}}
	return key
}

// crowd ends the session of a person that was longest unused, when there are too
// many: a stolen link does not add to them for ever.
func (s *sessions) crowd(user chat.User) {
	var oldest digest
	var at time.Time
	n := 0
	for d, x := range s.open {
		if x.user.ID != user.ID || x.user.Home != user.Home {
			continue
		}
		n++
		if at.IsZero() || x.seen.Before(at) {
			oldest, at = d, x.seen
		}
	}
	if n >= maxPerPerson {
		delete(s.open, oldest)
	}
}

// review looks at everybody who is signed in, and at the links that nobody used
// yet, once more.
func (s *sessions) review(still func(chat.User) (chat.User, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reviewed = s.now()
	for d, x := range s.open {
		u, ok := still(x.user)
		if !ok {
			delete(s.open, d)
			continue
		}
		x.user = u
	}
	for d, l := range s.links {
		u, ok := still(l.user)
		if !ok {
			delete(s.links, d)
			continue
		}
		s.links[d] = link{user: u, ends: l.ends}
	}
}

// reviewedAt answers when the configuration came into force here.
func (s *sessions) reviewedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reviewed
}

// prune forgets sessions that are over; when none is, the one longest unused.
func (s *sessions) prune(now time.Time) {
	var oldest digest
	var at time.Time
	for d, x := range s.open {
		if s.over(x, now) {
			delete(s.open, d)
			continue
		}
		if at.IsZero() || x.seen.Before(at) {
			oldest, at = d, x.seen
		}
	}
	if len(s.open) >= maxSessions {
		delete(s.open, oldest)
	}
}

func (s *sessions) over(x *session, now time.Time) bool {
	if s.demo {
		return false // a demo forgets everything when it ends
	}
	return now.Sub(x.began) > sessionLife || now.Sub(x.seen) > sessionIdle
}

// find answers who a cookie belongs to.
func (s *sessions) find(key string) (signed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.get(key)
	if x == nil {
		return signed{}, false
	}
	x.seen = s.now()
	return signed{user: x.user, via: x.via, proven: x.proven}, true
}

// alive is find for somebody who only looks on: it keeps no session from ending.
func (s *sessions) alive(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(key) != nil
}

func (s *sessions) get(key string) *session {
	d := digestOf(key)
	x, ok := s.open[d]
	if !ok {
		return nil
	}
	if s.over(x, s.now()) {
		delete(s.open, d)
		return nil
	}
	return x
}

// become changes who a session is: the person switch of the demo.
func (s *sessions) become(key string, user chat.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.get(key); x != nil {
		x.user, x.panels, x.ordered = user, map[string]panel{}, nil
	}
}

func (s *sessions) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, digestOf(key))
}

// leave keeps an answer for the next page and answers its id.
func (s *sessions) leave(key string, m chat.Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.get(key)
	if x == nil {
		return ""
	}
	id := newKey()[:16]
	x.panels[id] = panel{message: m, at: s.now()}
	x.ordered = append(x.ordered, id)
	if len(x.ordered) > maxPanels {
		delete(x.panels, x.ordered[0])
		x.ordered = x.ordered[1:]
	}
	return id
}

// left answers what leave kept, while it is fresh.
func (s *sessions) left(key, id string) (chat.Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.get(key)
	if x == nil {
		return chat.Message{}, false
	}
	p, ok := x.panels[id]
	if !ok || s.now().Sub(p.at) > panelLife {
		return chat.Message{}, false
	}
	return p.message, true
}

// sameKey compares in constant time, whatever the lengths.
func sameKey(a, b string) bool {
	x, y := digestOf(a), digestOf(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
