package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Pair is a certificate and its key, PEM.
type Pair struct{ Cert, Key []byte }

// Authority signs certificates.
type Authority struct {
	Pair
	cert *x509.Certificate
	key  crypto.Signer
}

var notBefore = time.Now().Add(-time.Hour)

func encodeKey(key *ecdsa.PrivateKey) []byte {
	der, _ := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fatal("making a key: %v", err)
	}
	return key
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return n
}

func newAuthority(name string) Pair {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: notBefore, NotAfter: notBefore.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		fatal("making authority %s: %v", name, err)
	}
	return Pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), encodeKey(key)}
}

// loadAuthority reads `<path>.crt` and `<path>.key`, which a user may have put there; otherwise makes them.
func loadAuthority(path, name string) *Authority {
	if _, err := os.Stat(path + ".crt"); err != nil {
		pair := newAuthority(name)
		write(path+".crt", pair.Cert, 0o644)
		write(path+".key", pair.Key, 0o600)
	}
	cert, err := os.ReadFile(path + ".crt")
	if err != nil {
		fatal("%v", err)
	}
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		fatal("%v", err)
	}
	a := &Authority{Pair: Pair{cert, key}}
	if block, _ := pem.Decode(cert); block != nil {
		a.cert, err = x509.ParseCertificate(block.Bytes)
	}
	if a.cert == nil || err != nil {
		fatal("%s.crt is not a certificate: %v", path, err)
	}
	block, _ := pem.Decode(key)
	if block == nil {
		fatal("%s.key is not a key", path)
	}
	if parsed, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		a.key = parsed
	} else if parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		a.key = parsed
	} else if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		a.key = parsed.(crypto.Signer)
	} else {
		fatal("%s.key cannot be read: %v", path, err)
	}
	return a
}

// issue makes a certificate for clients and, when names are given, for servers.
func (a *Authority) issue(commonName string, organizations []string, names ...string) Pair {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: commonName, Organization: organizations},
		NotBefore: notBefore, NotAfter: notBefore.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if len(names) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		fatal("issuing a certificate for %s: %v", commonName, err)
	}
	return Pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), encodeKey(key)}
}

func write(path string, content []byte, mode os.FileMode) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		fatal("%v", err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		fatal("%v", err)
	}
}

func (p Pair) write(path string) {
	write(path+".crt", p.Cert, 0o644)
	write(path+".key", p.Key, 0o600)
}

// The first part of a full token pins the server's authority: the digest of its certificate.
func tokenPrefix(ca []byte) string {
	sum := sha256.Sum256(ca)
	return "K10" + hex.EncodeToString(sum[:]) + "::"
}

// kubeconfig with files for the certificates, or (embedded) with their contents.
func kubeconfig(server, ca, cert, key string) []byte {
	return []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: default
  cluster: {certificate-authority%s, server: %q}
contexts:
- name: default
  context: {cluster: default, user: default}
current-context: default
users:
- name: default
  user: {client-certificate%s, client-key%s}
`, ca, server, cert, key))
}
