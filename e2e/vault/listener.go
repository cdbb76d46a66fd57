package main

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
	"time"
)

// certificateLife is far longer than any test and short enough that a
// forgotten CA file is worth nothing.
const certificateLife = 24 * time.Hour

// boundListener is an open port with what a client needs to trust it.
type boundListener struct {
	net.Listener
	url    string // scheme, host and port
	caFile string // empty without TLS
	caPEM  []byte // nil without TLS
	temp   bool   // caFile is ours to remove
}

// listen opens the port and, unless plain http is wanted, puts TLS with a
// fresh certificate authority on it.
func listen(opts *options) (*boundListener, error) {
	tcp, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if opts.plaintext {
		if err := checkLoopback(tcp.Addr()); err != nil {
			_ = tcp.Close()
			return nil, err
		}
		return &boundListener{Listener: tcp, url: "http://" + tcp.Addr().String()}, nil
	}
	bound, err := secure(tcp, opts.caFile)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	return bound, nil
}

func secure(tcp net.Listener, caFile string) (*boundListener, error) {
	host, _, err := net.SplitHostPort(tcp.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("reading the bound address: %w", err)
	}
	cert, caPEM, err := issue(net.ParseIP(host))
	if err != nil {
		return nil, err
	}
	bound := &boundListener{url: "https://" + tcp.Addr().String(), caFile: caFile, caPEM: caPEM}
	if caFile == "" {
		if bound.caFile, err = writeTemp(caPEM); err != nil {
			return nil, err
		}
		bound.temp = true
	} else if err := os.WriteFile(caFile, caPEM, 0o600); err != nil {
		return nil, fmt.Errorf("writing the CA certificate: %w", err)
	}
	bound.Listener = tls.NewListener(tcp, &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{cert},
		NextProtos:   []string{"h2", "http/1.1"},
		// Vault's own default: ask for a certificate, and let the cert auth
		// method decide about it.
		ClientAuth: tls.RequestClientCert,
	})
	return bound, nil
}

func writeTemp(caPEM []byte) (name string, err error) {
	file, err := os.CreateTemp("", "e2e-vault-ca-*.pem")
	if err != nil {
		return "", fmt.Errorf("making the CA file: %w", err)
	}
	_, err = file.Write(caPEM)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return "", fmt.Errorf("writing the CA certificate: %w", err)
	}
	return file.Name(), nil
}

// removeTempFile removes the CA file if nobody asked for it by name.
func (b *boundListener) removeTempFile() {
	if b.temp {
		_ = os.Remove(b.caFile)
	}
}

// issue makes a certificate authority whose key is forgotten at once, and a
// server certificate of it for localhost, the loopback addresses and ip.
func issue(ip net.IP) (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("making the CA key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("making the server key: %w", err)
	}
	authority := template("e2e-vault CA", 1)
	authority.IsCA = true
	authority.BasicConstraintsValid = true
	authority.KeyUsage = x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("signing the CA: %w", err)
	}

	leaf := template("e2e-vault", 2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.DNSNames = []string{"localhost"}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, ip}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("signing the server certificate: %w", err)
	}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}, caPEM, nil
}

func template(name string, serial int64) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(certificateLife),
	}
}
