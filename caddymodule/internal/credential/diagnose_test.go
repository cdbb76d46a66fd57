package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// mustBeDiscreet checks that something which is shown holds no secret, no token
// and nothing else that Vault answers.
func mustBeDiscreet(t *testing.T, what string, shown any, err error) {
	t.Helper()
	encoded, encodeErr := json.Marshal(shown)
	if encodeErr != nil {
		t.Fatal(encodeErr)
	}
	text := fmt.Sprintf("%+v %#v %s %v", shown, shown, encoded, err)
	mustNotHold(t, what, text)
	for _, bad := range []string{marker, "hvs.", "accessor", "header.payload", "wrapping-token", "\x1b"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s holds %q: %s", what, bad, text)
		}
	}
}

func TestDiagnosisNamesTheVersionAndNotTheSecret(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/phone/ctp", 7, `{"api_key":"`+sample+`"}`, `{"environment":"staging","owner":"`+marker+`"}`)
	f.put("kv/phone/ctp", `{"data":{"api_key":"`+sample+`"}}`)
	s := openSession(t, f)
	for _, tt := range []struct {
		ref  Reference
		want Diagnosis
	}{
		{
			Reference{Path: "secret/phone/ctp", Fields: []string{"api_key"}, Environment: "staging"},
			Diagnosis{
				Mount: "secret", KV: 2, Path: "secret/data/phone/ctp", Version: 7, Environment: "staging",
				Created: time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC),
			},
		},
		{
			Reference{Path: "kv/phone/ctp", Fields: []string{"api_key"}},
			Diagnosis{Mount: "kv", KV: 1, Path: "kv/phone/ctp"},
		},
	} {
		got, value, err := s.Diagnose(t.Context(), tt.ref)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v", tt.ref, got, err)
			continue
		}
		if value.Fields[0].Secret.Reveal() != sample {
			t.Errorf("%s: the value is not the secret", tt.ref)
		}
		mustBeDiscreet(t, "a diagnosis", got, err)
		mustBeDiscreet(t, "a value", value, nil)
	}
	if n := f.count("GET secret/data/"); n != 1 {
		t.Errorf("the secret was read %d times", n)
	}
}

func TestDiagnosisKeepsWhatItFoundBeforeAnError(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/phone/ctp", 7, `{"api_key":"`+sample+`"}`, `{"environment":"staging"}`)
	f.putV2("secret/data/phone/gone", 3, `null`, "")
	f.putV2("secret/data/phone/broken", 1, `{"api_key":"`+sample+`\n"}`, "")
	f.set(func() { f.denied["secret/data/phone/closed"] = true })
	s := openSession(t, f)
	for _, tt := range []struct {
		path, field string
		want        error
		version     int
	}{
		{"secret/phone/ctp", "api_key", ErrEnvironment, 7},
		{"secret/phone/gone", "api_key", ErrDeleted, 3},
		{"secret/phone/broken", "other", ErrFieldMissing, 1},
		{"secret/phone/broken", "api_key", ErrInvalid, 1},
		{"secret/phone/nothing", "api_key", ErrNotFound, 0},
		{"secret/phone/closed", "api_key", ErrDenied, 0},
	} {
		got, value, err := s.Diagnose(t.Context(), Reference{Path: tt.path, Fields: []string{tt.field}, Environment: "production"})
		if !errors.Is(err, tt.want) || value != nil || got.KV != 2 || got.Mount != "secret" || got.Version != tt.version {
			t.Errorf("%s: got %+v, %v", tt.path, got, err)
		}
		mustBeDiscreet(t, "a diagnosis", got, err)
	}
	if _, _, err := s.Diagnose(t.Context(), Reference{Path: "elsewhere/x", Fields: []string{"a"}}); !errors.Is(err, ErrDenied) {
		t.Errorf("a mount that does not exist: %v", err)
	}
	if _, _, err := s.Diagnose(t.Context(), Reference{Path: "secret", Fields: []string{"a"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a reference that is none: %v", err)
	}
}

func TestDiscardRevokesItsOwnTokenOnly(t *testing.T) {
	f := vaultWithKey()
	s := openSession(t, f)
	if _, err := s.DiagnoseToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Discard(t.Context())
	if len(f.tokens) != 0 {
		t.Error("the login's token is left behind")
	}
	if _, err := s.DiagnoseToken(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the session is not closed: %v", err)
	}

	f.set(func() { f.tokens["hvs.agents-own"] = &fakeToken{} })
	s = openSession(t, f, func(c *SessionConfig) {
		c.Auth = AuthConfig{Method: MethodTokenFile, TokenFile: write(t, t.TempDir(), "token", "hvs.agents-own", 0o600)}
	})
	if _, err := s.DiagnoseToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Discard(t.Context())
	if f.count("PUT auth/token/revoke-self")+f.count("POST auth/token/revoke-self") != 1 || f.tokens["hvs.agents-own"] == nil {
		t.Error("somebody else's token was revoked")
	}

	unused := openSession(t, f)
	unused.Discard(t.Context())
	if len(f.tokens) != 1 {
		t.Error("a session that never logged in has logged in to be discarded")
	}
}

func TestDiagnosisEndsWithItsContext(t *testing.T) {
	f := vaultWithKey()
	f.set(func() { f.slow = time.Hour })
	s := openSession(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, serverErr := s.DiagnoseServer(ctx)
	_, tokenErr := s.DiagnoseToken(ctx)
	_, _, err := s.Diagnose(ctx, Reference{Path: "secret/phone/ctp", Fields: []string{"api_key"}})
	for _, err := range []error{serverErr, tokenErr, err} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzPlainWord(f *testing.F) {
	for _, seed := range []string{"", "production", "\x1b[31mred", "a\x00b\u202e", strings.Repeat("ä", 40), "\xff\xfe", strings.Repeat("x", 63) + "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := plainWord(text)
		if len(got) > maxWord || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q", got)
		}
		if again := plainWord(got); again != got {
			t.Errorf("a plain word is changed: %q to %q", got, again)
		}
	})
}
