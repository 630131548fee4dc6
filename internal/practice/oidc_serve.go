package practice

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

func (p *OIDC) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.document)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /keys", p.publish)
	return mux
}

func (p *OIDC) document(w http.ResponseWriter, _ *http.Request) {
	oidcJSON(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"authorization_response_iss_parameter_supported": true,
	})
}

var oidcChallenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authorize is the page of the provider, at which somebody is signed in already
// or signs in at once.
func (p *OIDC) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != p.o.ClientID || q.Get("redirect_uri") != p.o.Redirect {
		p.refused("unknown client or address to return to") // nobody is sent there
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {p.issuer}}
	if why := askedWrong(q); why != "" {
		p.refused(why)
		back.Set("error", "invalid_request")
		http.Redirect(w, r, p.o.Redirect+"?"+back.Encode(), http.StatusFound)
		return
	}
	p.mu.Lock()
	who, code := p.who, oidcRandom()
	if q.Get("prompt") == "login" || who.Since.IsZero() {
		who.Since = p.o.Now()
	}
	p.codes[code] = oidcCode{challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), who: who, ends: p.o.Now().Add(time.Minute)}
	p.mu.Unlock()
	back.Set("code", code)
	http.Redirect(w, r, p.o.Redirect+"?"+back.Encode(), http.StatusFound)
}

// askedWrong says what a request lacks.
func askedWrong(q url.Values) string {
	switch {
	case q.Get("response_type") != "code":
		return "response_type is not code"
	case !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		return "scope has no openid"
	case len(q.Get("state")) < 16:
		return "state is missing or short"
	case len(q.Get("nonce")) < 16:
		return "nonce is missing or short"
	case q.Get("code_challenge_method") != "S256" || !oidcChallenge.MatchString(q.Get("code_challenge")):
		return "PKCE with S256 is missing"
	}
	return ""
}

// token redeems a code, once.
func (p *OIDC) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !p.client(r) {
		p.refused("client did not show its secret")
		oidcJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	code, ok := p.codes[r.PostForm.Get("code")]
	delete(p.codes, r.PostForm.Get("code"))
	p.mu.Unlock()
	why := ""
	switch {
	case r.PostForm.Get("grant_type") != "authorization_code":
		why = "grant_type is not authorization_code"
	case !ok || p.o.Now().After(code.ends):
		why = "code is unknown, used or old"
	case r.PostForm.Get("redirect_uri") != p.o.Redirect:
		why = "redirect_uri is another one"
	case oidcHash(r.PostForm.Get("code_verifier")) != code.challenge:
		why = "code_verifier does not fit"
	}
	if why != "" {
		p.refused(why)
		oidcJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	answer := map[string]any{"access_token": oidcRandom(), "token_type": "Bearer", "expires_in": 300}
	if id := p.idToken(code); id != "" {
		answer["id_token"] = id
	}
	oidcJSON(w, http.StatusOK, answer)
}

// client reports whether a client shows its secret, in the header or the form.
func (p *OIDC) client(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if ok {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id == p.o.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.o.Secret)) == 1
}

// idToken signs who somebody is, right or twisted.
func (p *OIDC) idToken(c oidcCode) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, key := p.o.Now(), p.keys[len(p.keys)-1]
	claims := map[string]any{"iss": p.issuer, "aud": p.o.ClientID, "sub": c.who.Subject, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"nonce": c.nonce, "auth_time": c.who.Since.Unix(), "email": c.who.Email, "email_verified": c.who.Verified, "name": c.who.Name}
	alg := "RS256"
	switch p.twist {
	case TwistNonce:
		claims["nonce"] = oidcRandom()
	case TwistAudience:
		claims["aud"] = "somebody-else"
	case TwistIssuer:
		claims["iss"] = "https://login.evil.example"
	case TwistExpired:
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-30*time.Minute).Unix()
	case TwistKey:
		stray, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return ""
		}
		key.key = stray
	case TwistNone:
		alg = "none"
	case TwistNoToken:
		return ""
	}
	return oidcSign(alg, key, claims)
}

func oidcSign(alg string, key oidcKey, claims map[string]any) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // maps of strings, numbers and booleans
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	body := part(map[string]string{"alg": alg, "kid": key.id, "typ": "JWT"}) + "." + part(claims)
	if alg == "none" {
		return body + "."
	}
	sum := sha256.Sum256([]byte(body))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.key, crypto.SHA256, sum[:])
	if err != nil {
		return ""
	}
	return body + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// publish shows the public keys.
func (p *OIDC) publish(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys []map[string]string
	for _, k := range p.keys {
		keys = append(keys, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
			"n": base64.RawURLEncoding.EncodeToString(k.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.key.E)).Bytes())})
	}
	oidcJSON(w, http.StatusOK, map[string]any{"keys": keys})
}

func oidcJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		_, _ = fmt.Fprintln(w, "{}") // the client is gone
	}
}
