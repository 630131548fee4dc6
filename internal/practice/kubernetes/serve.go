package kubernetes

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"time"

	"mayday/internal/practice"
)

// open serves on two doors: the API with TLS, because client-go sends no token
// without it, and the same over plain HTTP for the page and for curl, as
// `kubectl proxy` does.
func (c *Cluster) open(ctx context.Context, address string) error {
	identity, err := c.certify()
	if err != nil {
		return err
	}
	secure, err := practice.Listen(address)
	if err != nil {
		return fmt.Errorf("start the practice cluster: %w", err)
	}
	plain, err := practice.Listen("127.0.0.1:0")
	if err != nil {
		_ = secure.Close()
		return fmt.Errorf("start the page of the practice cluster: %w", err)
	}
	c.url, c.page = "https://"+secure.Addr().String(), "http://"+plain.Addr().String()
	h1 := new(http.Protocols)
	h1.SetHTTP1(true) // a connection of HTTP/2 cannot be hung up for one request alone
	server := &http.Server{
		Handler: practice.Recorded("kubernetes", c), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, Protocols: h1,
		ErrorLog:  slog.NewLogLogger(c.log.Handler(), slog.LevelDebug), // callers that went away
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12},
	}
	c.keepServing(func() error { return server.ServeTLS(secure, "", "") })
	c.keepServing(func() error { return server.Serve(plain) })
	ctx, c.quit = context.WithCancel(ctx)
	c.servers.Go(func() {
		c.control(ctx)
		c.shut()
		_ = server.Close()
		_, _ = secure.Close(), plain.Close() // if the server had not begun
	})
	return nil
}

func (c *Cluster) keepServing(serve func() error) {
	c.servers.Go(func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			c.log.Error("the practice cluster stopped serving", "error", err)
		}
	})
}

// certify makes a certificate for loopback that its own kubeconfig trusts.
func (c *Cluster) certify() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "practice cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	c.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// URL is the address of the API, with TLS; Kubeconfig trusts its certificate.
func (c *Cluster) URL() string { return c.url }

// Page is the address of the page for people. The API answers there as well,
// without TLS, to who brings a token.
func (c *Cluster) Page() string { return c.page }

// Kubeconfig is a file with which an account reaches the cluster. Its context is
// called "practice".
func (c *Cluster) Kubeconfig(account string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: practice
clusters:
- name: practice
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: practice
  user: {token: %q}
contexts:
- name: practice
  context: {cluster: practice, user: practice, namespace: prod}
`, c.url, base64.StdEncoding.EncodeToString(c.authority), c.Token(account))
}
