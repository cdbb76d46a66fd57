package caddymodule

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// tlsSite adds a site with the stage's route that asks for client certificates.
func (s *stage) tlsSite(clientAuth string) (port string) {
	s.t.Helper()
	server, err := s.authority.Issue("127.0.0.1", "localhost")
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		s.t.Fatal(err)
	}
	s.file("server.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]})))
	s.file("server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	port = freePort(s.t)
	s.Sites = "https://localhost:" + port + " {\n bind 127.0.0.1\n tls " + s.Dir + "/server.pem " + s.Dir + "/server.key {\n client_auth {\n " + clientAuth + "\n }\n }\n" +
		"ringward checkthatphone {\n upstream " + s.Upstream + "\n ca " + s.Dir + "/ca.pem\n credential vault secret/phone/provider api_key\n }\n}"
	return port
}

// over sends a lookup over TLS, with a client certificate unless it is nil.
func (s *stage) over(port, key string, certificate *tls.Certificate) reply {
	s.t.Helper()
	req := s.lookupRequest(key, canaryNumber)
	if key == "" {
		req.Header.Del("Authorization")
	}
	req.URL.Scheme, req.URL.Host, req.Host = "https", "localhost:"+port, "localhost:"+port
	config := &tls.Config{RootCAs: s.authority.Pool()}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	return s.doWith(&client, req)
}

func clientCertificate(t *testing.T, a *demo.Authority, names ...string) *tls.Certificate {
	t.Helper()
	leaf := demo.Leaf{Client: "client"}
	for _, name := range names {
		if u, err := url.Parse(name); err == nil && u.Scheme != "" {
			leaf.URIs = append(leaf.URIs, u)
		} else {
			leaf.Hosts = append(leaf.Hosts, name)
		}
	}
	certificate, err := a.IssueLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return &certificate
}

func TestCertificatesIdentifyCallers(t *testing.T) {
	s := newStage(t, "checkthatphone")
	other, err := demo.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	s.App = `certificates
		caller batch {
			certificate uri:spiffe://example.org/ns/batch/*
			release validity
		}
		caller web {
			certificate dns:web.example.com
			key ` + sumOf(t, "web") + `
		}`
	port := s.tlsSite("mode verify_if_given\n trust_pool file " + s.Dir + "/ca.pem")
	s.start()
	batch, web := clientCertificate(t, s.authority, "spiffe://example.org/ns/batch/1"), clientCertificate(t, s.authority, "web.example.com")
	mesh := clientCertificate(t, s.authority, "spiffe://example.org/ns/web/1")
	for _, tt := range []struct {
		name        string
		key         string
		certificate *tls.Certificate
		status      int
		caller      string
	}{
		{"SPIFFE ID", "", batch, 200, "batch"},
		{"DNS name", "", web, 200, "web"},
		{"key alone", keyOf["web"], nil, 200, "web"},
		{"key and certificate of the same", keyOf["web"], web, 200, "web"},
		{"key and certificate of two", keyOf["web"], batch, 401, ""},
		{"key, and certificate of nobody", keyOf["web"], mesh, 200, "web"},
		{"certificate of nobody", "", mesh, 401, ""},
		{"neither", "", nil, 401, ""},
		{"wrong key and good certificate", "rwk_wrong", batch, 401, ""},
	} {
		got := s.over(port, tt.key, tt.certificate)
		if e := s.entry(got); got.status != tt.status || e.Caller != tt.caller || got.status == 200 && len(e.KeyID) != 8 {
			t.Errorf("%s: got %d %s, entry %+v", tt.name, got.status, got.body, e)
		}
	}
	if got := s.lookup("", canaryNumber); got.status != 401 {
		t.Errorf("without TLS: got %d", got.status)
	}

	// A listener that does not verify vouches for nobody, and an authority of
	// Ringward's own does.
	port = s.tlsSite("mode request")
	s.start()
	if got := s.over(port, "", batch); got.status != 401 {
		t.Errorf("unverified by the listener: got %d", got.status)
	}
	s.App = "certificates {\n ca " + s.file("clients.pem", string(other.PEM())) + "\n }\n caller batch {\n certificate uri:spiffe://example.org/ns/batch/*\n }"
	s.start()
	if got := s.over(port, "", batch); got.status != 401 {
		t.Errorf("of another authority: got %d", got.status)
	}
	if got := s.over(port, "", clientCertificate(t, other, "spiffe://example.org/ns/batch/2")); got.status != 200 {
		t.Errorf("of the authority: got %d %s", got.status, got.body)
	}
	s.App = "certificates {\n ca " + s.Dir + "/missing.pem\n }\n caller batch {\n certificate uri:spiffe://example.org/ns/batch/*\n }"
	if err := s.tryStart(); err == nil {
		t.Error("an authority that cannot be read is left out")
	}
}
