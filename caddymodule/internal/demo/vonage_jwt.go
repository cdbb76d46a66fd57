package demo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// vonageClaims are the claims that the vendor asks for.
type vonageClaims struct {
	ApplicationID string           `json:"application_id"`
	ID            string           `json:"jti"`
	IssuedAt      *jwt.NumericDate `json:"iat"`
	Expiry        *jwt.NumericDate `json:"exp"`
}

// maxVonageLife is the longest that a token may live.
const maxVonageLife = 24 * time.Hour

// vonageSkew is by how much the clocks of two machines may differ.
const vonageSkew = time.Minute

// vonageTokenGood reports whether a token was signed with one of the keys, each
// an application's id and its private key, for that application and this time.
func vonageTokenGood(token string, keys []string, now time.Time) bool {
	signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	for _, key := range keys {
		application, private, _ := strings.Cut(key, ":")
		public := publicKey(private)
		var claims vonageClaims
		if public != nil && signed.Claims(public, &claims) == nil && claims.good(application, now) {
			return true
		}
	}
	return false
}

func (c *vonageClaims) good(application string, now time.Time) bool {
	if c.ApplicationID != application || application == "" || c.ID == "" || c.IssuedAt == nil || c.Expiry == nil {
		return false
	}
	issued, expiry := c.IssuedAt.Time(), c.Expiry.Time()
	return !issued.After(now.Add(vonageSkew)) && now.Before(expiry) && expiry.Sub(issued) <= maxVonageLife
}

// publicKey returns the public half of a private RSA key in PEM (PKCS #8, as
// the vendor hands it out); nil for anything else.
func publicKey(private string) *rsa.PublicKey {
	block, _ := pem.Decode([]byte(private))
	if block == nil {
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil
	}
	return &key.PublicKey
}

// newVonageKey makes an application's id and its private key.
func newVonageKey() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return randomUUID() + ":" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
