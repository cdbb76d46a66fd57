package demo

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// vonageToken signs what the vendor's clients sign; empty for a key that is
// none.
func vonageToken(key string, now time.Time) string {
	application, private, _ := strings.Cut(key, ":")
	return signVonage(jose.RS256, private, vonageClaims{
		ApplicationID: application, ID: randomUUID(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	})
}

func signVonage(algorithm jose.SignatureAlgorithm, private string, claims any) string {
	block, _ := pem.Decode([]byte(private))
	if block == nil {
		return ""
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return ""
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	if err != nil {
		return ""
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return ""
	}
	return token
}

func TestVonageTokensAreCheckedWhole(t *testing.T) {
	const name = "vonage-identity-insights"
	key, other := keyOf(t, name), freshKey(t, name)
	application, private, _ := strings.Cut(key, ":")
	_, otherPrivate, _ := strings.Cut(other, ":")
	now := time.Now()
	claims := func(change func(*vonageClaims)) vonageClaims {
		c := vonageClaims{application, "id", jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(time.Minute))}
		change(&c)
		return c
	}
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(now.Add(d)) }
	for title, c := range map[string]struct {
		token string
		good  bool
	}{
		"as it should be":     {signVonage(jose.RS256, private, claims(func(*vonageClaims) {})), true},
		"another key":         {signVonage(jose.RS256, otherPrivate, claims(func(*vonageClaims) {})), false},
		"another algorithm":   {signVonage(jose.RS512, private, claims(func(*vonageClaims) {})), false},
		"another application": {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.ApplicationID = "x" })), false},
		"no id":               {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.ID = "" })), false},
		"expired":             {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.IssuedAt, c.Expiry = at(-time.Hour), at(-time.Second) })), false},
		"no expiry":           {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.Expiry = nil })), false},
		"too long a life":     {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.Expiry = at(25 * time.Hour) })), false},
		"from the future":     {signVonage(jose.RS256, private, claims(func(c *vonageClaims) { c.IssuedAt, c.Expiry = at(time.Hour), at(2*time.Hour) })), false},
		"not a token":         {"x", false},
	} {
		if c.token == "" {
			t.Fatalf("%s: no token was made", title)
		}
		for _, keys := range [][]string{{key}, {"", other, key}} {
			if got := vonageTokenGood(c.token, keys, now); got != c.good {
				t.Errorf("%s, with %d keys: got %v", title, len(keys), got)
			}
		}
	}
}
