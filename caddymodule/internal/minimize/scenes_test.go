package minimize

import (
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// scene is a description, its rules and a release, for oracle and package.
type scene struct {
	fields  []provider.Field
	rules   []provider.Rule
	release Release
}

// scenes are small worlds over the few names that generated answers use, so
// that pointers and answers meet often.
func scenes() []scene {
	overlap := []provider.Field{
		{Pointer: "/a", Class: provider.Envelope},
		{Pointer: "/a/b", Class: provider.Validity},
		{Pointer: "/a/*/a", Class: provider.Envelope},
		{Pointer: "/a/*/c", Class: provider.Carrier},
		{Pointer: "/*/b/c", Class: provider.Risk},
		{Pointer: "/*/*/d", Class: provider.Never},
		{Pointer: "/b/*", Class: provider.LineType},
		{Pointer: "/b/c", Class: provider.Identity},
		{Pointer: "/odd name/*/*", Class: provider.Location},
		{Pointer: "/c~1d/a~0b", Class: provider.Account},
		{Pointer: "/d", Class: provider.Never},
		{Pointer: "/*", Class: provider.Messaging},
	}
	rules := []provider.Rule{
		{Status: []int{200}, Pointer: "/a/b/c", Equals: []string{"true", "x"}, Verdict: provider.ProviderError},
		{Pointer: "/b/0/a", Equals: []string{"1"}, Verdict: provider.RateLimited},
		{Status: []int{404}, Pointer: "/c", Exists: true, Verdict: provider.Answer},
		{Pointer: "/odd name", NotEquals: []string{"", "null", "x"}, Exists: true, Verdict: provider.BadRequest},
		{Status: []int{403}, Verdict: provider.BadCredential},
	}
	all := provider.Classes()
	return []scene{
		{overlap, nil, Release{}},
		{overlap, nil, Release{Classes: all}},
		{overlap, rules, Release{Classes: []provider.Class{provider.Carrier, provider.LineType, provider.Location}}},
		{overlap, nil, Release{Classes: []provider.Class{provider.Messaging}, Pointers: []string{"/b/c", "/x/b/c"}}},
		{overlap, nil, Release{Classes: []provider.Class{provider.Identity}, Pointers: []string{"/*/*", "/*/*/*"}}},
		{described, nil, Release{Classes: all}},
		{[]provider.Field{{Pointer: "/*/*/*", Class: provider.Risk}, {Pointer: "/*/b", Class: provider.Never}}, rules, Release{Classes: all}},
		{nil, rules, Release{Pointers: []string{"/a/b/c", "/*/a"}}},
	}
}

func (s scene) both(tb testing.TB) (*Plan, *oracle) {
	tb.Helper()
	plan := mustCompile(tb, s.fields, s.rules, s.release, Options{AllowUndocumented: true})
	return plan, &oracle{fields: s.fields, rules: s.rules, release: s.release, memo: map[string]bool{}}
}
