package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	testIssuer   = "https://issuer.example"
	testAudience = "ringward"
	jwksURL      = testIssuer + "/keys"
)

// The issuer's keys, made once as RSA keys take long.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32))) })
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// jwks is a key set of the given keys, by key id.
func jwks(keys map[string]crypto.Signer) string {
	var set jose.JSONWebKeySet
	for id, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig"})
	}
	return string(must(json.Marshal(set)))
}

func allKeys() string {
	return jwks(map[string]crypto.Signer{"rsa": rsaKey(), "ec": ecKey(), "ed": edKey()})
}

// issuer is a server of metadata and keys, without a network, so that it works
// with a clock that is not real.
type issuer struct {
	mu      sync.Mutex
	answers map[string]func(*http.Request) (*http.Response, error)
	fetches map[string]int
}

func newIssuer(keys string) *issuer {
	i := &issuer{answers: map[string]func(*http.Request) (*http.Response, error){}, fetches: map[string]int{}}
	i.serve("/.well-known/openid-configuration", `{"issuer":"`+testIssuer+`","jwks_uri":"`+jwksURL+`"}`)
	i.serve("/keys", keys)
	return i
}

func (i *issuer) set(path string, answer func(*http.Request) (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answers[path] = answer
}

func (i *issuer) serve(path, body string) {
	i.set(path, func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, body), nil })
}

func (i *issuer) count(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches[path]
}

func reply(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

func (i *issuer) RoundTrip(request *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.fetches[request.URL.Path]++
	answer := i.answers[request.URL.Path]
	i.mu.Unlock()
	if answer == nil {
		return reply(http.StatusNotFound, ""), nil
	}
	return answer(request)
}

// newVerifier makes one whose keys are loaded. It is closed at the test's end.
func newVerifier(t testing.TB, i *issuer, change func(*Config)) *Verifier {
	t.Helper()
	cfg := Config{Issuer: testIssuer, Transport: i}
	if change != nil {
		change(&cfg)
	}
	v, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	v.keys.refresh(t.Context())
	return v
}

var policy = &Policy{Audiences: []string{testAudience}}

// goodClaims are those of a token that is good now.
func goodClaims() map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": "signup",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

// with is claims with others on top; nil takes a claim away.
func with(changes map[string]any) map[string]any {
	all := goodClaims()
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

type headers map[jose.HeaderKey]any

// sign makes a token. The headers are added to "alg" and "kid".
func sign(algorithm jose.SignatureAlgorithm, key any, id string, claims any, extra headers) string {
	payload, ok := claims.(string)
	if !ok {
		payload = string(must(json.Marshal(claims)))
	}
	options := &jose.SignerOptions{}
	if id != "" {
		options.WithHeader("kid", id)
	}
	for name, value := range extra {
		options.WithHeader(name, value)
	}
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options))
	return must(must(signer.Sign([]byte(payload))).CompactSerialize())
}

func signRSA(claims any) string { return sign(jose.RS256, rsaKey(), "rsa", claims, nil) }

// craft makes a token of parts as they are.
func craft(header, payload, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte(signature))
}

func verify(v *Verifier, token string, p *Policy) error {
	identity, err := v.Verify(context.Background(), token, p)
	if (err == nil) != (identity != nil) {
		return errors.New("an identity came with an error, or neither")
	}
	return err
}
