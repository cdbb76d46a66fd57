package provider

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestEveryPresetIsSound(t *testing.T) {
	for _, name := range Names() {
		p, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name {
			t.Errorf("preset %s is named %s", name, p.Name)
		}
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(p.CallerSlots) == 0 {
			t.Errorf("%s: its clients have nowhere to put their caller key", name)
		}
		for _, op := range p.Operations {
			if len(op.Fields) == 0 {
				t.Errorf("%s %s documents no field", name, op.Name)
			}
		}
	}
}

func TestEveryPresetRendersEveryReason(t *testing.T) {
	for _, name := range Names() {
		p, _ := Preset(name)
		for _, reason := range []Reason{ReasonUnauthenticated, ReasonRateLimited, ReasonInvalidNumber, ReasonInternal} {
			text, err := json.Marshal(p.Problem(Problem{Status: 429, Reason: reason, Title: "the title", Detail: "the detail", RequestID: "the-id"}))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, part := range []string{"the title", "the detail", "the-id"} {
				if !strings.Contains(string(text), part) {
					t.Errorf("%s, %s: %s lacks %q", name, reason, text, part)
				}
			}
		}
	}
}

func TestPresetsAreFreshCopies(t *testing.T) {
	first, _ := Preset("checkthatphone")
	first.Operations[0].Path = "/changed"
	second, _ := Preset("checkthatphone")
	if second.Operations[0].Path != "/v1/lookup" {
		t.Error("a change to one copy shows in the next")
	}
}

func TestUnknownPresetNamesTheKnownOnes(t *testing.T) {
	_, err := Preset("nope")
	if err == nil || !strings.Contains(err.Error(), "checkthatphone") {
		t.Errorf("got %v", err)
	}
}

func TestPathsMatchByteForByte(t *testing.T) {
	p := &Provider{Operations: []Operation{
		{Name: "lookup", Method: "POST", Path: "/v1/lookup", Aliases: []string{"/v1/validate", "//v1/lookup"}},
		{Name: "number", Method: "GET", Path: "/v2/{number}/info", Number: &NumberSlot{In: InPath, Format: FormatE164}},
	}}
	for _, tt := range []struct{ method, path, op, number string }{
		{"POST", "/v1/lookup", "lookup", ""},
		{"POST", "/v1/validate", "lookup", ""},
		{"POST", "//v1/lookup", "lookup", ""},
		{"GET", "/v2/%2B123/info", "number", "%2B123"},
		{"GET", "/v1/lookup", "", ""},
		{"HEAD", "/v2/1/info", "", ""},
		{"POST", "/v1/lookup/", "", ""},
		{"POST", "/V1/lookup", "", ""},
		{"POST", "/v1/./lookup", "", ""},
		{"POST", "/v1/x/../lookup", "", ""},
		{"POST", "/v1%2flookup", "", ""},
		{"POST", "/v1/lookup;a=b", "", ""},
		{"POST", "/v1/lookup-demo", "", ""},
		{"GET", "/v2//info", "", ""},
		{"GET", "/v2/1/2/info", "", ""},
		{"GET", "/v2/1/infox", "", ""},
	} {
		op, at := p.Match(tt.method, tt.path)
		got := ""
		if op != nil {
			got = op.Name
		}
		if got != tt.op || at.Number != tt.number {
			t.Errorf("%s %s: got %q, %q; want %q, %q", tt.method, tt.path, got, at.Number, tt.op, tt.number)
		}
	}
}

