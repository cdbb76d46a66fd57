package minimize

import (
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestRulesReadTheirScalar(t *testing.T) {
	long := strings.Repeat("x", 5000)
	rule := func(pointer string, edit func(*provider.Rule)) provider.Rule {
		r := provider.Rule{Pointer: pointer, Verdict: provider.BadRequest, Hint: "hint"}
		edit(&r)
		return r
	}
	equals := func(texts ...string) func(*provider.Rule) {
		return func(r *provider.Rule) { r.Equals = texts }
	}
	notEquals := func(texts ...string) func(*provider.Rule) {
		return func(r *provider.Rule) { r.NotEquals = texts }
	}
	exists := func(r *provider.Rule) { r.Exists = true }
	for _, tt := range []struct {
		name  string
		rule  provider.Rule
		body  string
		match bool
	}{
		{"string", rule("/e", equals("a", "b")), `{"e":"b"}`, true},
		{"escaped string", rule("/e", equals(`a"/`)), `{"\u0065":"\u0061\"\/"}`, true},
		{"other string", rule("/e", equals("a")), `{"e":"A"}`, false},
		{"longer string", rule("/e", equals("a")), `{"e":"` + long + `"}`, false},
		{"empty string", rule("/e", equals("")), `{"e":""}`, true},
		{"number by its text", rule("/e", equals("101")), `{"e":101}`, true},
		{"number spelled otherwise", rule("/e", equals("101")), `{"e":101.0}`, false},
		{"boolean", rule("/e", equals("false")), `{"e":false}`, true},
		{"null", rule("/e", equals("null")), `{"e":null}`, true},
		{"missing", rule("/e", equals("a")), `{}`, false},
		{"missing is unequal", rule("/e", notEquals("true")), `{}`, true},
		{"unequal", rule("/e", notEquals("true")), `{"e":"x"}`, true},
		{"not unequal", rule("/e", notEquals("true")), `{"e":true}`, false},
		{"exists", rule("/e", exists), `{"e":"` + long + `"}`, true},
		{"null does not exist", rule("/e", exists), `{"e":null}`, false},
		{"an object exists", rule("/e", exists), `{"e":{}}`, true},
		{"a list exists", rule("/e", exists), `{"e":[]}`, true},
		{"an object has no text", rule("/e", equals("")), `{"e":{"e":1}}`, true},
		{"below", rule("/e/f/g", equals("1")), `{"e":{"f":{"g":1}}}`, true},
		{"not through a list", rule("/e/f", equals("1")), `{"e":[{"f":1}]}`, false},
		{"first of a list", rule("/e/0/f", equals("1")), `{"e":[{"f":1},{"f":2}]}`, true},
		{"second of a list", rule("/e/1/f", equals("1")), `{"e":[{"f":1},{"f":2}]}`, false},
		{"a member named as an index", rule("/e/0/f", equals("1")), `{"e":{"0":{"f":1}}}`, true},
		{"a list at the top", rule("/1", equals("x")), `["a","x"]`, true},
		{"after the fields", rule("/z", exists), `{"ok":true,"data":{"type":"mobile"},"z":1}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := mustCompile(t, described, []provider.Rule{tt.rule}, classesOf(provider.LineType), Options{})
			res, err := plan.Apply(nil, 200, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.match {
				if res.Verdict != provider.BadRequest || res.Hint != "hint" || res.Body != nil || res.Released != 0 || res.Values != 0 {
					t.Errorf("the rule does not match: %+v", res)
				}
			} else if res.Verdict != provider.Answer || res.Hint != "" || len(res.Body) == 0 {
				t.Errorf("the rule matches: %+v", res)
			}
		})
	}
}

func TestRulesAreTriedInOrder(t *testing.T) {
	rules := []provider.Rule{
		{Status: []int{404}, Pointer: "/valid", Equals: []string{"false"}, Verdict: provider.Answer},
		{Pointer: "/code", Equals: []string{"1"}, Verdict: provider.RateLimited},
		{Pointer: "/code", Equals: []string{"1", "2"}, Verdict: provider.QuotaExceeded},
		{Status: []int{403}, Verdict: provider.BadCredential},
	}
	plan := mustCompile(t, described, rules, Release{}, Options{})
	for _, tt := range []struct {
		status int
		body   string
		want   provider.Verdict
	}{
		{200, `{}`, provider.Answer},
		{404, `{"valid":false}`, provider.Answer},
		{404, `{"valid":true}`, provider.ProviderError},
		{200, `{"code":1}`, provider.RateLimited},
		{200, `{"code":2}`, provider.QuotaExceeded},
		{403, `{"code":2}`, provider.QuotaExceeded},
		{403, `{"code":3}`, provider.BadCredential},
		{401, `{}`, provider.BadCredential},
		{402, `{}`, provider.QuotaExceeded},
		{429, `{}`, provider.RateLimited},
		{302, `{}`, provider.ProviderError},
		{500, `{}`, provider.ProviderError},
	} {
		res, err := plan.Apply(nil, tt.status, []byte(tt.body))
		if err != nil || res.Verdict != tt.want {
			t.Errorf("%d %s: got %s, %v, want %s", tt.status, tt.body, res.Verdict, err, tt.want)
		}
	}
}
