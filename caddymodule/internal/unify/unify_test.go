package unify

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

var update = flag.Bool("update", false, "write docs/unified.schema.json anew")

const schemaFile = "../../../docs/unified.schema.json"

func TestSchemaIsPublished(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Schema()) {
		t.Error("docs/unified.schema.json is another one: run this test with -update")
	}
}

// schema compiles the published schema.
func schema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		tb.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("unified.json", document); err != nil {
		tb.Fatal(err)
	}
	compiled, err := c.Compile("unified.json")
	if err != nil {
		tb.Fatal(err)
	}
	return compiled
}

func validate(tb testing.TB, s *jsonschema.Schema, answer []byte) {
	tb.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
	if err != nil {
		tb.Fatalf("%s: %v", answer, err)
	}
	if err := s.Validate(value); err != nil {
		tb.Errorf("%s: %v", answer, err)
	}
}

func compile(tb testing.TB, op *provider.Operation) *Plan {
	tb.Helper()
	p, err := Compile(op)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// single has a mapping of every kind.
func single() *provider.Operation {
	return &provider.Operation{Unified: []provider.Mapping{
		{To: provider.UnifiedValid, From: "/valid"},
		{To: provider.UnifiedValid, From: "/status", Values: map[string]string{"ok": "true", "bad": "false", "0": "true"}},
		{To: provider.UnifiedE164, From: "/number"},
		{To: provider.UnifiedLineType, From: "/line/type", Values: map[string]string{"cell": "mobile", "?": "unknown"}},
		{To: provider.UnifiedCarrier, From: "/line/carrier", Values: map[string]string{"N/A": ""}},
		{To: provider.UnifiedCarrier, From: "/network"},
		{To: provider.UnifiedMNC, From: "/line/mnc"},
		{To: provider.UnifiedPorted, From: "/ported", Values: map[string]string{"Y": "true", "N": "false"}},
		{To: provider.UnifiedCountry, From: "/country"},
		{To: provider.UnifiedCallerType, From: "/owner"},
		{To: provider.UnifiedRiskScore, From: "/score"},
		{To: provider.UnifiedRiskLevel, From: "/level"},
		{To: provider.UnifiedCity, From: "/places/*/a~1b"},
	}}
}

func TestFieldsAreTranslated(t *testing.T) {
	p, s := compile(t, single()), schema(t)
	for _, tt := range []struct{ name, answer, want string }{
		{"nothing", `{}`, `{}`},
		{"nothing that is mapped", `{"other":{"valid":true},"list":[1]}`, `{}`},
		{"booleans", `{"valid":true}`, `{"valid":true}`},
		{"a false one", `{"valid":false}`, `{"valid":false}`},
		{"a boolean in words", `{"status":"ok"}`, `{"valid":true}`},
		{"a boolean as number", `{"status":0}`, `{"valid":true}`},
		{"words that say nothing", `{"valid":"true","status":"perhaps"}`, `{}`},
		{"the first source wins", `{"status":"ok","valid":false}`, `{"valid":false}`},
		{"the first source, told first", `{"valid":false,"status":"ok"}`, `{"valid":false}`},
		{"the first source that has a value", `{"line":{"carrier":""},"network":"N"}`, `{"carrier":"N"}`},
		{"null is no value", `{"line":{"carrier":null},"network":"N"}`, `{"carrier":"N"}`},
		{"a text that stands for nothing", `{"line":{"carrier":"N/A"},"network":"N"}`, `{"carrier":"N"}`},
		{"a text beside one that stands for nothing", `{"line":{"carrier":"N/A Ltd"}}`, `{"carrier":"N/A Ltd"}`},
		{"a number gets its plus", `{"number":"14158586273"}`, `{"e164":"+14158586273"}`},
		{"a number with plus", `{"number":"+14158586273"}`, `{"e164":"+14158586273"}`},
		{"a number as number", `{"number":14158586273}`, `{"e164":"+14158586273"}`},
		{"no number", `{"number":"(415) 858-6273"}`, `{}`},
		{"line type", `{"line":{"type":"cell"}}`, `{"line_type":"mobile"}`},
		{"a new line type", `{"line":{"type":"satellite"}}`, `{"line_type":"other"}`},
		{"an unknown line type", `{"line":{"type":"?"}}`, `{"line_type":"unknown"}`},
		{"an enum as it is", `{"owner":"business"}`, `{"caller_type":"business"}`},
		{"an enum with a new value", `{"owner":"robot"}`, `{"caller_type":"unknown"}`},
		{"digits stay digits", `{"line":{"mnc":"004"}}`, `{"mobile_network_code":"004"}`},
		{"numbers become text", `{"line":{"mnc":866}}`, `{"mobile_network_code":"866"}`},
		{"a boolean is no text", `{"line":{"mnc":true}}`, `{}`},
		{"yes and no", `{"ported":"Y"}`, `{"ported":true}`},
		{"neither", `{"ported":"maybe"}`, `{}`},
		{"country", `{"country":"us"}`, `{"country":"US"}`},
		{"no country", `{"country":"USA"}`, `{}`},
		{"a score, digit by digit", `{"score":0.10000000000000000001}`, `{"risk_score":0.10000000000000000001}`},
		{"a score in words", `{"score":"10"}`, `{}`},
		{"level", `{"level":"Very HIGH"}`, `{"risk_level":"very high"}`},
		{"spaces around", `{"network":"  A & B  "}`, `{"carrier":"A & B"}`},
		{"nothing but spaces", `{"network":"   "}`, `{}`},
		{"escapes", `{"n\u0065twork":"A\u0022\\B\u00e9"}`, `{"carrier":"A\"\\Bé"}`},
		{"any member", `{"places":{"x":{"a/b":"Paris"}}}`, `{"city":"Paris"}`},
		{"any element", `{"places":[{"a/b":"Paris"},{"a/b":"Rome"}]}`, `{"city":"Paris"}`},
		{"an object in place of a text", `{"network":{"name":"N"},"valid":[true]}`, `{}`},
		{"the order of the description", `{"level":"low","country":"US","valid":true}`, `{"valid":true,"country":"US","risk_level":"low"}`},
	} {
		got, err := p.Append([]byte("before "), []byte(tt.answer))
		if err != nil || string(got) != "before "+tt.want {
			t.Errorf("%s: got %s, %v", tt.name, got, err)
			continue
		}
		validate(t, s, got[len("before "):])
	}
}

func TestBatchGivesOneResultForEachNumber(t *testing.T) {
	op := single()
	op.Each = "/numbers"
	p, s := compile(t, op), schema(t)
	for _, tt := range []struct{ answer, want string }{
		{`{"numbers":[]}`, `{"results":[]}`},
		{`{}`, `{"results":[]}`},
		{`{"valid":true,"numbers":[{"valid":true,"country":"US"},{},{"valid":false}]}`, `{"results":[{"valid":true,"country":"US"},{},{"valid":false}]}`},
		{`{"numbers":[null,{"valid":true},null]}`, `{"results":[{},{"valid":true},{}]}`},
	} {
		got, err := p.Append(nil, []byte(tt.answer))
		if err != nil || string(got) != tt.want {
			t.Errorf("got %s, %v; want %s", got, err, tt.want)
			continue
		}
		validate(t, s, got)
	}
}

func TestWhatIsNoProjectionIsAnError(t *testing.T) {
	p := compile(t, single())
	for _, text := range []string{``, `{`, `{"valid":`, `{"valid":true`, `nonsense`, `{"places":[`, `{"valid":true}{"valid":false}`, `{"valid":true}x`} {
		if got, err := p.Append(nil, []byte(text)); err == nil {
			t.Errorf("%s gives %s", text, got)
		}
	}
	if got, err := p.Append(nil, []byte(`{"valid":true}`)); err != nil || string(got) != `{"valid":true}` {
		t.Errorf("after errors: got %s, %v", got, err)
	}
}

// TestUnknownMembersNeverAppear grows answers by members at random.
func TestUnknownMembersNeverAppear(t *testing.T) {
	p, s := compile(t, single()), schema(t)
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var extra func(depth int) any
		extra = func(depth int) any {
			switch r.IntN(4) {
			case 0:
				return []any{"canary", extra(depth + 1)}
			case 1:
				if depth < 4 {
					return map[string]any{"valid": "canary", fmt.Sprint("x", r.Uint32()): extra(depth + 1)}
				}
			}
			return "canary"
		}
		answer := map[string]any{"valid": true, "line": map[string]any{"type": "cell", fmt.Sprint("x", r.Uint32()): extra(0)}}
		for range r.IntN(5) {
			answer[fmt.Sprint("x", r.Uint32())] = extra(0)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Append(nil, text)
		if err != nil || strings.Contains(string(got), "canary") || !strings.Contains(string(got), `"line_type":"mobile"`) {
			t.Fatalf("%s gives %s, %v", text, got, err)
		}
		validate(t, s, got)
	}
}

func TestMappingsThatCannotBeAreRefused(t *testing.T) {
	for _, m := range []provider.Mapping{{To: "colour", From: "/a"}, {To: provider.UnifiedValid, From: "a"}} {
		if _, err := Compile(&provider.Operation{Unified: []provider.Mapping{m}}); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	p := compile(b, single())
	projection := []byte(`{"valid":true,"number":"14158586273","line":{"type":"cell","carrier":"AT&T","mnc":"410"},"country":"US","score":12,"level":"low"}`)
	out := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = p.Append(out[:0], projection); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte(`{"valid":true,"line":{"type":"cell"},"places":[{"a/b":"x"}]}`))
	f.Add([]byte(`{"number":1e5,"country":"\ud83d\ude00","network":"\u0000"}`))
	p, s := compile(f, single()), schema(f)
	f.Fuzz(func(t *testing.T, projection []byte) {
		got, err := p.Append(nil, projection)
		if err == nil {
			validate(t, s, got)
		}
	})
}
