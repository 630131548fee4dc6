package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/fault"
)

// OIDC is a provider that people sign in with: `web.oidc`.
type OIDC struct {
	Title    string // on the button, "Acme"
	Issuer   string
	ClientID string
	Secret   config.Secret
	Client   *http.Client // http.DefaultClient unless set
}

// Bounds of a sign-in on its way.
const (
	attemptLife = 10 * time.Minute
	maxAttempts = 1000
	oidcTime    = 10 * time.Second
	attemptName = "mayday-oidc"
)

// attempt is a sign-in on its way: what the answer must match.
type attempt struct {
	nonce, verifier, back string
	again                 bool // somebody is signed in and shows once more who they are
	ends                  time.Time
}

// provider talks to the provider. It is asked for its addresses at the first
// sign-in, so that Mayday starts while it is down.
type provider struct {
	o    OIDC
	back string // our address that it returns to
	now  func() time.Time

	mu       sync.Mutex
	found    *oidc.Provider
	attempts map[string]attempt // by state
}

func newProvider(o OIDC, address string, now func() time.Time) *provider {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: oidcTime}
	}
	return &provider{o: o, back: strings.TrimSuffix(address, "/") + "/oidc/callback", now: now, attempts: map[string]attempt{}}
}

func (s *Server) providerTitle() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.o.Title
}

// discover asks the provider for its addresses, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(p.with(ctx), p.o.Issuer)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "E5", p.o.Title+" does not answer.", "Use a sign-in link meanwhile: mayday web link").Because(err)
	}
	p.found = found
	return found, nil
}

func (p *provider) with(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.o.Client)
}

func (p *provider) config(found *oidc.Provider) (*oauth2.Config, error) {
	secret, err := p.o.Secret.Reveal()
	if err != nil {
		return nil, fmt.Errorf("sign in with the provider: %w", err)
	}
	return &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: secret, RedirectURL: p.back, Endpoint: found.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// begin remembers an attempt and answers its state.
func (p *provider) begin(a attempt) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for state, old := range p.attempts {
		if now.After(old.ends) || len(p.attempts) >= maxAttempts {
			delete(p.attempts, state)
		}
	}
	state := newKey()
	a.ends = now.Add(attemptLife)
	p.attempts[state] = a
	return state
}

// take answers an attempt, once.
func (p *provider) take(state string) (attempt, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.attempts[state]
	delete(p.attempts, state)
	return a, ok && !p.now().After(a.ends)
}

// oidcStart sends a browser to the provider.
func (s *Server) oidcStart(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), oidcTime)
	defer cancel()
	found, err := s.provider.discover(ctx)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	c, err := s.provider.config(found)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	a := attempt{nonce: newKey(), verifier: oauth2.GenerateVerifier(), back: backTo(r.URL.Query().Get("back")), again: r.URL.Query().Get("again") != ""}
	state := s.provider.begin(a)
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.verifier)}
	if a.again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	// Lax, for the browser comes back from elsewhere. It binds the answer to this
	// browser and is worth nothing else.
	http.SetCookie(w, &http.Cookie{Name: s.attemptCookie(r), Value: state, Path: "/", HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(attemptLife / time.Second)})
	http.Redirect(w, r, c.AuthCodeURL(state, options...), http.StatusSeeOther)
}

func (s *Server) attemptCookie(r *http.Request) string {
	if s.secure(r) {
		return "__Host-" + attemptName
	}
	return attemptName
}

// oidcCallback takes a browser back and signs it in.
func (s *Server) oidcCallback(w http.ResponseWriter, r *http.Request) {
	who, a, err := s.returned(r)
	http.SetCookie(w, &http.Cookie{Name: s.attemptCookie(r), Path: "/", HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode, MaxAge: -1})
	if err != nil {
		s.o.Log.Warn("sign-in was refused", "err", err, "cause", errors.Unwrap(err))
		s.refuse(w, r, err)
		return
	}
	var found chat.User
	known := false
	if s.o.Recognise != nil {
		found, known = s.o.Recognise(who.Identity)
	}
	name := who.Email
	if name == "" {
		name = who.Name
	}
	user := s.recognised("oidc", who.Subject, found, known)
	if !known && name != "" {
		user.Name = chat.Clamp(chat.Clean(name), 60)
	}
	s.sessions.end(s.cookie(r)) // one browser, one session
	s.setCookie(w, r, s.sessions.start(user, viaOIDC, who.proven))
	// The strict cookie is not sent while the browser comes from elsewhere, so the
	// next page is opened from here.
	s.show(w, r, http.StatusOK, "plain", plainPage{Title: "Signed in as " + user.Name + ".", Next: a.back})
}

// arrival is somebody whom the provider has signed in.
type arrival struct {
	Identity
	proven time.Time // when they showed there who they are; zero when it does not say
}

// errReturn is what people read of an answer that is not good. The log has why.
func errReturn(why error) error {
	return fault.New(fault.Unsigned, "E25", "This sign-in was not finished.", "Begin it again in this browser.").Because(why)
}

// returned checks everything that an answer must match.
func (s *Server) returned(r *http.Request) (arrival, attempt, error) {
	q := r.URL.Query()
	state := q.Get("state")
	c, err := r.Cookie(s.attemptCookie(r))
	if err != nil || state == "" || subtle.ConstantTimeCompare([]byte(c.Value), []byte(state)) != 1 {
		return arrival{}, attempt{}, errReturn(errors.New("the answer is not for this browser"))
	}
	a, ok := s.provider.take(state)
	if !ok {
		return arrival{}, a, errReturn(errors.New("the attempt is over"))
	}
	if problem := q.Get("error"); problem != "" {
		return arrival{}, a, errReturn(errors.New("the provider says " + chat.Clamp(chat.Clean(problem), 60)))
	}
	ctx, cancel := context.WithTimeout(r.Context(), oidcTime)
	defer cancel()
	who, err := s.provider.exchange(ctx, q, a)
	return who, a, err
}

// exchange redeems the code and verifies the token.
func (p *provider) exchange(ctx context.Context, q url.Values, a attempt) (arrival, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return arrival{}, err
	}
	if iss := q.Get("iss"); iss != "" && iss != p.o.Issuer {
		return arrival{}, errReturn(errors.New("another issuer answers"))
	}
	c, err := p.config(found)
	if err != nil {
		return arrival{}, err
	}
	ctx = p.with(ctx)
	token, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(a.verifier))
	if err != nil {
		return arrival{}, errReturn(exchangeTrouble(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.o.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return arrival{}, errReturn(fmt.Errorf("verify id token: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.nonce)) != 1 {
		return arrival{}, errReturn(errors.New("the nonce is another one"))
	}
	return p.read(id)
}

// exchangeTrouble leaves out what may hold a code or a secret.
func exchangeTrouble(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("redeem code: the provider says %q", chat.Clamp(chat.Clean(refused.ErrorCode), 60))
	}
	return errors.New("redeem code: no answer that can be read")
}

// read takes what is needed out of a token. An address counts only when the
// provider says that it is verified.
func (p *provider) read(id *oidc.IDToken) (arrival, error) {
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := id.Claims(&claims); err != nil {
		return arrival{}, errReturn(fmt.Errorf("read id token: %w", err))
	}
	who := arrival{Identity: Identity{Name: claims.Name, Subject: id.Subject}}
	if claims.Verified {
		who.Email = claims.Email
	}
	if claims.AuthTime > 0 && claims.AuthTime <= p.now().Add(time.Minute).Unix() {
		who.proven = time.Unix(claims.AuthTime, 0)
	}
	return who, nil
}
