package credential

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// sample is a made-up key; tests look for it where it must not be.
const sample = "sk-Zz9/Qx+7=plover-xyzzy"

func mustNotHold(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(strings.ToLower(text), strings.ToLower(sample)) ||
		NewRenderings(SecretFromString(sample)).Found([]byte(text)) {
		t.Errorf("%s shows the secret", what)
	}
}

// outer holds secrets in every way a struct can.
type outer struct {
	Public  Secret
	private Secret
	Pointer *Secret
	List    []Secret
	Map     map[string]Secret
	Any     any
}

func newOuter() outer {
	s := SecretFromString(sample)
	return outer{s, s, &s, []Secret{s}, map[string]Secret{"k": s}, s}
}

func TestSecretHidesFromEveryFormatter(t *testing.T) {
	s := SecretFromString(sample)
	v, err := NewValue([]Field{{"key", s}}, 3, time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, arg := range map[string]any{
		"secret": s, "pointer": &s, "struct": newOuter(), "value": v, "plain value": *v,
		"renderings": v.renderings, "field": v.Fields[0],
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t", "%p", "%08.3f", "% x"} {
			mustNotHold(t, name+" with "+verb, fmt.Sprintf(verb, arg))
		}
	}
	for _, verb := range []string{"%v", "%s", "%#v", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != redacted {
			t.Errorf("%s gives %q, want %q", verb, got, redacted)
		}
	}
	if s.String() != redacted || s.GoString() != redacted {
		t.Error("String and GoString must say that something is hidden")
	}
}

func TestSecretHidesFromEncoders(t *testing.T) {
	text, err := json.Marshal(newOuter())
	if err != nil {
		t.Fatal(err)
	}
	mustNotHold(t, "JSON", string(text))
	if n := strings.Count(string(text), redacted); n != 5 {
		t.Errorf("JSON redacts %d places, want 5: %s", n, text)
	}
	text, err = xml.Marshal(SecretFromString(sample))
	if err != nil {
		t.Fatal(err)
	}
	mustNotHold(t, "XML", string(text))
}

func TestSecretHidesFromLoggers(t *testing.T) {
	s := SecretFromString(sample)
	v, err := NewValue([]Field{{"key", s}}, 3, time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("x", "secret", s, "struct", newOuter(), "value", v)
	}
	for _, enc := range []zapcore.Encoder{
		zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
	} {
		log := zap.New(zapcore.NewCore(enc, zapcore.AddSync(&out), zapcore.DebugLevel))
		log.Info("x", zap.Any("any", s), zap.Any("ptr", &s), zap.Reflect("reflect", s), zap.Stringer("str", s),
			zap.Any("struct", newOuter()), zap.Reflect("value", v), zap.Any("value2", v))
		log.Sugar().Infow("x", "secret", s, "struct", newOuter())
		log.Sugar().Infof("%v %+v", s, newOuter())
	}
	mustNotHold(t, "a log", out.String())
	if !strings.Contains(out.String(), redacted) {
		t.Error("the logs show no trace of the fields")
	}
}

func TestRevealGivesTheText(t *testing.T) {
	text := []byte(sample)
	s := NewSecret(text)
	clear(text)
	if s.Reveal() != sample || s.Empty() {
		t.Error("the secret must be a copy of what it was made from")
	}
	var zero Secret
	if zero.Reveal() != "" || !zero.Empty() || !NewSecret(nil).Empty() {
		t.Error("a secret of nothing must be empty")
	}
}

func TestEqualComparesTexts(t *testing.T) {
	a := SecretFromString(sample)
	for _, c := range []struct {
		name  string
		other Secret
		want  bool
	}{
		{"itself", a, true},
		{"same text", SecretFromString(sample), true},
		{"other text", SecretFromString(sample[:len(sample)-1] + "!"), false},
		{"prefix", SecretFromString(sample[:5]), false},
		{"empty", Secret{}, false},
	} {
		if a.Equal(c.other) != c.want || c.other.Equal(a) != c.want {
			t.Errorf("%s: want %v", c.name, c.want)
		}
	}
	if !(Secret{}).Equal(Secret{}) {
		t.Error("two empty secrets are equal")
	}
}

func TestWipeEmptiesAllCopies(t *testing.T) {
	s := SecretFromString(sample)
	memory := s.open().bytes
	other := s
	s.Wipe()
	if other.Reveal() != "" || !other.Empty() {
		t.Error("a copy survives")
	}
	if !bytes.Equal(memory, make([]byte, len(sample))) {
		t.Error("the memory is not zeroed")
	}
	s.Wipe()
	Secret{}.Wipe()
}

func TestWipeNeverTearsAReveal(t *testing.T) {
	for range 200 {
		s := SecretFromString(sample)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if got := s.Reveal(); got != "" && got != sample {
					t.Error("half a secret was revealed")
				}
			})
		}
		wg.Go(s.Wipe)
		wg.Wait()
	}
}

