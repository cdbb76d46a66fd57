package caller

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func newKey(t testing.TB) (string, Digest) {
	t.Helper()
	key, digest, err := NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key, digest
}

func TestKeysHaveTheirForm(t *testing.T) {
	t.Parallel()
	random := bytes.Repeat([]byte{0xfb}, 32)
	key, digest, err := NewKey(bytes.NewReader(random))
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(key, "rwk_")
	if !ok || len(key) != 47 {
		t.Error("a key is not rwk_ and 43 characters")
	}
	if back, err := base64.RawURLEncoding.DecodeString(rest); err != nil || !bytes.Equal(back, random) {
		t.Error("a key does not hold all the randomness it was given")
	}
	if digest != DigestOf(key) {
		t.Error("the digest is of something else than the key")
	}
	if !isKey(key, MaxPresented) {
		t.Error("a key could not be presented")
	}
}

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	first, _ := newKey(t)
	second, _ := newKey(t)
	if first == second {
		t.Error("two keys are equal")
	}
}

func TestNoKeyIsMadeOfTooLittleRandomness(t *testing.T) {
	t.Parallel()
	sources := map[string]io.Reader{
		"none":     strings.NewReader(""),
		"31 bytes": strings.NewReader(strings.Repeat("x", 31)),
		"broken":   iotest.ErrReader(errors.New("no entropy")),
	}
	for name, source := range sources {
		key, digest, err := NewKey(source)
		if err == nil || key != "" || digest != (Digest{}) {
			t.Errorf("%s: a key was made", name)
		}
	}
}

func TestDigestSurvivesWriting(t *testing.T) {
	t.Parallel()
	_, digest := newKey(t)
	text := digest.String()
	if len(text) != 71 || !strings.HasPrefix(text, "sha256:") || text != strings.ToLower(text) {
		t.Errorf("written as %q", text)
	}
	if digest.KeyID() != text[7:15] {
		t.Error("the key id is not the first 8 digits")
	}
	for _, spelling := range []string{text, "sha256:" + strings.ToUpper(text[7:])} {
		if back, err := ParseDigest(spelling); err != nil || back != digest {
			t.Errorf("came back changed: %v", err)
		}
	}
	var back struct{ Keys []Digest }
	written, err := json.Marshal(map[string]any{"Keys": []Digest{digest}})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written, &back); err != nil || len(back.Keys) != 1 || back.Keys[0] != digest {
		t.Errorf("came back changed from JSON: %v", err)
	}
}

func TestDigestIsThatOfCommonTools(t *testing.T) {
	t.Parallel()
	// printf test | sha256sum
	const want = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	if got := DigestOf("test").String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFaultyDigestsAreRefusedWithoutRepeatingThem(t *testing.T) {
	t.Parallel()
	key, digest := newKey(t)
	hexadecimal := digest.String()[7:]
	tests := []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrDigestForm},
		{"no scheme", hexadecimal, ErrDigestForm},
		{"other scheme", "sha512:" + hexadecimal, ErrDigestForm},
		{"scheme in upper case", "SHA256:" + hexadecimal, ErrDigestForm},
		{"too short", "sha256:" + hexadecimal[:63], ErrDigestForm},
		{"too long", "sha256:" + hexadecimal + "0", ErrDigestForm},
		{"not hexadecimal", "sha256:" + hexadecimal[:63] + "g", ErrDigestForm},
		{"space in front", " sha256:" + hexadecimal, ErrDigestForm},
		{"line feed", "sha256:" + hexadecimal + "\n", ErrDigestForm},
		{"key", key, ErrDigestIsKey},
		{"key after scheme", "sha256:" + key, ErrDigestForm},
		{"zeros", "sha256:" + strings.Repeat("0", 64), ErrDigestEmpty},
		{"of the empty text", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ErrDigestEmpty},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			digest, err := ParseDigest(test.text)
			if !errors.Is(err, test.want) || digest != (Digest{}) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), key[4:]) || strings.Contains(err.Error(), hexadecimal[:8]) {
				t.Error("the error repeats its input")
			}
			kept := DigestOf("before")
			if err := kept.UnmarshalText([]byte(test.text)); !errors.Is(err, test.want) || kept != DigestOf("before") {
				t.Errorf("unmarshalling: got %v, want %v and nothing changed", err, test.want)
			}
		})
	}
}

func FuzzParseDigest(f *testing.F) {
	for _, text := range []string{"", "sha256:", DigestOf("a").String(), "sha256:" + strings.Repeat("0", 64), "rwk_", "sha256:" + strings.Repeat("F", 64)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digest, err := ParseDigest(text)
		if err != nil {
			if digest != (Digest{}) {
				t.Fatal("a refused digest came back all the same")
			}
			return
		}
		if !strings.EqualFold(digest.String(), text) || digest.isEmpty() {
			t.Fatal("accepted as something else")
		}
		if back, err := ParseDigest(digest.String()); err != nil || back != digest {
			t.Fatalf("its own text is read as another digest: %v", err)
		}
	})
}
