package credential

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// testKey is a private key of the smallest size that is accepted.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		panic(err)
	}
	return key
})

func pkcs8(tb testing.TB, key any) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func pkcs1(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func TestPrivateKeysAreSecretsWithLineBreaks(t *testing.T) {
	key := pkcs8(t, testKey())
	for name, text := range map[string]string{
		"PKCS #8":              key,
		"PKCS #1":              pkcs1(testKey()),
		"without a last break": strings.TrimSuffix(key, "\n"),
		"carriage returns":     strings.ReplaceAll(key, "\n", "\r\n"),
	} {
		if err := SecretFromString(text).checkField(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := SecretFromString(text).Check(); err == nil {
			t.Errorf("%s may be a token for Vault", name)
		}
	}
}

func TestOtherTextsWithLineBreaksAreRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := pkcs8(t, testKey())
	body := strings.SplitN(key, "\n", 2)[1]
	for name, text := range map[string]string{
		"two keys":           key + key,
		"text before":        "x\n" + key,
		"text after":         key + "x",
		"white space inside": strings.Replace(key, "\n", "\n \n", 1),
		"a header":           "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + body,
		"another type":       strings.ReplaceAll(key, "PRIVATE", "PUBLIC"),
		"types that differ":  strings.Replace(key, "PRIVATE", "RSA PRIVATE", 1),
		"PKCS #8 as PKCS #1": strings.ReplaceAll(key, "PRIVATE", "RSA PRIVATE"),
		"small":              pkcs1(small),
		"curve":              pkcs8(t, curve),
		"line breaks lost":   strings.ReplaceAll(key, "\n", " "),
		"escaped breaks":     strings.ReplaceAll(key, "\n", `\n`),
		"garbage":            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"bad block before":   "-----BEGIN X-----\n!\n" + key,
		"too long":           key + strings.Repeat("\n", MaxSecretLength),
	} {
		err := SecretFromString(text).checkField()
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if holdsLine(err.Error(), key) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
}

// holdsLine reports whether a text holds a line of a key.
func holdsLine(text, key string) bool {
	for line := range strings.Lines(key) {
		if line = strings.TrimSpace(line); len(line) >= minPEMLine && strings.Contains(text, line) {
			return true
		}
	}
	return false
}

func TestEverySourceGivesPrivateKeys(t *testing.T) {
	key := pkcs8(t, testKey())
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_PRIVATE_KEY", key)
	file, err := NewFileSource(nil, Location{"private_key", path})
	if err != nil {
		t.Fatal(err)
	}
	env, err := NewEnvSource(Location{"private_key", "TEST_PRIVATE_KEY"})
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []Source{file, env} {
		v, err := source.Fetch(t.Context())
		if err != nil {
			t.Errorf("%s: %v", source.Describe(), err)
			continue
		}
		if strings.TrimSpace(v.Fields[0].Secret.Reveal()) != strings.TrimSpace(key) {
			t.Errorf("%s gave another key", source.Describe())
		}
	}
	fields, err := pickFields(map[string]any{"private_key": key}, []string{"private_key"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewValue(fields, 1, time.Time{}, time.Now()); err != nil {
		t.Errorf("Vault's: %v", err)
	}
}

func TestPrivateKeyIsNeverSent(t *testing.T) {
	key := pkcs8(t, testKey())
	for _, p := range []provider.Placement{
		{In: provider.InHeader, Name: "X-Key"},
		{In: provider.InHeader, Name: "Authorization", Scheme: "Bearer"},
		{In: provider.InQuery, Name: "key"},
		{In: provider.InPath},
		{In: provider.InBasic},
		{In: provider.InTSA},
		{In: provider.InOAuth2, TokenURL: "https://auth.example/token"},
	} {
		secrets := []string{key}
		if p.Fields() == 2 {
			secrets = []string{"user", key}
		}
		req := request(t, "")
		req.URL.Path, req.URL.RawPath = "/{key}", "/{key}"
		err := place(t, req, p, valueOf(t, secrets...))
		if !errors.Is(err, ErrPlacement) || holdsLine(err.Error(), key) {
			t.Errorf("%s: %v", p.In, err)
		}
		if len(req.Header) > 0 || req.URL.RawQuery != "" || req.URL.Path != "/{key}" {
			t.Errorf("%s: something was placed", p.In)
		}
	}
}

func TestEchoedPrivateKeyIsFound(t *testing.T) {
	key := pkcs8(t, testKey())
	r := NewRenderings(SecretFromString(key))
	lines := strings.Split(strings.TrimSpace(key), "\n")
	for name, echo := range map[string]string{
		"as it is":       key,
		"JSON":           quoteJSON(key),
		"JSON in JSON":   quoteJSON(quoteJSON(key)),
		"query":          url.QueryEscape(key),
		"without breaks": strings.Join(lines, ""),
		"with spaces":    strings.Join(lines, " "),
		"one line":       lines[len(lines)/2],
		"first line":     lines[1],
		"CRLF":           strings.Join(lines, "\r\n"),
	} {
		if !r.Found([]byte(`{"error":"` + echo + `"}`)) {
			t.Errorf("%s is not found", name)
		}
	}
	other, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		t.Fatal(err)
	}
	if r.Found([]byte(pkcs8(t, other))) || r.Found(bytes.Repeat([]byte("-----BEGIN PRIVATE KEY-----\n"), 9)) {
		t.Error("found in another key")
	}
}
