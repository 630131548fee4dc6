package plane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys are the certificates of one cluster. One authority signs all of them.
type keys struct {
	dir  string
	ca   *x509.Certificate
	sign *ecdsa.PrivateKey
}

const validFor = 30 * 24 * time.Hour

// newKeys makes the authority and every pair below dir.
func newKeys(dir string) (*keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the keys: %w", err)
	}
	k := &keys{dir: dir}
	if err := k.authority(); err != nil {
		return nil, err
	}
	serverAuth, clientAuth := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	for _, pair := range []struct {
		name  string
		who   pkix.Name
		usage x509.ExtKeyUsage
	}{
		{"server", pkix.Name{CommonName: "kube-apiserver"}, serverAuth},
		{"kubelet", pkix.Name{CommonName: "kubelet"}, serverAuth},
		{"kubelet-client", pkix.Name{CommonName: "kube-apiserver-kubelet-client"}, clientAuth},
		{"admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}, clientAuth},
	} {
		if err := k.pair(pair.name, pair.who, pair.usage); err != nil {
			return nil, fmt.Errorf("make the key of %s: %w", pair.name, err)
		}
	}
	return k, nil
}

func (k *keys) cert(name string) string { return filepath.Join(k.dir, name+".crt") }
func (k *keys) key(name string) string  { return filepath.Join(k.dir, name+".key") }

func (k *keys) authority() error {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "testcluster"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(validFor),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the authority's key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make the authority: %w", err)
	}
	if k.ca, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("read the authority: %w", err)
	}
	k.sign = key
	return k.write("ca", der, key)
}

func (k *keys) pair(name string, who pkix.Name, usage x509.ExtKeyUsage) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      who,
		NotBefore:    k.ca.NotBefore,
		NotAfter:     k.ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
		DNSNames:     []string{"localhost", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, k.ca, key.Public(), k.sign)
	if err != nil {
		return err
	}
	return k.write(name, der, key)
}

func (k *keys) write(name string, der []byte, key *ecdsa.PrivateKey) error {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(k.cert(name), crt, 0o600); err != nil {
		return err
	}
	return os.WriteFile(k.key(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), 0o600)
}

// kubeletTLS serves as a kubelet and lets nobody in but the API server.
func (k *keys) kubeletTLS() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(k.cert("kubelet"), k.key("kubelet"))
	if err != nil {
		return nil, fmt.Errorf("read the kubelet's key: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(k.ca)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS12,
	}, nil
}
