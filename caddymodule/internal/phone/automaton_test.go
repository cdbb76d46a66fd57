package phone

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestAutomatonMatchesWhatItsExpressionsMatch(t *testing.T) {
	t.Parallel()
	patterns := []string{
		`\d{4}`, `[2-9]\d{2,4}`, `1(?:[12]\d|79)\d?`, `(?:0|90)(?:(1[245])(\d{2,3}))?`, ``,
		`0+`, `(?:12)*3`, `\d*5`, `.{3}`, `(?i:7)8|9`, `[^0-4]{2}`, `0?(?:1|2)??3`,
	}
	a, err := compile(false, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		text := make([]byte, random.IntN(7))
		for i := range text {
			text[i] = byte('0' + random.IntN(10))
		}
		checkAutomaton(t, a, patterns, string(text))
	}
}

var compiled = map[string]*regexp.Regexp{}

func checkAutomaton(t *testing.T, a *automaton, patterns []string, digits string) {
	t.Helper()
	got := a.match(digits)
	for i, pattern := range patterns {
		expression := compiled[pattern]
		if expression == nil {
			expression = regexp.MustCompile("^(?:" + pattern + ")$")
			compiled[pattern] = expression
		}
		want := pattern != "" && expression.MatchString(digits)
		if (got&(1<<i) != 0) != want {
			t.Fatalf("pattern %d and text %q: got %t, want %t", i, digits, !want, want)
		}
	}
}

func TestAutomatonOfNothingMatchesNothing(t *testing.T) {
	t.Parallel()
	a, err := compile(true, "")
	if err != nil {
		t.Fatal(err)
	}
	if a.match("") != 0 || a.match("1") != 0 || a.matchesPrefix("1") {
		t.Error("matched")
	}
}

func TestPrefixNeedsADigit(t *testing.T) {
	t.Parallel()
	a, err := compile(true, `0?(?:1|23)?`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"": false, "9": false, "2": false, "0": true, "1": true, "239": true, "29": false} {
		if got := a.matchesPrefix(text); got != want {
			t.Errorf("text %q: got %t", text, got)
		}
	}
}

func TestAssertionsAreRefusedOrAssumed(t *testing.T) {
	t.Parallel()
	if _, err := compile(false, `(?:1\d$)|2`); !errors.Is(err, errAssertion) {
		t.Errorf("got %v, want %v", err, errAssertion)
	}
	if _, err := compile(true, `\b1`); !errors.Is(err, errAssertion) {
		t.Errorf("got %v, want %v", err, errAssertion)
	}
	a, err := compile(true, `([457]\d{2})$|1`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"412": true, "4123": true, "41": false, "1": true, "2": false} {
		if got := a.matchesPrefix(text); got != want {
			t.Errorf("text %q: got %t", text, got)
		}
	}
}

func TestAutomatonIsBounded(t *testing.T) {
	t.Parallel()
	// The digit that stands n before the end: 2^n states.
	if _, err := compile(false, `\d*1\d{20}`); !errors.Is(err, errTooManyStates) {
		t.Errorf("got %v, want %v", err, errTooManyStates)
	}
	if _, err := compile(false, strings.Split(strings.Repeat("1,", 17), ",")...); err == nil {
		t.Error("took more patterns than bits")
	}
	if _, err := compile(false, `(`); err == nil {
		t.Error("took a broken expression")
	}
}
