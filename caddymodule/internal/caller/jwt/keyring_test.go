package jwt

import (
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestStormOfUnknownKeysMakesFewFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(allKeys())
		v := newVerifier(t, i, nil)
		defer v.Close()
		time.Sleep(fetchGap) // a fetch is due again
		before := i.count("/keys")
		var all sync.WaitGroup
		for n := range 1000 {
			token := sign(jose.EdDSA, edKey(), fmt.Sprintf("unknown-%d", n), goodClaims(), nil)
			all.Go(func() {
				if err := verify(v, token, policy); err != ErrUnknownKey {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if got := i.count("/keys") - before; got != 1 {
			t.Errorf("1000 tokens made %d fetches", got)
		}
		if err := verify(v, signRSA(goodClaims()), policy); err != nil {
			t.Errorf("a good token is refused afterwards: %v", err)
		}
	})
}

func TestNewKeyIsFetchedWhenItsFirstTokenArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(jwks(map[string]crypto.Signer{"rsa": rsaKey()}))
		v := newVerifier(t, i, nil)
		defer v.Close()
		token := sign(jose.EdDSA, edKey(), "ed", goodClaims(), nil)
		i.serve("/keys", allKeys())
		if err := verify(v, token, policy); err != ErrUnknownKey {
			t.Errorf("right after a fetch: got %v", err)
		}
		time.Sleep(fetchGap)
		if err := verify(v, token, policy); err != nil {
			t.Errorf("when a fetch is due: %v", err)
		}
	})
}

// faults are what an issuer may answer in place of its keys.
var faults = map[string]func(*http.Request) (*http.Response, error){
	"refused connection": func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
	"500":                func(*http.Request) (*http.Response, error) { return reply(500, allKeys()), nil },
	"404":                func(*http.Request) (*http.Response, error) { return reply(404, "{}"), nil },
	"204":                func(*http.Request) (*http.Response, error) { return reply(204, ""), nil },
	"empty":              func(*http.Request) (*http.Response, error) { return reply(200, ""), nil },
	"HTML":               func(*http.Request) (*http.Response, error) { return reply(200, "<html>sign in</html>"), nil },
	"no keys in it":      func(*http.Request) (*http.Response, error) { return reply(200, `{"issuer":"x"}`), nil },
	"cut off":            func(*http.Request) (*http.Response, error) { return reply(200, allKeys()[:50]), nil },
	"101 keys": func(*http.Request) (*http.Response, error) {
		return reply(200, `{"keys":[`+strings.Repeat(`{"kty":"x"},`, 100)+`{}]}`), nil
	},
	"huge": func(*http.Request) (*http.Response, error) {
		return reply(200, strings.Repeat(" ", maxDocument)+allKeys()), nil
	},
	"redirect": func(*http.Request) (*http.Response, error) {
		answer := reply(302, "")
		answer.Header.Set("Location", testIssuer+"/elsewhere")
		return answer, nil
	},
	"never ending": func(request *http.Request) (*http.Response, error) {
		<-request.Context().Done()
		return nil, request.Context().Err()
	},
}

func TestOutageKeepsKnownKeysForAWhile(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(allKeys())
				v := newVerifier(t, i, func(c *Config) { c.MaxKeyAge = time.Hour })
				defer v.Close()
				i.set("/keys", fault)
				i.set("/.well-known/openid-configuration", fault)
				i.serve("/elsewhere", allKeys())
				time.Sleep(59 * time.Minute)
				if err := verify(v, signRSA(goodClaims()), policy); err != nil {
					t.Errorf("a known key: %v", err)
				}
				if err := verify(v, sign(jose.EdDSA, edKey(), "new", goodClaims(), nil), policy); err != ErrUnknownKey {
					t.Errorf("an unknown key: got %v", err)
				}
				time.Sleep(time.Minute + time.Second)
				if err := verify(v, signRSA(goodClaims()), policy); err != ErrUnavailable {
					t.Errorf("after the keys' greatest age: got %v", err)
				}
				if v.Ready() == nil {
					t.Error("ready with keys that are too old")
				}
				if i.count("/elsewhere") != 0 {
					t.Error("a redirect was followed")
				}
			})
		})
	}
}

func TestStartWithoutTheIssuerRefusesUntilItIsThere(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(allKeys())
				i.set("/.well-known/openid-configuration", fault)
				v := newVerifier(t, i, nil)
				defer v.Close()
				if err := verify(v, signRSA(goodClaims()), policy); err != ErrUnavailable {
					t.Errorf("got %v", err)
				}
				if v.Ready() == nil {
					t.Error("ready without keys")
				}
				i.serve("/.well-known/openid-configuration", `{"issuer":"`+testIssuer+`","jwks_uri":"`+jwksURL+`"}`)
				time.Sleep(2 * retryGap)
				synctest.Wait()
				if err := v.Ready(); err != nil {
					t.Errorf("not ready in the end: %v", err)
				}
				if err := verify(v, signRSA(goodClaims()), policy); err != nil {
					t.Errorf("refused in the end: %v", err)
				}
			})
		})
	}
}

func TestHangingIssuerCostsARequestLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(allKeys())
		v := newVerifier(t, i, nil)
		defer v.Close()
		i.set("/keys", faults["never ending"])
		time.Sleep(fetchGap)
		begin := time.Now()
		if err := verify(v, signRSA(goodClaims()), policy); err != nil || time.Since(begin) != 0 {
			t.Errorf("a known key: %v after %v", err, time.Since(begin))
		}
		unknown := sign(jose.EdDSA, edKey(), "new", goodClaims(), nil)
		if err := verify(v, unknown, policy); err != ErrUnknownKey || time.Since(begin) > fetchWait {
			t.Errorf("an unknown key: %v after %v", err, time.Since(begin))
		}
	})
}

func TestMetadataThatCannotBeTrustedIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]string{
		"another issuer":       `{"issuer":"https://other.example","jwks_uri":"` + jwksURL + `"}`,
		"keys over http":       `{"issuer":"` + testIssuer + `","jwks_uri":"http://issuer.example/keys"}`,
		"keys over loopback":   `{"issuer":"` + testIssuer + `","jwks_uri":"http://127.0.0.1/keys"}`,
		"keys in a file":       `{"issuer":"` + testIssuer + `","jwks_uri":"file:///keys"}`,
		"keys with a user":     `{"issuer":"` + testIssuer + `","jwks_uri":"https://a@issuer.example/keys"}`,
		"keys nowhere":         `{"issuer":"` + testIssuer + `"}`,
		"keys of another kind": `{"issuer":"` + testIssuer + `","jwks_uri":[]}`,
	} {
		i := newIssuer(allKeys())
		i.serve("/.well-known/openid-configuration", metadata)
		v := newVerifier(t, i, nil)
		if err := verify(v, signRSA(goodClaims()), policy); err != ErrUnavailable || i.count("/keys") != 0 {
			t.Errorf("%s: got %v, with %d fetches", name, err, i.count("/keys"))
		}
	}
}

func TestFaultsOfAFetchRepeatNothing(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for name, set := range map[string]func(*issuer){
		"metadata": func(i *issuer) { i.serve("/.well-known/openid-configuration", "<"+secret+">") },
		"status": func(i *issuer) {
			i.set("/keys", func(*http.Request) (*http.Response, error) { return reply(500, secret), nil })
		},
		"keys": func(i *issuer) { i.serve("/keys", `{"keys":"`+secret+`"}`) },
		"error": func(i *issuer) {
			i.set("/keys", func(*http.Request) (*http.Response, error) { return nil, errors.New(secret) })
		},
	} {
		i := newIssuer(allKeys())
		set(i)
		err := newVerifier(t, i, nil).Ready()
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestIssuerMayTakeAllKeysBack(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(`{"keys":[]}`), nil)
	if err := verify(v, signRSA(goodClaims()), policy); err != ErrUnknownKey {
		t.Errorf("got %v", err)
	}
	if v.Ready() == nil {
		t.Error("ready without a key")
	}
}

func TestKeysOfAFileAreWatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(Config{Issuer: "internal", JWKSFile: path}); err == nil {
		t.Fatal("began without its file")
	}
	for _, content := range []string{"", "<html>", `{"keys":7}`} {
		write(content)
		if _, err := New(Config{Issuer: "internal", JWKSFile: path}); err == nil {
			t.Fatalf("began with %q", content)
		}
	}
	write(jwks(map[string]crypto.Signer{"ed": edKey()}))
	synctest.Test(t, func(t *testing.T) {
		v, err := New(Config{Issuer: "internal", JWKSFile: path})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		claims := with(map[string]any{"iss": "internal"})
		old, fresh := sign(jose.EdDSA, edKey(), "ed", claims, nil), sign(jose.ES256, ecKey(), "ec", claims, nil)
		expect := func(when string, wantOld, wantFresh error) {
			t.Helper()
			time.Sleep(30 * time.Second)
			synctest.Wait()
			if err := verify(v, old, policy); err != wantOld {
				t.Errorf("%s: the old key: got %v, want %v", when, err, wantOld)
			}
			if err := verify(v, fresh, policy); err != wantFresh {
				t.Errorf("%s: the new key: got %v, want %v", when, err, wantFresh)
			}
		}
		expect("first", nil, ErrUnknownKey)
		write("<html>")
		expect("bad", nil, ErrUnknownKey)
		write(jwks(map[string]crypto.Signer{"ec": ecKey()}))
		expect("rotated", ErrUnknownKey, nil)
		write("")
		expect("emptied", ErrUnknownKey, nil)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		expect("removed", ErrUnknownKey, nil)
	})
}