func TestForgottenSecretIsWiped(t *testing.T) {
	memory := func() []byte { return SecretFromString(sample).open().bytes }()
	for range 200 {
		runtime.GC()
		if bytes.Equal(memory, make([]byte, len(sample))) {
			return
		}
		runtime.Gosched()
	}
	t.Error("the memory of a secret that nobody holds was not zeroed")
}

func TestHeldSecretIsNotWiped(t *testing.T) {
	v, err := NewValue([]Field{{"key", SecretFromString(sample)}}, 1, time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, r := v.Fields[0].Secret, v.Renderings()
	v = nil
	_ = v
	for range 5 {
		runtime.GC()
	}
	if s.Reveal() != sample || !r.Found([]byte("x"+sample)) {
		t.Error("a secret in use was wiped")
	}
}

func TestUnusableSecretsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		class      error
		says       string
	}{
		{"empty", "", ErrEmpty, "empty"},
		{"line feed at the end", sample + "\n", ErrInvalid, "trailing newline"},
		{"carriage return at the end", sample + "\r\n", ErrInvalid, "trailing newline"},
		{"space at the end", sample + " ", ErrInvalid, "trailing white space"},
		{"no-break space at the end", sample + "\u00a0", ErrInvalid, "trailing white space"},
		{"space in front", " " + sample, ErrInvalid, "leading white space"},
		{"tab in front", "\t" + sample, ErrInvalid, "leading white space"},
		{"line feed inside", sample + "\n" + sample, ErrInvalid, "control character"},
		{"line separator inside", sample + "\u2028" + sample, ErrInvalid, "line break"},
		{"NUL inside", sample + "\x00" + sample, ErrInvalid, "control character"},
		{"DEL inside", sample + "\x7f" + sample, ErrInvalid, "control character"},
		{"C1 control inside", sample + "\u0085" + sample, ErrInvalid, "control character"},
		{"byte order mark", "\ufeff" + sample, ErrInvalid, "byte order mark"},
		{"not UTF-8", sample + "\xff", ErrInvalid, "UTF-8"},
		{"too long", strings.Repeat("x", MaxSecretLength+1), ErrInvalid, "longer"},
	} {
		err := SecretFromString(c.text).Check()
		if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		mustNotHold(t, c.name, err.Error())
	}
	for _, text := range []string{sample, "a", "with space inside", "schlüssel-ключ", strings.Repeat("x", MaxSecretLength)} {
		if err := SecretFromString(text).Check(); err != nil {
			t.Errorf("a good secret is refused: %v", err)
		}
	}
}

func FuzzSecretCheck(f *testing.F) {
	for _, s := range []string{sample, "", " ", "a\n", "\ufeffx", "\xff", "a b", "a\u2028b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := NewSecret(text)
		err := s.Check()
		if s.Reveal() != string(text) {
			t.Fatal("the check changed the secret")
		}
		if err != nil {
			return
		}
		if len(text) == 0 || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatal("an unusable secret passed")
		}
		if !bytes.Equal(bytes.TrimSpace(text), text) {
			t.Fatal("white space around a secret passed")
		}
	})
}

func TestValueRefusesWhatCannotBePlaced(t *testing.T) {
	good := SecretFromString(sample)
	for name, fields := range map[string][]Field{
		"no field":       nil,
		"name missing":   {{"", good}},
		"named twice":    {{"a", good}, {"a", good}},
		"empty secret":   {{"a", Secret{}}},
		"newline inside": {{"a", SecretFromString(sample + "\n")}},
	} {
		v, err := NewValue(fields, 0, time.Time{}, time.Now())
		if err == nil || v != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		mustNotHold(t, name, err.Error())
	}
}

func TestValuesAreEqualByVersionAndContent(t *testing.T) {
	make1 := func(version int, pairs ...string) *Value {
		var fields []Field
		for i := 0; i < len(pairs); i += 2 {
			fields = append(fields, Field{pairs[i], SecretFromString(pairs[i+1])})
		}
		v, err := NewValue(fields, version, time.Time{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	a := make1(1, "user", "u1", "key", "k1")
	for _, c := range []struct {
		name  string
		other *Value
		want  bool
	}{
		{"same", make1(1, "user", "u1", "key", "k1"), true},
		{"other version", make1(2, "user", "u1", "key", "k1"), false},
		{"other content", make1(1, "user", "u1", "key", "k2"), false},
		{"other name", make1(1, "user", "u1", "kay", "k1"), false},
		{"fewer fields", make1(1, "user", "u1"), false},
		{"nil", nil, false},
	} {
		if a.Equal(c.other) != c.want {
			t.Errorf("%s: want %v", c.name, c.want)
		}
	}
	if s, ok := a.Field("key"); !ok || s.Reveal() != "k1" {
		t.Error("a field is not found by its name")
	}
	if _, ok := a.Field("nothing"); ok {
		t.Error("a field is found that is not there")
	}
}
