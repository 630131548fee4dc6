package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayday/internal/config"
	"mayday/internal/practice"
)

// writePair makes a certificate for this machine, in two files.
func writePair(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// behind starts an App over a configuration, with its sockets.
func behind(t *testing.T, dir, text string) *App {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ana"), []byte("ana-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Parse(filepath.Join(dir, "mayday.yaml"), []byte(strings.ReplaceAll(text, "DIR", dir)))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(t.Context(), Options{File: file, Data: filepath.Join(dir, "data"), Log: io.Discard, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(); err != nil {
			t.Error(err)
		}
	})
	return app
}

// TestTLSOfItsOwn: everybody may reach it, over TLS alone, and a renewed
// certificate needs no restart.
func TestTLSOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "first")
	app := behind(t, dir, "web: {listen: '0.0.0.0:0', tls: {cert: cert.pem, key: DIR/key.pem}, tokens: [{name: ana, role: responder, token: 'file:DIR/ana'}]}\n")
	_, port, _ := strings.Cut(strings.TrimPrefix(app.URL(), "https://"), "]:")
	if !strings.HasPrefix(app.URL(), "https://") || port == "" {
		t.Fatalf("it listens at %s", app.URL())
	}
	at := "127.0.0.1:" + port
	ask := func() (string, *http.Response) {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // made a moment ago, by the test
		defer client.CloseIdleConnections()
		resp, err := client.Get("https://" + at + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.TLS.PeerCertificates[0].Subject.CommonName, resp
	}
	name, resp := ask()
	if name != "first" || resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %s, %d, %v", name, resp.StatusCode, resp.Header)
	}
	if resp, err := http.Get("http://" + at + "/api/v1/incidents"); err != nil || resp.StatusCode != http.StatusBadRequest { //nolint:bodyclose // it says that this is TLS
		t.Errorf("in plain text: %v %v", resp, err)
	}
	if _, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil { //nolint:gosec // it must not work
		t.Error("TLS 1.1 is spoken")
	}
	writePair(t, dir, "second")
	c := app.set.door.cert
	c.mu.Lock()
	c.looked = time.Time{} // the files are looked at every ten seconds
	c.mu.Unlock()
	if name, _ := ask(); name != "second" {
		t.Errorf("after it was renewed: %s", name)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.looked = time.Time{}
	c.mu.Unlock()
	if name, _ := ask(); name != "second" {
		t.Errorf("with a broken file: %s", name)
	}
}

// TestSignInByProviderWhole goes through configuration, provider and people.
func TestSignInByProviderWhole(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	here := fmt.Sprintf("http://127.0.0.1:%d", port)
	idp, err := practice.NewOIDC(practice.OIDCOptions{ClientID: "mayday", Secret: "s3cret", Redirect: here + "/oidc/callback"})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := idp.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(idp.Close)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	behind(t, dir, fmt.Sprintf("people: {responder: web:ana, same: [{name: Ana, web: ana, email: ana@acme.dev}]}\n"+
		"web: {listen: '127.0.0.1:%d', url: %s, oidc: {title: Acme, issuer: %s, client_id: mayday, client_secret: 'file:DIR/secret'}}\n", port, here, issuer))
	for who, want := range map[practice.OIDCPerson]string{
		{Subject: "1", Email: "ANA@acme.dev", Verified: true}:  `title="responder">Ana<`,
		{Subject: "2", Email: "eve@acme.dev", Verified: true}:  `title="viewer">eve@acme.dev<`,
		{Subject: "3", Email: "ana@acme.dev", Name: "Mallory"}: `title="viewer">Mallory<`,
	} {
		idp.SignIn(who)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar}
		var body []byte
		for _, path := range []string{"/oidc/start", "/"} {
			resp, err := client.Get(here + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err = io.ReadAll(resp.Body)
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %v %s", path, resp.StatusCode, err, body)
			}
		}
		if !strings.Contains(string(body), want) {
			t.Errorf("%v: %q is not in\n%.1500s", who, want, body)
		}
	}
}

// freePort is one that nobody listens on at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
