package credential

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

const applicationID = "00000000-0000-4000-8000-00000000000a"

// withJWT runs a test in fake time with a placer of JWTs.
func withJWT(t *testing.T, test func(t *testing.T, p *Placer)) {
	t.Helper()
	testKey() // outside: what it takes is real time
	synctest.Test(t, func(t *testing.T) {
		p, err := NewPlacer([]provider.Placement{{In: provider.InJWT}}, PlacerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		test(t, p)
	})
}

// bearer places v and returns the token that the provider gets.
func bearer(t *testing.T, p *Placer, v *Value) (text string, shown *Value) {
	t.Helper()
	req := request(t, "")
	req.Header["authorization"] = []string{"Basic mine"}
	shown, err := p.Place(t.Context(), req, nil, v)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok || len(req.Header) != 1 {
		t.Fatal("the token is not sent as a bearer token alone")
	}
	return text, shown
}

// claimsOf verifies a JWT and returns its claims.
func claimsOf(t *testing.T, text string, key *rsa.PrivateKey) (claims map[string]any) {
	t.Helper()
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if err := signed.Claims(&key.PublicKey, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestJWTIsWhatVonageAsksFor(t *testing.T) {
	for name, key := range map[string]string{"PKCS #8": pkcs8(t, testKey()), "PKCS #1": pkcs1(testKey())} {
		withJWT(t, func(t *testing.T, p *Placer) {
			text, _ := bearer(t, p, valueOf(t, applicationID, key))
			claims := claimsOf(t, text, testKey())
			issued, _ := claims["iat"].(float64)
			expiry, _ := claims["exp"].(float64)
			id, _ := claims["jti"].(string)
			if len(claims) != 4 || claims["application_id"] != applicationID || len(id) < 20 {
				t.Errorf("%s: claims %v", name, claims)
			}
			if int64(issued) != time.Now().Unix() || expiry-issued != 300 {
				t.Errorf("%s: good from %v to %v", name, issued, expiry)
			}
			if header, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0]); err != nil || string(header) != `{"alg":"RS256","typ":"JWT"}` {
				t.Errorf("%s: header %s", name, header)
			}
		})
	}
}

func TestJWTIsMintedAgainInItsLastMinute(t *testing.T) {
	withJWT(t, func(t *testing.T, p *Placer) {
		v := valueOf(t, applicationID, pkcs8(t, testKey()))
		first, _ := bearer(t, p, v)
		sleep(4*time.Minute - time.Second)
		if again, _ := bearer(t, p, v); again != first {
			t.Error("minted again although it was good for more than a minute")
		}
		sleep(time.Second)
		if again, _ := bearer(t, p, v); again != first {
			t.Error("a request waited although the token was still good")
		}
		synctest.Wait()
		second, _ := bearer(t, p, v)
		if second == first {
			t.Error("not minted again in its last minute")
		}
		sleep(time.Hour)
		third, _ := bearer(t, p, v)
		expiry, _ := claimsOf(t, third, testKey())["exp"].(float64)
		if int64(expiry) != time.Now().Add(jwtLife).Unix() {
			t.Error("an expired token was sent")
		}
	})
}

func TestRotatedPrivateKeySignsAtOnce(t *testing.T) {
	next, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		t.Fatal(err)
	}
	withJWT(t, func(t *testing.T, p *Placer) {
		old, rotated := valueOf(t, applicationID, pkcs8(t, testKey())), valueOf(t, applicationID, pkcs8(t, next))
		first, _ := bearer(t, p, old)
		second, _ := bearer(t, p, rotated)
		claimsOf(t, second, next)
		if back, _ := bearer(t, p, old); back != first {
			t.Error("the token of the version before was not kept")
		}
	})
}

func TestJWTAndPrivateKeyAreFoundInAnswers(t *testing.T) {
	withJWT(t, func(t *testing.T, p *Placer) {
		key := pkcs8(t, testKey())
		text, shown := bearer(t, p, valueOf(t, applicationID, key))
		for name, echo := range map[string]string{"the token": text, "the key": quoteJSON(key)} {
			if !shown.Renderings().Found([]byte(`{"error":"bad token ` + echo + `"}`)) {
				t.Errorf("%s is not found", name)
			}
		}
		if shown.Renderings().Found([]byte(sampleAnswer)) {
			t.Error("found in an innocent answer")
		}
	})
}

func TestRefusedJWTIsReplacedOnce(t *testing.T) {
	withJWT(t, func(t *testing.T, p *Placer) {
		v := valueOf(t, applicationID, pkcs8(t, testKey()))
		first, fresh := bearer(t, p, v)
		sleep(time.Minute)
		if p.Refused(fresh) {
			t.Error("again although the token was minted for this exchange")
		}
		second, _ := bearer(t, p, v)
		if second == first {
			t.Error("a refused token was sent again")
		}
		sleep(time.Minute)
		_, shown := bearer(t, p, v)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if !p.Refused(shown) {
					t.Error("not again although the token was an old one")
				}
			})
		}
		wg.Wait()
		third, fresh := bearer(t, p, v)
		if third == second {
			t.Error("a refused token was sent again")
		}
		if _, young := bearer(t, p, v); p.Refused(fresh) || p.Refused(young) {
			t.Error("again although the token was just minted")
		}
		if kept, _ := bearer(t, p, v); kept != third {
			t.Error("a token that was just minted is minted again")
		}
	})
}

func TestKeysThatCannotMintAreRefused(t *testing.T) {
	for name, v := range map[string]*Value{
		"no PEM":        valueOf(t, applicationID, sample),
		"wrong order":   valueOf(t, pkcs8(t, testKey()), applicationID),
		"without an id": valueOf(t, pkcs8(t, testKey())),
	} {
		p, err := NewPlacer([]provider.Placement{{In: provider.InJWT}}, PlacerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Place(t.Context(), request(t, ""), nil, v)
		p.Close()
		if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrPlacement) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		mustNotHold(t, name, err.Error())
	}
}
