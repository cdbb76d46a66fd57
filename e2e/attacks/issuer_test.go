package attacks

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	issuerName = "https://issuer.example"
	audience   = "ringward"
	subject    = "a-client"
)

// issuer is who makes tokens for callers. Ringward knows its public keys.
type issuer struct {
	rsa *rsa.PrivateKey   // "rsa"
	ec  *ecdsa.PrivateKey // "ec"
}

func newIssuer(t testing.TB) *issuer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{rsa: key, ec: newECKey(t)}
}

func (i *issuer) keySet(t testing.TB) string {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: i.rsa.Public(), KeyID: "rsa", Use: "sig"}, {Key: i.ec.Public(), KeyID: "ec", Use: "sig"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

type fields map[string]any

// claims are good ones, with changes; nil takes a claim away.
func claims(changes fields) fields {
	now := time.Now()
	all := fields{"iss": issuerName, "aud": audience, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// sign makes a token; fields are added to its header.
func sign(t testing.TB, algorithm jose.SignatureAlgorithm, key any, header fields, claims fields) string {
	t.Helper()
	options := new(jose.SignerOptions)
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// unsigned is the part of a token that is signed.
func unsigned(t testing.TB, header, claims fields) string {
	t.Helper()
	first, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(first) + "." + base64.RawURLEncoding.EncodeToString(second)
}
