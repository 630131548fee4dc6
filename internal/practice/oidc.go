package practice

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// OIDC is a provider that people sign in with, as strict as the standard lets one
// be: the address to return to must be the registered one, PKCE and a nonce must
// be there, a code is good once and for a minute, and the client must show its
// secret. It signs with RS256 and keys that rotate.
type OIDC struct {
	o      OIDCOptions
	server *http.Server
	done   chan struct{}
	issuer string

	mu    sync.Mutex
	keys  []oidcKey // the last one signs
	codes map[string]oidcCode
	who   OIDCPerson
	twist string
	seen  []string // what was refused, and why
}

// OIDCOptions are what is registered at the provider.
type OIDCOptions struct {
	ClientID, Secret string
	Redirect         string // the only address it returns to
	Now              func() time.Time
}

// OIDCPerson is somebody who has an account there.
type OIDCPerson struct {
	Subject  string
	Email    string
	Verified bool
	Name     string
	Since    time.Time // when they last showed who they are; a fresh login is now
}

// OIDC faults that a token can have: each makes one that must not be accepted.
const (
	TwistNonce    = "nonce"    // of another attempt
	TwistAudience = "audience" // for another client
	TwistIssuer   = "issuer"   // by another provider
	TwistExpired  = "expired"
	TwistKey      = "key"  // signed by a key that is not published
	TwistNone     = "none" // not signed at all
	TwistNoToken  = "no_token"
)

type oidcKey struct {
	id  string
	key *rsa.PrivateKey
}

type oidcCode struct {
	challenge, nonce string
	who              OIDCPerson
	ends             time.Time
}

// NewOIDC makes a provider.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	if o.ClientID == "" || o.Secret == "" || o.Redirect == "" {
		return nil, errors.New("make provider: client, secret and the address to return to are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &OIDC{o: o, codes: map[string]oidcCode{}, done: make(chan struct{})}
	return p, p.Rotate()
}

// Start listens on loopback and answers the issuer.
func (p *OIDC) Start(listen string) (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", listen)
	if err != nil {
		return "", fmt.Errorf("start provider: %w", err)
	}
	p.issuer = "http://" + l.Addr().String()
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(l) // until Close
	}()
	return p.issuer, nil
}

// Close stops the provider and waits for it.
func (p *OIDC) Close() {
	if p.server != nil {
		_ = p.server.Close() // nothing is kept
		<-p.done
	}
}

// Rotate makes a new key that signs from now on; the one before stays published.
func (p *OIDC) Rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make key of the provider: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, oidcKey{id: fmt.Sprintf("key-%s", oidcRandom()[:8]), key: key})
	p.keys = p.keys[max(0, len(p.keys)-2):]
	return nil
}

// SignIn says who sits in front of the browser from now on.
func (p *OIDC) SignIn(who OIDCPerson) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// Twist makes the tokens wrong from now on; "" makes them right again.
func (p *OIDC) Twist(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.twist = fault
}

// Refused tells what was refused so far, and why.
func (p *OIDC) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func (p *OIDC) refused(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, why)
}

func oidcRandom() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

func oidcHash(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
