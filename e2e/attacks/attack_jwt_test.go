package attacks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// bears asks with a token.
func (a *arena) bears(token string) string {
	return post("/v1/lookup", goodBody, "Authorization: Bearer "+token)
}

// TestAttackTokenSignature makes tokens without the issuer's key: with no
// signature, with the public key as a shared secret (CVE-2015-9235, jsonwebtoken),
// with zeros (CVE-2022-21449, Java), with a key that the token brings or names
// (CVE-2018-0114, node-jose), or that a key id leads to. Whoever could would be
// every caller that is known by a token.
func TestAttackTokenSignature(t *testing.T) {
	a := enter(t)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	attackers := newTrap(t)
	public, err := x509.MarshalPKIXPublicKey(a.issuer.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := claims(nil)
	forge := func(header fields) string { return sign(t, jose.RS256, own, header, good) }
	forged := map[string]string{
		"another key":              forge(fields{"kid": "rsa"}),
		"another key, no id":       forge(nil),
		"a key in the token":       forge(fields{"kid": "own", "jwk": jose.JSONWebKey{Key: own.Public(), KeyID: "own"}}),
		"a key in it, known id":    forge(fields{"kid": "rsa", "jwk": jose.JSONWebKey{Key: own.Public(), KeyID: "rsa"}}),
		"jku":                      forge(fields{"kid": "own", "jku": "https://" + attackers.address + "/jwks.json"}),
		"jku, user info":           forge(fields{"kid": "own", "jku": issuerName + "@" + attackers.address + "/"}),
		"x5u":                      forge(fields{"kid": "rsa", "x5u": "https://" + attackers.address + "/cert.pem"}),
		"x5c":                      forge(fields{"kid": "rsa", "x5c": []string{base64.StdEncoding.EncodeToString(public)}}),
		"zeros for ECDSA":          unsigned(t, fields{"alg": "ES256", "kid": "ec"}, good) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"zeros for RSA":            unsigned(t, fields{"alg": "RS256", "kid": "rsa"}, good) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256)),
		"ECDSA under the RSA id":   sign(t, jose.ES256, a.issuer.ec, fields{"kid": "rsa"}, good),
		"an algorithm not allowed": sign(t, jose.RS512, a.issuer.rsa, fields{"kid": "rsa"}, good),
		"nested":                   sign(t, jose.RS256, a.issuer.rsa, fields{"kid": "rsa", "cty": "JWT"}, good),
		"critical":                 sign(t, jose.RS256, a.issuer.rsa, fields{"kid": "rsa", "crit": []string{"exp"}, "exp": 1}, good),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", "", " none", "none\x00"} {
		token := unsigned(t, fields{"alg": none, "typ": "JWT"}, good)
		forged["alg "+none] = token + "."
		forged["alg "+none+", bare"] = token
		forged["alg "+none+", signed"] = token + ".c2ln"
	}
	for name, secret := range map[string][]byte{"DER": public, "PEM": publicPEM, "PEM, trimmed": publicPEM[:len(publicPEM)-1], "key set": []byte(a.issuer.keySet(t)), "nothing": nil} {
		for _, alg := range []string{"HS256", "RS256"} {
			token := unsigned(t, fields{"alg": alg, "kid": "rsa"}, good)
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(token))
			forged[alg+" under the public key as "+name] = token + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		}
	}
	for _, id := range []string{"../../../../dev/null", "/dev/null", "file:///dev/null", "https://" + attackers.address + "/", "x' UNION SELECT 'key", "| sleep 9", "rsa\x00", "RSA", "*", ""} {
		forged["key id "+id] = forge(fields{"kid": id})
	}
	token := sign(t, jose.RS256, a.issuer.rsa, fields{"kid": "rsa"}, good)
	first, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	forged["the claims of another"] = first + strings.TrimPrefix(unsigned(t, fields{}, claims(fields{"sub": "full"})), "e30") + "." + signature
	forged["a signature that is cut"] = token[:len(token)-4]
	forged["in JSON"] = `{"protected":"` + first + `","payload":"` + body + `","signature":"` + signature + `"}`
	for name, token := range forged {
		a.unpaid(func() { a.refused(name, a.reply("", a.bears(token)), http.StatusUnauthorized, http.StatusBadRequest) })
	}
	if n := attackers.caught.Load(); n > 0 {
		t.Errorf("keys were fetched %d times from where tokens said", n)
	}
	a.paid(1, func() {
		got := a.reply("", a.bears(token))
		if got.Status != http.StatusOK || a.Entry(got).Caller != "tokens" {
			t.Errorf("a good token: got %d %s", got.Status, got.Body)
		}
	})
}

// TestAttackTokenClaims has the issuer's own signature under claims that are not
// for Ringward, not of now, or of nobody who is served: tokens that an attacker
// has from elsewhere.
func TestAttackTokenClaims(t *testing.T) {
	a := enter(t)
	now := time.Now()
	for name, changes := range map[string]fields{
		"expired": {"exp": now.Add(-time.Hour).Unix()}, "not yet": {"nbf": now.Add(time.Hour).Unix()}, "issued later": {"iat": now.Add(time.Hour).Unix()},
		"no end": {"exp": nil}, "an end that is a text": {"exp": "9999999999"}, "an endless end": {"exp": 1e300}, "a negative end": {"exp": -1}, "for years": {"exp": now.Add(9000 * time.Hour).Unix()},
		"another audience": {"aud": "other"}, "no audience": {"aud": nil}, "an audience in part": {"aud": "ringward-other"}, "other audiences": {"aud": []string{"other", "Ringward"}}, "audience null": {"aud": []any{nil}},
		"another issuer": {"iss": "https://evil.example"}, "no issuer": {"iss": nil}, "issuer with a slash": {"iss": issuerName + "/"}, "issuer in a list": {"iss": []string{issuerName}}, "issuer in part": {"iss": issuerName + ".evil.example"},
		"a caller with a key": {"sub": "full"}, "nobody's subject": {"sub": "nobody"}, "no subject": {"sub": nil}, "subject in another case": {"sub": strings.ToUpper(subject)}, "subject with a space": {"sub": subject + " "}, "subject with NUL": {"sub": subject + "\x00"}, "subject in a list": {"sub": []string{subject}},
	} {
		token := sign(t, jose.RS256, a.issuer.rsa, fields{"kid": "rsa"}, claims(changes))
		a.unpaid(func() { a.refused(name, a.reply("", a.bears(token)), http.StatusUnauthorized, http.StatusForbidden) })
	}
	good := sign(t, jose.ES256, a.issuer.ec, fields{"kid": "ec"}, claims(nil))
	a.unpaid(func() {
		a.refused("two tokens", a.reply("", post("/v1/lookup", goodBody, "Authorization: Bearer "+good, "X-API-Key: "+a.Full.Key)), http.StatusUnauthorized, http.StatusBadRequest)
		a.refused("a logout token", a.reply("", a.bears(sign(t, jose.ES256, a.issuer.ec, fields{"kid": "ec", "typ": "logout+jwt"}, claims(nil)))), http.StatusUnauthorized)
	})
	a.paid(1, func() {
		if got := a.reply("", a.bears(good)); got.Status != http.StatusOK {
			t.Errorf("a good token: got %d %s", got.Status, got.Body)
		}
	})
}
