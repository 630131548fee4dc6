package web

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

// Links is where several processes that share a store keep sign-in links, so that
// any of them redeems what another one made.
type Links interface {
	Note(ctx context.Context, key, value string) error
	Noted(ctx context.Context, key string) (value string, at time.Time, err error)
	Once(ctx context.Context, name string) (first bool, err error)
}

// sharedLink is a link as it lies in the store: who reads that cannot sign in,
// since the key is not there. The row is chosen by the key and used again, so
// that there are never more than maxLinks.
type sharedLink struct {
	Digest string    `json:"digest"`
	Made   time.Time `json:"made"`
	ID     string    `json:"id"`
	Home   string    `json:"home,omitempty"`
	Name   string    `json:"name"`
	Role   string    `json:"role,omitempty"`
}

func (l sharedLink) fresh(now time.Time) bool {
	return l.Digest != "" && !now.After(l.Made.Add(linkLife))
}

func (l sharedLink) once() string { return "link:" + l.Digest }

// linkRow is where the link of a key lies.
func linkRow(d digest) string {
	return fmt.Sprintf("link:%d", binary.BigEndian.Uint64(d[:8])%maxLinks)
}

// mintTries is how many keys are tried for one whose row holds no link that
// somebody may still open. Two processes that choose one row at the same moment
// lose a link; whoever opens it asks for another.
const mintTries = 8

// mint makes a sign-in key.
func (s *Server) mint(ctx context.Context, user chat.User) (string, error) {
	if s.o.Links == nil {
		return s.sessions.mint(user), nil
	}
	for range mintTries {
		key := newKey()
		d := digestOf(key)
		there, err := s.lying(ctx, linkRow(d))
		if err != nil {
			return "", err
		}
		if there.fresh(s.o.Now()) {
			continue
		}
		l := sharedLink{Digest: hex.EncodeToString(d[:]), Made: s.o.Now().UTC(), ID: user.ID, Home: user.Home, Name: user.Name, Role: user.Role}
		return key, s.lay(ctx, linkRow(d), l)
	}
	return "", fault.New(fault.Overloaded, "", "Too many sign-in links wait to be used.", "Try again in some minutes.")
}

// known answers whom a key would sign in.
func (s *Server) known(ctx context.Context, key string) (chat.User, bool, error) {
	if s.o.Links == nil {
		user, ok := s.sessions.known(key)
		return user, ok, nil
	}
	_, user, ok, err := s.shared(ctx, key)
	return user, ok, err
}

// redeemKey uses a key up and begins a session. Of all processes that are asked
// at once the store lets one do it.
func (s *Server) redeemKey(ctx context.Context, key string) (cookie string, ok bool, err error) {
	if s.o.Links == nil {
		cookie, ok = s.sessions.redeem(key)
		return cookie, ok, nil
	}
	l, user, ok, err := s.shared(ctx, key)
	if err != nil || !ok {
		return "", false, err
	}
	if first, err := s.o.Links.Once(ctx, l.once()); err != nil || !first {
		return "", false, err
	}
	if err := s.lay(ctx, linkRow(digestOf(key)), sharedLink{}); err != nil {
		s.o.Log.Warn("a used sign-in link still looks new", "err", err) // it works no more
	}
	return s.sessions.start(user, viaLink, s.o.Now()), true, nil
}

// shared finds the link of a key, and who that is by the configuration as it is
// in this process. The groups of somebody from chat are known there only: a link
// of theirs that is older than what is in force here is not taken, as one in
// memory would not be.
func (s *Server) shared(ctx context.Context, key string) (sharedLink, chat.User, bool, error) {
	if len(key) != keyLength {
		return sharedLink{}, chat.User{}, false, nil // nobody asks the store for a guess
	}
	d := digestOf(key)
	l, err := s.lying(ctx, linkRow(d))
	if err != nil || l.Digest != hex.EncodeToString(d[:]) || !l.fresh(s.o.Now()) {
		return sharedLink{}, chat.User{}, false, err
	}
	user := chat.User{ID: l.ID, Home: l.Home, Name: l.Name, Role: l.Role}
	if user.Home != "" {
		return l, user, !l.Made.Before(s.sessions.reviewedAt()), nil
	}
	user, ok := s.o.Still(user)
	return l, user, ok, nil
}

func (s *Server) lying(ctx context.Context, row string) (sharedLink, error) {
	value, _, err := s.o.Links.Noted(ctx, row)
	if err != nil || value == "" {
		return sharedLink{}, err
	}
	var l sharedLink
	if err := json.Unmarshal([]byte(value), &l); err != nil {
		return sharedLink{}, nil //nolint:nilerr // an empty row: what is no link signs nobody in
	}
	return l, nil
}

func (s *Server) lay(ctx context.Context, row string, l sharedLink) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("keep sign-in link: %w", err)
	}
	return s.o.Links.Note(ctx, row, string(raw))
}
