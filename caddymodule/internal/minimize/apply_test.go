package minimize

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func mustCompile(tb testing.TB, fields []provider.Field, rules []provider.Rule, release Release, opts Options) *Plan {
	tb.Helper()
	plan, err := Compile(fields, rules, release, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}

func released(s ClassSet) string { return fmt.Sprint(s.AppendTo(nil)) }

func TestProjection(t *testing.T) {
	everything := classesOf(provider.Classes()...)
	for _, tt := range []struct {
		name    string
		release Release
		body    string
		want    string
		classes string
		values  int
	}{
		{"a class", classesOf(provider.LineType), `{"ok":true,"data":{"valid":true,"type":"mobile"}}`, `{"ok":true,"data":{"type":"mobile"}}`, "[line_type]", 2},
		{"whitespace goes", everything, " {\n\"data\" :\t{ \"type\" : \"mobile\" } }\r\n", `{"data":{"type":"mobile"}}`, "[line_type]", 1},
		{"null, false and empty are values", everything, `{"data":{"valid":false,"type":null,"owner":{"name":""}}}`, `{"data":{"valid":false,"type":null,"owner":{"name":""}}}`, "[validity line_type identity]", 3},
		{"containers on the way stay", classesOf(provider.LineType), `{"data":{"valid":true},"rows":[1]}`, `{"data":{}}`, "[]", 0},
		{"other containers go", Release{}, `{"ok":1,"data":{"valid":true},"rows":[{"carrier":"A"}]}`, `{"ok":1}`, "[]", 1},
		{"the top level stays", classesOf(provider.Risk), `{"x":1}`, `{}`, "[]", 0},
		{"a list at the top level stays", everything, `[{"ok":true}]`, `[]`, "[]", 0},
		{"an object at a field's end goes", everything, `{"ok":{"ok":true},"data":{"type":{"type":"mobile"},"valid":[true]}}`, `{"data":{}}`, "[]", 0},
		{"a list in place of an object goes", everything, `{"data":[{"type":"mobile"}]}`, `{}`, "[]", 0},
		{"a scalar in place of an object goes", everything, `{"data":"14158586273"}`, `{}`, "[]", 0},
		{"names differ by case", everything, `{"OK":true,"Data":{"type":"a"},"data":{"Type":"b","TYPE":"c"}}`, `{"data":{}}`, "[]", 0},
		{"a field elsewhere", everything, `{"type":"a","data":{"data":{"type":"b"},"ok":true}}`, `{"data":{}}`, "[]", 0},
		{"lists keep their length", everything, `{"rows":[{"carrier":"A","x":1},{},{"x":2},{"carrier":"B"}]}`, `{"rows":[{"carrier":"A"},{},{},{"carrier":"B"}]}`, "[carrier]", 2},
		{"strays in a list leave their place", everything, `{"rows":[1,[{"carrier":"A"}],{"carrier":"B"},"x",null]}`, `{"rows":[null,null,{"carrier":"B"},null,null]}`, "[carrier]", 1},
		{"a list of scalars", everything, `{"scores":[1,"2",{"x":3},null,[4],true]}`, `{"scores":[1,"2",null,true]}`, "[risk]", 4},
		{"a star over an object", everything, `{"rows":{"US":{"carrier":"A"},"CA":{"carrier":"B","cost":1}}}`, `{"rows":{"US":{"carrier":"A"},"CA":{"carrier":"B"}}}`, "[carrier]", 2},
		{"never wins over a star", everything, `{"scores":{"fraud":1,"internal":2},"rows":[{"cost":3}],"price":4}`, `{"scores":{"fraud":1},"rows":[{}]}`, "[risk]", 1},
		{"never goes with what is below", everything, `{"price":{"amount":1},"scores":{"internal":{"x":1}},"rows":[{"cost":[1]}]}`, `{"scores":{},"rows":[{}]}`, "[]", 0},
		{"numbers stay as they are", everything, `{"scores":[9007199254740993,-0,1.50,1E+2,123456789012345678901234567890,1e400]}`, `{"scores":[9007199254740993,-0,1.50,1E+2,123456789012345678901234567890,1e400]}`, "[risk]", 6},
		{"strings get one spelling", everything, `{"data":{"type":"\u006d\/\u0022\\\b\u0001\ud83d\ude00é<&>\u2028"}}`, "{\"data\":{\"type\":\"m/\\\"\\\\\\b\\u0001😀é<&>\u2028\"}}", "[line_type]", 1},
		{"names are read unescaped", everything, `{"d\u0061ta":{"\u0074ype":1}}`, `{"data":{"type":1}}`, "[line_type]", 1},
		{"a pointer beyond the classes", Release{Pointers: []string{"/data/owner/name"}}, `{"data":{"type":"x","owner":{"name":"N","age":3}}}`, `{"data":{"owner":{"name":"N"}}}`, "[identity]", 1},
		{"a pointer narrower than its field", Release{Pointers: []string{"/scores/fraud"}}, `{"scores":{"fraud":1,"spam":2}}`, `{"scores":{"fraud":1}}`, "[risk]", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := mustCompile(t, described, nil, tt.release, Options{})
			res, err := plan.Apply(nil, 200, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(res.Body); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := released(res.Released); got != tt.classes || res.Values != tt.values || res.Undocumented {
				t.Errorf("released %s, %d values, undocumented %t; want %s, %d", got, res.Values, res.Undocumented, tt.classes, tt.values)
			}
		})
	}
}

func TestNamesUnderAStarAreBounded(t *testing.T) {
	plan := mustCompile(t, []provider.Field{
		{Pointer: "/*/n", Class: provider.Envelope},
		{Pointer: "/odd name/m", Class: provider.Envelope},
	}, []provider.Rule{{Pointer: "/watched name/n", Equals: []string{"stop"}, Verdict: provider.ProviderError}}, Release{}, Options{})
	for name, kept := range map[string]bool{
		"US": true, "a.b-c_9": true, strings.Repeat("x", 64): true, `\u0055S`: true, "0": true,
		strings.Repeat("x", 65): false, "": false, "a b": false, "é": false, `\"`: false, `\n`: false,
		"<script>": false, "+1": false, `a\u0000`: false,
		"odd name":     true,  // a field spells it out
		"watched name": false, // only a rule does
	} {
		res, err := plan.Apply(nil, 200, []byte(`{"`+name+`":{"n":1}}`))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got := string(res.Body) != "{}"; got != kept {
			t.Errorf("%q: kept is %t, want %t", name, got, kept)
		}
	}
}

func TestSeveralFieldsOnOneValueMustAllBeReleased(t *testing.T) {
	fields := []provider.Field{
		{Pointer: "/data/*", Class: provider.LineType},
		{Pointer: "/data/name", Class: provider.Identity},
	}
	for _, tt := range []struct {
		release Release
		want    string
	}{
		{classesOf(provider.LineType), `{"data":{"kind":"K"}}`},
		{classesOf(provider.Identity), `{}`},
		{classesOf(provider.LineType, provider.Identity), `{"data":{"kind":"K","name":"N"}}`},
		{Release{Pointers: []string{"/data/*"}}, `{"data":{"kind":"K"}}`},
		{Release{Pointers: []string{"/data/name"}}, `{"data":{"name":"N"}}`},
	} {
		plan := mustCompile(t, fields, nil, tt.release, Options{})
		res, err := plan.Apply(nil, 200, []byte(`{"data":{"kind":"K","name":"N"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(res.Body); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.release, got, tt.want)
		}
	}
}

func TestUndocumentedFieldsAreMarked(t *testing.T) {
	plan := mustCompile(t, described, nil, Release{Pointers: []string{"/*/*"}}, Options{AllowUndocumented: true})
	res, err := plan.Apply(nil, 200, []byte(`{"data":{"type":"mobile","new":1},"scores":{"internal":3,"fraud":4},"price":{"amount":5}}`))
	if err != nil {
		t.Fatal(err)
	}
	// Known fields of classes that are not released stay out of a wide pointer.
	if got, want := string(res.Body), `{"data":{"new":1}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !res.Undocumented || res.Released != 0 {
		t.Errorf("undocumented %t, released %s", res.Undocumented, released(res.Released))
	}
}

func TestPointersWithOddNames(t *testing.T) {
	plan := mustCompile(t, []provider.Field{
		{Pointer: "/a~1b/c~0d", Class: provider.Envelope},
		{Pointer: "/line-type.v2", Class: provider.Envelope},
		{Pointer: "/~01", Class: provider.Envelope},
		{Pointer: `/q"uote`, Class: provider.Envelope},
		{Pointer: "/007", Class: provider.Envelope},
		{Pointer: "/a*", Class: provider.Envelope},
	}, nil, Release{}, Options{})
	body := `{"a/b":{"c~d":1,"c":2},"line-type.v2":3,"~1":4,"q\"uote":5,"007":6,"a*":7,"ab":8,"a~1b":{"c~0d":9},"line":{"type":10}}`
	res, err := plan.Apply(nil, 200, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(res.Body), `{"a/b":{"c~d":1},"line-type.v2":3,"~1":4,"q\"uote":5,"007":6,"a*":7}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVendorSamples(t *testing.T) {
	for _, tt := range []struct {
		name, preset, op string
		status           int
		release          Release
		body             string
		verdict          provider.Verdict
		want             string
	}{
		{
			"numverify, default release", "numverify", "validate", 200,
			Release{Classes: provider.DefaultRelease()},
			numverifyAnswer, provider.Answer,
			`{"valid":true,"number":"14158586273","local_format":"4158586273","international_format":"+14158586273","country_prefix":"+1","line_type":"mobile"}`,
		},
		{
			"numverify, one class", "numverify-net", "validate", 200, classesOf(provider.Carrier), numverifyAnswer, provider.Answer,
			`{"carrier":"AT&T Mobility LLC"}`,
		},
		{"numverify, everything", "numverify", "validate", 200, classesOf(provider.Classes()...), numverifyAnswer, provider.Answer, numverifyAnswer},
		{"numverify, not valid", "numverify", "validate", 200, classesOf(provider.LineType), numverifyNotValid, provider.Answer, `{"line_type":null}`},
		{"numverify, an error in a 200", "numverify", "validate", 200, classesOf(provider.Classes()...), numverifyBadKey, provider.BadCredential, ""},
		{
			"numverify, an unknown error in a 200", "numverify", "validate", 200, classesOf(provider.Classes()...),
			`{"valid":true,"success":false,"error":{"code":999}}`, provider.ProviderError, "",
		},
		{
			"numverify, countries", "numverify", "countries", 200,
			Release{},
			`{"US":{"country_name":"United States","dialling_code":"+1","x":1},"<b>":{"country_name":"B"}}`, provider.Answer,
			`{"US":{"country_name":"United States","dialling_code":"+1"}}`,
		},
		{
			"checkthatphone, default release", "checkthatphone", "lookup", 200,
			Release{Classes: provider.DefaultRelease()},
			checkThatPhoneAnswer, provider.Answer,
			`{"success":true,"data":{"subscriber":"4155550123","deliverable":"true","nanpType":"mobile","dipCarrierType":"wireless"}}`,
		},
		{
			"checkthatphone, everything but its price", "checkthatphone", "lookup", 200, classesOf(provider.Classes()...), checkThatPhoneAnswer, provider.Answer,
			strings.Replace(checkThatPhoneAnswer, `"credits_used":2,`, "", 1),
		},
		{
			"checkthatphone, no success", "checkthatphone", "lookup", 200, classesOf(provider.Classes()...),
			`{"success":false,"data":{"nanpType":"mobile"}}`, provider.ProviderError, "",
		},
		{
			"checkthatphone, success missing", "checkthatphone", "lookup", 200, classesOf(provider.Classes()...),
			`{"data":{"nanpType":"mobile"}}`, provider.ProviderError, "",
		},
		{
			"checkthatphone, bad request", "checkthatphone", "lookup", 400, classesOf(provider.Classes()...),
			`{"error":"Invalid request","detail":"phone must be 10-11 digits"}`, provider.BadRequest, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := presetPlan(t, tt.preset, tt.op, tt.release)
			res, err := plan.Apply(nil, tt.status, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if res.Verdict != tt.verdict || string(res.Body) != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s %s", res.Verdict, res.Body, tt.verdict, tt.want)
			}
		})
	}
}

func TestBodyIsAppendedToDst(t *testing.T) {
	plan := mustCompile(t, described, nil, classesOf(provider.LineType), Options{})
	dst := append(make([]byte, 0, 64), "before "...)
	res, err := plan.Apply(dst, 200, []byte(`{"data":{"type":"mobile"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(res.Body), `before {"data":{"type":"mobile"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if &res.Body[0] != &dst[0] {
		t.Error("dst had room and was not used")
	}
}

func TestPlanIsSharedSafely(t *testing.T) {
	plan := mustCompile(t, described, nil, classesOf(provider.LineType), Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := fmt.Appendf(nil, `{"data":{"type":"t\u0031-%d","valid":true},"rows":[%d]}`, i, i)
			before := slices.Clone(body)
			want := fmt.Sprintf(`{"data":{"type":"t1-%d"}}`, i)
			var dst []byte
			for range 500 {
				res, err := plan.Apply(dst[:0], 200, body)
				if err != nil || string(res.Body) != want {
					t.Errorf("got %s, %v, want %s", res.Body, err, want)
					return
				}
				dst = res.Body
			}
			if !bytes.Equal(body, before) {
				t.Error("the body was changed")
			}
		})
	}
	wg.Wait()
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	plan := presetPlan(t, "checkthatphone", "lookup", classesOf(provider.Classes()...))
	body, dst := []byte(checkThatPhoneAnswer), make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := plan.Apply(dst, 200, body); err != nil {
			t.Fatal(err)
		}
	})
	if allocs >= 1 {
		t.Errorf("%v allocations an answer", allocs)
	}
}

func TestFieldsInTheProjectionAreNamed(t *testing.T) {
	plan := mustCompile(t, described, nil, classesOf(provider.LineType, provider.Carrier, provider.Risk), Options{})
	for body, want := range map[string]string{
		`{"ok":true}`:           "[]",
		`{"data":{"type":"x"}}`: "[/data/type]",
		`{"data":{"valid":true,"type":"x"},"rows":[{"carrier":"A"},{"carrier":"B"}],"scores":[1,2]}`: "[/data/type /rows/*/carrier /scores/*]",
	} {
		res, err := plan.Apply(nil, 200, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got := plan.AppendFields(nil, &res.Fields)
		slices.Sort(got)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", body, got, want)
		}
	}
}
