package minimize

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// described is a small provider description that the tests share.
var described = []provider.Field{
	{Pointer: "/ok", Class: provider.Envelope},
	{Pointer: "/price", Class: provider.Never},
	{Pointer: "/data/valid", Class: provider.Validity},
	{Pointer: "/data/type", Class: provider.LineType},
	{Pointer: "/data/owner/name", Class: provider.Identity},
	{Pointer: "/rows/*/carrier", Class: provider.Carrier},
	{Pointer: "/rows/*/cost", Class: provider.Never},
	{Pointer: "/scores/*", Class: provider.Risk},
	{Pointer: "/scores/internal", Class: provider.Never},
}

func classesOf(classes ...provider.Class) Release { return Release{Classes: classes} }

func TestReleasesThatAskForTooMuchAreRefused(t *testing.T) {
	deep := strings.Repeat("/a", 33)
	for _, tt := range []struct {
		name    string
		release Release
		want    error
	}{
		{"unknown class", classesOf("phone"), ErrUnknownClass},
		{"class in another case", classesOf("Validity"), ErrUnknownClass},
		{"the envelope is not a choice", classesOf(provider.Envelope), ErrUnknownClass},
		{"never as a class", classesOf(provider.Never), ErrUnknownClass},
		{"no leading slash", Release{Pointers: []string{"data/type"}}, ErrPointer},
		{"whole answer", Release{Pointers: []string{""}}, ErrPointer},
		{"trailing slash", Release{Pointers: []string{"/data/"}}, ErrPointer},
		{"empty segment", Release{Pointers: []string{"/data//type"}}, ErrPointer},
		{"tilde at the end", Release{Pointers: []string{"/data/type~"}}, ErrPointer},
		{"unknown escape", Release{Pointers: []string{"/data/~2"}}, ErrPointer},
		{"invalid UTF-8", Release{Pointers: []string{"/data/\xff"}}, ErrPointer},
		{"array index", Release{Pointers: []string{"/rows/0/carrier"}}, ErrPointer},
		{"deeper than answers", Release{Pointers: []string{deep}}, ErrPointer},
		{"never", Release{Pointers: []string{"/price"}}, ErrNever},
		{"inside of never", Release{Pointers: []string{"/price/amount"}}, ErrNever},
		{"never below a star", Release{Pointers: []string{"/rows/*/cost"}}, ErrNever},
		{"narrower than never", Release{Pointers: []string{"/rows/first/cost"}}, ErrNever},
		{"never beside a star", Release{Pointers: []string{"/scores/internal"}}, ErrNever},
		{"undocumented", Release{Pointers: []string{"/data/extra"}}, ErrUndocumented},
		{"object", Release{Pointers: []string{"/data"}}, ErrUndocumented},
		{"wider than documented", Release{Pointers: []string{"/data/*"}}, ErrUndocumented},
		{"another case", Release{Pointers: []string{"/data/Type"}}, ErrUndocumented},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(described, nil, tt.release, Options{})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestNeverCannotBeNamedEvenWhenUndocumentedIsAllowed(t *testing.T) {
	for _, pointer := range []string{"/price", "/price/amount", "/rows/*/cost", "/scores/internal"} {
		_, err := Compile(described, nil, Release{Pointers: []string{pointer}}, Options{AllowUndocumented: true})
		if !errors.Is(err, ErrNever) {
			t.Errorf("%s: got %v, want %v", pointer, err, ErrNever)
		}
	}
}

func TestDescriptionsThatContradictThemselvesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []provider.Field
		rules  []provider.Rule
		opts   Options
		want   error // nil: any
	}{
		{"described twice", []provider.Field{{Pointer: "/a", Class: provider.Risk}, {Pointer: "/a", Class: provider.Carrier}}, nil, Options{}, ErrPointer},
		{"inside of never", []provider.Field{{Pointer: "/a", Class: provider.Never}, {Pointer: "/a/b", Class: provider.Carrier}}, nil, Options{}, ErrNever},
		{"behind a star of never", []provider.Field{{Pointer: "/a/b", Class: provider.Carrier}, {Pointer: "/a/*", Class: provider.Never}}, nil, Options{}, ErrNever},
		{"no class", []provider.Field{{Pointer: "/a"}}, nil, Options{}, ErrUnknownClass},
		{"indexed field", []provider.Field{{Pointer: "/a/0", Class: provider.Risk}}, nil, Options{}, ErrPointer},
		{"star in a rule", nil, []provider.Rule{{Pointer: "/errors/*/code", Exists: true, Verdict: provider.ProviderError}}, Options{}, ErrPointer},
		{"malformed rule", nil, []provider.Rule{{Pointer: "error", Exists: true, Verdict: provider.ProviderError}}, Options{}, ErrPointer},
		{"condition without a pointer", nil, []provider.Rule{{Equals: []string{"1"}, Verdict: provider.ProviderError}}, Options{}, ErrPointer},
		{"no verdict", nil, []provider.Rule{{Status: []int{400}}}, Options{}, nil},
		{"text that is not UTF-8", nil, []provider.Rule{{Pointer: "/a", Equals: []string{"\xff"}, Verdict: provider.Answer}}, Options{}, nil},
		{"negative bound", nil, nil, Options{MaxBody: -1}, nil},
		{"depth beyond the stack", nil, nil, Options{MaxDepth: 257}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.fields, tt.rules, Release{}, tt.opts)
			if err == nil || !errors.Is(err, tt.want) && tt.want != nil {
				t.Fatalf("got %v, want an error (%v)", err, tt.want)
			}
		})
	}
}

