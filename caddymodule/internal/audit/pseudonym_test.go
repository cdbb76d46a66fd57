package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

const sampleNumber = "+14158586273"

var sampleKey = []byte("0123456789abcdefghijklmnopqrstuv")

func newPseudonymizer(t testing.TB, keyID string, key []byte) *Pseudonymizer {
	t.Helper()
	p, err := NewPseudonymizer(keyID, key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The form is fixed: pseudonyms of one epoch must match across versions.
func TestPseudonymIsAKeyedHash(t *testing.T) {
	mac := hmac.New(sha256.New, sampleKey)
	mac.Write([]byte("ringward/pseudonym/e164/v1\x00" + sampleNumber))
	want := "e1:" + hex.EncodeToString(mac.Sum(nil)[:16])

	key := bytes.Clone(sampleKey)
	p := newPseudonymizer(t, "e1", key)
	clear(key) // the pseudonymizer has its own copy
	for range 3 {
		if got := p.Pseudonym(sampleNumber); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestPseudonymsDiffer(t *testing.T) {
	p := newPseudonymizer(t, "e1", sampleKey)
	other := newPseudonymizer(t, "e1", bytes.Repeat([]byte("x"), 32))
	seen := map[string]bool{}
	for _, pseudonym := range []string{
		p.Pseudonym(sampleNumber), p.Pseudonym("+14158586274"), p.Pseudonym(""), other.Pseudonym(sampleNumber),
	} {
		if seen[pseudonym] {
			t.Errorf("%s stands for two", pseudonym)
		}
		seen[pseudonym] = true
	}
}

func TestPseudonymsAreSafeForConcurrentUse(t *testing.T) {
	p := newPseudonymizer(t, "e1", sampleKey)
	numbers := []string{sampleNumber, "+14158586274", "+4915112345678"}
	var want []string
	for _, number := range numbers {
		want = append(want, p.Pseudonym(number))
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 500 {
				if p.Pseudonym(numbers[g%3]) != want[g%3] {
					t.Error("wrong pseudonym")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestUnsafePseudonymKeysAreRefused(t *testing.T) {
	tests := []struct {
		name, keyID string
		key         []byte
	}{
		{"short key", "e1", sampleKey[:31]},
		{"no key", "e1", nil},
		{"zero key", "e1", make([]byte, 32)},
		{"no key id", "", sampleKey},
		{"colon in key id", "e:1", sampleKey},
		{"newline in key id", "e\n1", sampleKey},
		{"long key id", strings.Repeat("e", 33), sampleKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewPseudonymizer(tt.keyID, tt.key)
			if err == nil {
				t.Fatal("accepted")
			}
			if len(tt.key) > 0 && bytes.Contains([]byte(err.Error()), tt.key) {
				t.Error("the error holds the key")
			}
		})
	}
}

func TestPseudonymizerShowsNothing(t *testing.T) {
	p := newPseudonymizer(t, "e1", sampleKey)
	p.Pseudonym(sampleNumber)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, p, *p, struct{ P *Pseudonymizer }{p})
	}
	asJSON, err := json.Marshal(map[string]any{"pointer": p, "value": *p})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "p", p)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "p", *p)

	shown := out.String()
	for _, secret := range []string{string(sampleKey), hex.EncodeToString(sampleKey), fmt.Sprint(string(sampleKey)), "48 49 50", "0x30, 0x31", sampleNumber} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	if !strings.Contains(shown, redactedPseudonymizer) {
		t.Error("nothing says that it is redacted")
	}
}

func BenchmarkPseudonym(b *testing.B) {
	p := newPseudonymizer(b, "e1", sampleKey)
	b.ReportAllocs()
	for b.Loop() {
		p.Pseudonym(sampleNumber)
	}
}
