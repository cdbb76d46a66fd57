package audit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// testKeys makes a key pair.
func testKeys(t testing.TB) (note.Signer, note.Verifiers) {
	t.Helper()
	secret, public, err := GenerateKey("test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ParseSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifiers, err := ParseVerifiers(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifiers
}

func mustVerify(t testing.TB, paths []string) Report {
	t.Helper()
	report, err := Verify(paths, VerifyOptions{})
	if err != nil {
		t.Fatalf("does not verify: %v", err)
	}
	return report
}

func wantBroken(t testing.TB, paths []string, why string) {
	t.Helper()
	if _, err := Verify(paths, VerifyOptions{}); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want %q", err, why)
	}
}

// at is an entry of a certain time.
func at(id string, when time.Time) *Entry {
	e := entry(id)
	e.Time = when
	return e
}