func TestStarsCannotGrowAPlanWithoutEnd(t *testing.T) {
	// Fields i reads "*" everywhere but at depth i: every subset of them is a
	// state of its own.
	var fields []provider.Field
	for i := range 20 {
		segments := slices.Repeat([]string{"*"}, 20)
		segments[i] = "a"
		fields = append(fields, provider.Field{Pointer: "/" + strings.Join(segments, "/"), Class: provider.Risk})
	}
	if _, err := Compile(fields, nil, Release{}, Options{}); err == nil {
		t.Fatal("a plan of a million states was built")
	}
	fields = nil
	for i := range maxPatterns + 1 {
		fields = append(fields, provider.Field{Pointer: fmt.Sprintf("/f%d", i), Class: provider.Risk})
	}
	if _, err := Compile(fields, nil, Release{}, Options{}); err == nil {
		t.Fatal("a plan of too many fields was built")
	}
}

func TestPlanListsWhatItCanRelease(t *testing.T) {
	for _, tt := range []struct {
		name    string
		release Release
		fields  string
		classes string
	}{
		{"nothing but the envelope", Release{}, "/ok=envelope", ""},
		{"classes", classesOf(provider.LineType, provider.Validity), "/ok=envelope /data/valid=validity /data/type=line_type", "validity line_type"},
		{"a pointer brings its class", Release{Pointers: []string{"/data/type"}}, "/ok=envelope /data/type=line_type", "line_type"},
		{"a narrower pointer", Release{Pointers: []string{"/scores/fraud"}}, "/ok=envelope /scores/*=risk", "risk"},
		{"never stays out", classesOf(provider.Carrier, provider.Risk), "/ok=envelope /rows/*/carrier=carrier /scores/*=risk", "carrier risk"},
		{"undocumented", Release{Pointers: []string{"/x"}}, "/ok=envelope /x=", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := Compile(described, nil, tt.release, Options{AllowUndocumented: true})
			if err != nil {
				t.Fatal(err)
			}
			var fields, classes []string
			for _, f := range plan.Fields() {
				fields = append(fields, f.Pointer+"="+string(f.Class))
			}
			for _, class := range plan.Classes() {
				classes = append(classes, string(class))
			}
			if got := strings.Join(fields, " "); got != tt.fields {
				t.Errorf("fields: got %s, want %s", got, tt.fields)
			}
			if got := strings.Join(classes, " "); got != tt.classes {
				t.Errorf("classes: got %s, want %s", got, tt.classes)
			}
		})
	}
}

func TestEveryPresetCompilesForEveryClass(t *testing.T) {
	for _, name := range provider.Names() {
		p, err := provider.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range p.Operations {
			for _, class := range provider.Classes() {
				if _, err := Compile(op.Fields, p.Rules, classesOf(class), Options{}); err != nil {
					t.Errorf("%s %s, class %s: %v", name, op.Name, class, err)
				}
			}
		}
	}
}

func TestClassSetHoldsEveryClass(t *testing.T) {
	if len(classes) > 16 {
		t.Fatal("a ClassSet has 16 bits")
	}
	var all ClassSet
	for _, class := range provider.Classes() {
		bit, err := single(class)
		if err != nil || all&bit != 0 || all.Has(class) {
			t.Fatalf("%s: no bit of its own", class)
		}
		if all |= bit; !all.Has(class) {
			t.Fatalf("%s: not found again", class)
		}
	}
	if got := all.AppendTo(nil); !slices.Equal(got, provider.Classes()) {
		t.Fatalf("got %v", got)
	}
	if all.Has(provider.Never) || all.Has(provider.Envelope) {
		t.Fatal("never and envelope are no members")
	}
}
