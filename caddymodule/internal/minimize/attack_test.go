package minimize

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestAnswersThatAreNotStrictJSONAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		body string
		want error
	}{
		{"empty", ``, ErrEmpty},
		{"white space", " \r\n\t", ErrEmpty},
		{"string", `"mobile"`, ErrTopLevel},
		{"number", `1`, ErrTopLevel},
		{"null", `null`, ErrTopLevel},
		{"HTML", `<html></html>`, ErrSyntax},
		{"JSONP", `callback({"ok":true})`, ErrSyntax},
		{"byte order mark", "\xef\xbb\xbf{}", ErrSyntax},
		{"UTF-16", "{\x00}\x00", ErrSyntax},
		{"a second value", `{} {}`, ErrSyntax},
		{"a second value of another kind", `{}1`, ErrSyntax},
		{"trailing bracket", `{}}`, ErrSyntax},
		{"trailing zero byte", "{}\x00", ErrSyntax},
		{"trailing comment", "{} // end", ErrSyntax},
		{"comment", `{/* x */"ok":true}`, ErrSyntax},
		{"trailing comma in an object", `{"ok":true,}`, ErrSyntax},
		{"trailing comma in a list", `{"rows":[{},]}`, ErrSyntax},
		{"leading comma", `{,"ok":true}`, ErrSyntax},
		{"double comma", `{"rows":[1,,2]}`, ErrSyntax},
		{"missing comma", `{"ok":true "x":1}`, ErrSyntax},
		{"missing colon", `{"ok" true}`, ErrSyntax},
		{"missing value", `{"ok":}`, ErrSyntax},
		{"missing name", `{:1}`, ErrSyntax},
		{"number as a name", `{1:1}`, ErrSyntax},
		{"object as a name", `{{}:1}`, ErrSyntax},
		{"closed by the other bracket", `{"rows":[}`, ErrSyntax},
		{"closed by the other bracket at the top", `{]`, ErrSyntax},
		{"single quotes", `{'ok':true}`, ErrSyntax},
		{"truncated in a name", `{"o`, ErrSyntax},
		{"truncated in a string", `{"ok":"tr`, ErrSyntax},
		{"truncated in an escape", `{"ok":"\u00`, ErrSyntax},
		{"truncated in a literal", `{"ok":tru`, ErrSyntax},
		{"truncated in an object", `{"ok":true`, ErrSyntax},
		{"truncated in a skipped list", `{"x":[1,2`, ErrSyntax},
		{"NaN", `{"scores":[NaN]}`, ErrSyntax},
		{"Infinity", `{"scores":[-Infinity]}`, ErrSyntax},
		{"plus sign", `{"scores":[+1]}`, ErrSyntax},
		{"leading zero", `{"scores":[01]}`, ErrSyntax},
		{"hexadecimal", `{"scores":[0x1]}`, ErrSyntax},
		{"bare point", `{"scores":[1.]}`, ErrSyntax},
		{"True", `{"ok":True}`, ErrSyntax},
		{"control character", "{\"ok\":\"a\nb\"}", ErrSyntax},
		{"unknown escape", `{"ok":"\x41"}`, ErrSyntax},
		{"invalid UTF-8 in a released string", "{\"ok\":\"\xff\"}", ErrSyntax},
		{"invalid UTF-8 in a skipped string", "{\"x\":\"\xff\"}", ErrSyntax},
		{"invalid UTF-8 in a skipped name", "{\"x\":{\"\xc0\xaf\":1}}", ErrSyntax},
		{"UTF-8 of a surrogate", "{\"ok\":\"\xed\xa0\x80\"}", ErrSyntax},
		{"lone high surrogate", `{"ok":"\ud800"}`, ErrSyntax},
		{"lone low surrogate", `{"x":"\udc00"}`, ErrSyntax},
		{"surrogates in disorder", `{"ok":"\udc00\ud800"}`, ErrSyntax},
		{"lone surrogate in a name", `{"\ud800":1}`, ErrSyntax},
		{"duplicate name", `{"ok":true,"ok":false}`, ErrDuplicateName},
		{"duplicate name, escaped", `{"ok":true,"\u006fk":false}`, ErrDuplicateName},
		{"duplicate name, both escaped", `{"\u006fk":true,"o\u006B":false}`, ErrDuplicateName},
		{"duplicate name in a released object", `{"data":{"type":"a","type":"b"}}`, ErrDuplicateName},
		{"duplicate name in a list", `{"rows":[{"carrier":"a","carrier":"b"}]}`, ErrDuplicateName},
		{"duplicate unknown name", `{"x":1,"y":2,"x":3}`, ErrDuplicateName},
		{"duplicate name in a skipped object", `{"x":{"y":{"z":1,"\u007a":2}}}`, ErrDuplicateName},
		{"duplicate name among many", `{` + members(200) + `,"k7":0}`, ErrDuplicateName},
		{"duplicate empty name", `{"":1,"":2}`, ErrDuplicateName},
	} {
		t.Run(tt.name, func(t *testing.T) { refuses(t, Options{}, tt.body, tt.want) })
	}
}

