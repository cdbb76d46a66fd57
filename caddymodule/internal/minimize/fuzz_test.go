package minimize

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// FuzzApply compares with encoding/json on everything: what is accepted, what
// it means and what comes out.
func FuzzApply(f *testing.F) {
	type pair struct {
		plan   *Plan
		oracle *oracle
	}
	var pairs []pair
	for _, s := range scenes() {
		plan, oracle := s.both(f)
		pairs = append(pairs, pair{plan, oracle})
	}
	for i, body := range []string{
		numverifyAnswer, numverifyNotValid, numverifyBadKey, checkThatPhoneAnswer,
		``, ` `, `{}`, `[]`, `{} {}`, `null`, `{"a":1,"\u0061":2}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", "\xef\xbb\xbf{}",
		`{"a":NaN}`, `{"a":1,}`, `[1,/**/2]`, `{"a":{"b":{"c":"x","d":1}},"b":{"c":9007199254740993}}`,
		`{"odd name":{"other name":[1,{"\"":2}]},"c/d":{"a~b":"\u0000"}}`,
		`[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]`,
		`{"a":1e400,"b":-0,"d":3}`, `{"rows":[{"carrier":"A","cost":1},[2],3]}`,
	} {
		f.Add(uint8(i), uint16(200), []byte(body))
	}
	for i, c := range jsonTestSuite(f) {
		f.Add(uint8(i), uint16(200), []byte(c.Input))
		f.Add(uint8(i), uint16(200), []byte(`{"a":`+c.Input+`}`))
	}
	for _, answers := range presetAnswers(f) {
		for i, a := range answers {
			f.Add(uint8(i), uint16(a.Status), a.bytes())
		}
	}
	for seed := range uint64(16) {
		w := newWriter(scenes()[int(seed)%len(scenes())], seed, seed)
		f.Add(uint8(seed), uint16(200+seed%3), []byte(w.String()))
	}
	f.Fuzz(func(t *testing.T, which uint8, status uint16, body []byte) {
		p := pairs[int(which)%len(pairs)]
		before := bytes.Clone(body)
		res, err := p.plan.Apply(nil, int(status), body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			checkRefusal(t, res, err, body)
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) || hasDuplicates(body) {
			t.Fatalf("%q was read", body)
		}
		agreeWith(t, res, p.oracle, int(status), body)
	})
}

// checkRefusal checks that a refused body is one to refuse.
func checkRefusal(t *testing.T, res Result, err error, body []byte) {
	t.Helper()
	if res.Body != nil || res.Values != 0 || res.Verdict == provider.Answer {
		t.Fatalf("%q was refused and gives %+v", body, res)
	}
	strict := json.Valid(body) && utf8.Valid(body)
	ok := false
	switch {
	case !errors.Is(err, ErrUnreadable):
	case err == ErrSyntax:
		// encoding/json lets lone surrogates pass.
		ok = !strict || bytes.Contains(body, []byte(`\u`))
	case err == ErrDuplicateName:
		ok = !json.Valid(body) || hasDuplicates(body)
	case err == ErrEmpty:
		ok = len(bytes.Trim(body, " \t\r\n")) == 0
	case err == ErrTopLevel:
		ok = !bytes.ContainsAny(bytes.TrimLeft(body, " \t\r\n")[:1], "{[")
	case err == ErrTooDeep:
		ok = bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) > 32
	case err == ErrTooLarge:
		ok = len(body) > 1<<20
	case err == ErrTooManyValues:
		ok = len(body) > 16384
	case err == ErrLongScalar:
		ok = len(body) > maxNumber
	}
	if !ok {
		t.Fatalf("%q was refused: %v", body, err)
	}
}

// FuzzClassify compares what an answer of a preset's provider means with the
// provider's rules, read one after another over the decoded answer.
func FuzzClassify(f *testing.F) {
	type pair struct {
		plan   *Plan
		oracle *oracle
	}
	var pairs []pair
	answers := presetAnswers(f)
	for _, name := range provider.Names() {
		p, err := provider.Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		release := Release{Classes: provider.Classes()}
		for _, a := range answers[name] {
			f.Add(uint8(len(pairs)), uint16(a.Status), a.bytes())
		}
		for _, op := range p.Operations {
			plan := mustCompile(f, op.Fields, p.Rules, release, Options{})
			pairs = append(pairs, pair{plan, &oracle{fields: op.Fields, rules: p.Rules, release: release, memo: map[string]bool{}}})
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, status uint16, body []byte) {
		p := pairs[int(which)%len(pairs)]
		res, err := p.plan.Apply(nil, int(status), body)
		if err != nil {
			checkRefusal(t, res, err, body)
			return
		}
		if want := p.oracle.verdict(int(status), decode(t, body)); res.Verdict != want {
			t.Fatalf("%d %q is %s, want %s", status, body, res.Verdict, want)
		}
		if res.Verdict != provider.Answer && res.Body != nil {
			t.Fatalf("%d %q is %s, and releases %q", status, body, res.Verdict, res.Body)
		}
	})
}

// FuzzPointer checks that no pointer breaks Compile, and that those it takes
// come back.
func FuzzPointer(f *testing.F) {
	for _, pointer := range []string{"/a", "/a/*", "", "/", "/~0~1", "/~", "/0", "/*/*/b", "a", "/\xff", "/data/carrier"} {
		f.Add(pointer)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		fields := []provider.Field{{Pointer: pointer, Class: provider.Risk}}
		plan, err := Compile(fields, nil, classesOf(provider.Risk), Options{})
		if err != nil {
			if !errors.Is(err, ErrPointer) {
				t.Fatalf("%q: %v", pointer, err)
			}
			return
		}
		// A body made along the pointer comes through whole.
		value := any("x")
		parts := split(pointer)
		for _, part := range slices.Backward(parts) {
			value = map[string]any{part: value}
			if part == "*" {
				value = []any{value.(map[string]any)["*"]}
			}
		}
		body, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		res, err := plan.Apply(nil, 200, body)
		if err != nil || res.Values != 1 || !res.Released.Has(provider.Risk) || len(plan.Fields()) != 1 {
			t.Fatalf("%q: %s gives %s, %v", pointer, body, res.Body, err)
		}
	})
}