func TestRules(t *testing.T) {
	rule := func(r Rule) *Rule { return &r }
	for _, tt := range []struct {
		name   string
		rule   *Rule
		status int
		text   string
		found  bool
		want   bool
	}{
		{"status", rule(Rule{Status: []int{401}}), 401, "", false, true},
		{"other status", rule(Rule{Status: []int{401}}), 200, "", false, false},
		{"equals", rule(Rule{Pointer: "/a", Equals: []string{"x"}}), 200, "x", true, true},
		{"equals, missing", rule(Rule{Pointer: "/a", Equals: []string{""}}), 200, "", false, false},
		{"not equals", rule(Rule{Pointer: "/a", NotEquals: []string{"true"}}), 200, "false", true, true},
		{"not equals, same", rule(Rule{Pointer: "/a", NotEquals: []string{"true"}}), 200, "true", true, false},
		{"not equals, missing", rule(Rule{Pointer: "/a", NotEquals: []string{"true"}}), 200, "", false, true},
		{"exists", rule(Rule{Pointer: "/a", Exists: true}), 200, "", true, true},
		{"exists, null", rule(Rule{Pointer: "/a", Exists: true}), 200, "null", true, false},
		{"exists, missing", rule(Rule{Pointer: "/a", Exists: true}), 200, "", false, false},
		{"both conditions", rule(Rule{Status: []int{400}, Pointer: "/a", Equals: []string{"x"}}), 200, "x", true, false},
	} {
		if got := tt.rule.Matches(tt.status, tt.text, tt.found); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func TestStatusDecidesWhereNoRuleDoes(t *testing.T) {
	for status, want := range map[int]Verdict{
		200: Answer, 204: Answer, 302: ProviderError, 401: BadCredential, 402: QuotaExceeded,
		403: ProviderError, 404: ProviderError, 429: RateLimited, 500: ProviderError,
	} {
		if got := ByStatus(status); got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
}

// sound is a custom provider that Validate accepts; each case below breaks it.
func sound() *Provider {
	return &Provider{
		Name:       "acme",
		BaseURL:    "https://api.acme.example",
		Placements: []Placement{{In: InHeader, Name: "X-Key"}},
		Operations: []Operation{{
			Name: "lookup", Method: "GET", Path: "/v1/{number}",
			Number: &NumberSlot{In: InPath, Format: FormatE164},
			Params: []Param{{Name: "type", In: InQuery, Kind: KindString}},
			Fields: []Field{{Pointer: "/valid", Class: Validity}},
		}},
		Rules: []Rule{{Pointer: "/ok", Equals: []string{"false"}, Verdict: ProviderError}},
	}
}

func TestUnsoundProvidersAreRefused(t *testing.T) {
	if err := sound().Validate(); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	for _, tt := range []struct {
		name, want string
		spoil      func(*Provider)
	}{
		{"name", "name", func(p *Provider) { p.Name = "Acme Inc" }},
		{"plaintext", "https", func(p *Provider) { p.BaseURL = "http://api.acme.example" }},
		{"path in the upstream", "nothing more", func(p *Provider) { p.BaseURL = "https://api.acme.example/v1" }},
		{"user in the upstream", "nothing more", func(p *Provider) { p.BaseURL = "https://a:b@api.acme.example" }},
		{"placeholder in the upstream", "https://host", func(p *Provider) { p.BaseURL = "https://{host}" }},
		{"no operation", "no operations", func(p *Provider) { p.Operations = nil }},
		{"method", "GET or POST", func(p *Provider) { p.Operations[0].Method = "DELETE" }},
		{"path without number", "{number}", func(p *Provider) { p.Operations[0].Path = "/v1/lookup" }},
		{"path with dots", "path", func(p *Provider) { p.Operations[0].Path = "/v1/../{number}" }},
		{"path that ends in dots", "path", func(p *Provider) { p.Operations[0].Path = "/v1/{number}/.." }},
		{"path with query", "path", func(p *Provider) { p.Operations[0].Path = "/v1/{number}?a=b" }},
		{"number in a GET body", "POST", func(p *Provider) {
			p.Operations[0].Path, p.Operations[0].Number = "/v1", &NumberSlot{In: InJSON, Name: "n", Format: FormatE164}
		}},
		{"number format", "format", func(p *Provider) { p.Operations[0].Number.Format = "rfc3966" }},
		{"param twice", "twice", func(p *Provider) { p.Operations[0].Params = append(p.Operations[0].Params, p.Operations[0].Params[0]) }},
		{"param kind", "kind", func(p *Provider) { p.Operations[0].Params[0].Kind = "float" }},
		{"field pointer", "JSON pointer", func(p *Provider) { p.Operations[0].Fields[0].Pointer = "valid" }},
		{"field class", "data class", func(p *Provider) { p.Operations[0].Fields[0].Class = "secret" }},
		{"credential in a framing header", "place", func(p *Provider) { p.Placements[0].Name = "Host" }},
		{"credential in the body", "place", func(p *Provider) { p.Placements[0].In = InJSON }},
		{"no placement", "place", func(p *Provider) { p.Placements = nil }},
		{"rule without condition", "status or a pointer", func(p *Provider) { p.Rules[0] = Rule{Verdict: Answer} }},
		{"rule with a star", "without '*'", func(p *Provider) { p.Rules[0].Pointer = "/a/*" }},
		{"rule verdict", "verdict", func(p *Provider) { p.Rules[0].Verdict = "fine" }},
		{"two operations on one path", "taken", func(p *Provider) {
			again := p.Operations[0]
			again.Name = "again"
			p.Operations = append(p.Operations, again)
		}},
	} {
		p := sound()
		tt.spoil(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestHostHasAPort(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.acme.example":      "api.acme.example:443",
		"https://api.acme.example:8443": "api.acme.example:8443",
		"https://[::1]":                 "[::1]:443",
		"https://127.0.0.1:9000/":       "127.0.0.1:9000",
	} {
		got, err := (&Provider{Name: "acme", BaseURL: base}).Host()
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v", base, got, err)
		}
	}
}

func TestEveryFieldOfAPresetHasOneClass(t *testing.T) {
	for _, name := range Names() {
		p, _ := Preset(name)
		for _, op := range p.Operations {
			var seen []string
			for _, f := range op.Fields {
				if slices.Contains(seen, f.Pointer) {
					t.Errorf("%s %s: %s is in two classes", name, op.Name, f.Pointer)
				}
				seen = append(seen, f.Pointer)
			}
		}
	}
}