// members writes n members "k0":0, "k1":1 and so on.
func members(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return strings.Join(list, ",")
}

// refuses checks that nothing of a body comes back.
func refuses(t *testing.T, opts Options, body string, want error) {
	t.Helper()
	plan := mustCompile(t, described, nil, classesOf(provider.Classes()...), opts)
	res, err := plan.Apply(nil, 200, []byte(body))
	if err != want || !errors.Is(err, ErrUnreadable) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if res.Body != nil || res.Released != 0 || res.Values != 0 || res.Verdict != provider.ProviderError {
		t.Fatalf("an unreadable answer is %+v", res)
	}
}

func TestBoundsHold(t *testing.T) {
	nest := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	text := func(n int) string { return strings.Repeat("x", n) }
	small := Options{MaxBody: 100, MaxDepth: 3, MaxValues: 5, MaxScalar: 8}
	for _, tt := range []struct {
		name string
		opts Options
		body string
		want error // nil: accepted
	}{
		{"depth", Options{}, nest(32), nil},
		{"depth, one more", Options{}, nest(33), ErrTooDeep},
		{"depth in a skipped value", Options{}, `{"x":` + nest(32) + `}`, ErrTooDeep},
		{"depth in a skipped object", Options{}, strings.Repeat(`{"x":`, 33) + "1" + strings.Repeat("}", 33), ErrTooDeep},
		{"depth in a released list", small, `{"rows":[[[1]]]}`, ErrTooDeep},
		{"depth of a hundred thousand", Options{}, strings.Repeat(`[`, 100_000), ErrTooDeep},
		{"body", small, `{"x":"` + text(92) + `"}`, nil},
		{"body, one more", small, `{"x":"` + text(93) + `"}`, ErrTooLarge},
		{"body of white space", small, strings.Repeat(" ", 101), ErrTooLarge},
		{"values", small, `{"x":[1,2],"y":3,"z":4}`, nil},
		{"values, one more", small, `{"x":[1,2],"y":3,"z":4,"zz":5}`, ErrTooManyValues},
		{"values in a list", small, `[[],[],[],[],[],[]]`, ErrTooManyValues},
		{"values by default", Options{}, `[1` + strings.Repeat(",1", 16383) + `]`, nil},
		{"values by default, one more", Options{}, `[1` + strings.Repeat(",1", 16384) + `]`, ErrTooManyValues},
		{"released string", small, `{"ok":"` + text(8) + `"}`, nil},
		{"released string, one more", small, `{"ok":"` + text(9) + `"}`, ErrLongScalar},
		{"released string in escapes", small, `{"ok":"` + strings.Repeat(`\u0041`, 8) + `"}`, nil},
		{"released string in escapes, one more", small, `{"ok":"` + strings.Repeat(`\u0041`, 8) + `x"}`, ErrLongScalar},
		{"released string by default", Options{}, `{"ok":"` + text(4096) + `"}`, nil},
		{"released string by default, one more", Options{}, `{"ok":"` + text(4097) + `"}`, ErrLongScalar},
		{"skipped string", Options{}, `{"x":"` + text(100_000) + `"}`, nil},
		{"released number", Options{}, `{"ok":1` + strings.Repeat("0", 63) + `}`, nil},
		{"released number, one more", Options{}, `{"ok":1` + strings.Repeat("0", 64) + `}`, ErrLongScalar},
		{"skipped number", Options{}, `{"x":1` + strings.Repeat("0", 100_000) + `}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != nil {
				refuses(t, tt.opts, tt.body, tt.want)
				return
			}
			plan := mustCompile(t, described, nil, Release{}, tt.opts)
			if _, err := plan.Apply(nil, 200, []byte(tt.body)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestErrorsHoldNothingOfTheAnswer(t *testing.T) {
	const canary = "CANARY"
	plan := mustCompile(t, described, nil, classesOf(provider.Classes()...), Options{MaxScalar: 10})
	for _, body := range []string{
		`{"CANARY":1,"CANARY":2}`,
		`{"x":{"CANARY":CANARY}}`,
		`{"CANARY":"\ud800CANARY"}`,
		`CANARY`,
		`{"CANARY":[`,
		`{"ok":"CANARY CANARY"}`,
		`{} CANARY`,
		`{"ok":"` + canary + "\xff" + `"}`,
	} {
		_, err := plan.Apply(nil, 200, []byte(body))
		for ; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), canary) {
				t.Errorf("%q: the error tells: %v", body, err)
			}
			if err == ErrUnreadable {
				break
			}
		}
		if err != ErrUnreadable {
			t.Errorf("%q: the chain ends in %v", body, err)
		}
	}
}

func TestAbandonedProjectionsAreCleared(t *testing.T) {
	rules := []provider.Rule{{Pointer: "/error", Exists: true, Verdict: provider.ProviderError}}
	plan := mustCompile(t, described, rules, classesOf(provider.LineType), Options{})
	long := strings.Repeat("mobile", 100)
	for name, body := range map[string]string{
		"an error answer":             `{"data":{"type":"mobile"},"error":1}`,
		"broken after the data":       `{"data":{"type":"mobile"}} x`,
		"an error that outgrew dst":   `{"data":{"type":"mobile","owner":1},"data2":0,"error":"` + long + `"}`,
		"broken and outgrown":         `{"data":{"type":"` + long + `"}} x`,
		"an error answer of a number": `{"ok":"mobile","error":{}}`,
	} {
		backing := make([]byte, 40)
		copy(backing, "keep")
		res, _ := plan.Apply(backing[:4], 200, []byte(body))
		if res.Body != nil || res.Released != 0 {
			t.Errorf("%s: something was released", name)
		}
		if want := append([]byte("keep"), make([]byte, 36)...); !bytes.Equal(backing, want) {
			t.Errorf("%s: left behind: %q", name, backing)
		}
	}
}

func TestUnreadableAnswersAreClassifiedByStatus(t *testing.T) {
	rules := []provider.Rule{
		{Pointer: "/ok", NotEquals: []string{"true"}, Verdict: provider.QuotaExceeded},
		{Status: []int{403}, Verdict: provider.BadCredential, Hint: "hint"},
		{Status: []int{503}, Pointer: "/busy", Exists: true, Verdict: provider.RateLimited},
		{Status: []int{204}, Verdict: provider.Answer},
	}
	plan := mustCompile(t, described, rules, Release{}, Options{})
	for status, want := range map[int]Result{
		200: {Verdict: provider.ProviderError}, // an answer must be read
		204: {Verdict: provider.ProviderError},
		401: {Verdict: provider.BadCredential},
		402: {Verdict: provider.QuotaExceeded},
		403: {Verdict: provider.BadCredential, Hint: "hint"},
		429: {Verdict: provider.RateLimited},
		503: {Verdict: provider.ProviderError},
	} {
		res, err := plan.Apply(nil, status, []byte("<html>"))
		if err == nil || res.Verdict != want.Verdict || res.Hint != want.Hint || res.Body != nil {
			t.Errorf("%d: got %+v, %v, want %+v", status, res, err, want)
		}
		if got := plan.Unread(status); got.Verdict != want.Verdict || got.Hint != want.Hint {
			t.Errorf("%d: Unread gives %+v, want %+v", status, got, want)
		}
	}
}

func TestAFaultLeavesNoTraceInTheNextAnswer(t *testing.T) {
	plan := mustCompile(t, described, nil, classesOf(provider.LineType), Options{})
	for range 50 {
		if _, err := plan.Apply(nil, 200, []byte(`{"data":{"type":"one","x":[{"ok":1`)); err != ErrSyntax {
			t.Fatal(err)
		}
		res, err := plan.Apply(nil, 200, []byte(`{"ok":1,"data":{"type":"two"}}`))
		if err != nil || string(res.Body) != `{"ok":1,"data":{"type":"two"}}` {
			t.Fatalf("got %s, %v", res.Body, err)
		}
	}
}
