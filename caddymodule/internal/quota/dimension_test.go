package quota

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDimensionsAreReadInCanonicalOrder(t *testing.T) {
	tests := []struct {
		text string
		want Dimension
	}{
		{"ip", ByIP},
		{"block", ByBlock},
		{"caller+number", "caller+number"},
		{"number+caller", "caller+number"},
		{"provider+block+number+session+caller+ip", "ip+caller+session+number+block+provider"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if got, err := ParseDimension(tt.text); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	for _, text := range []string{"", "+", "ip+", "ip+ip", "IP", "ip caller", "ip/", "user"} {
		if got, err := ParseDimension(text); err == nil {
			t.Errorf("%q was read as %q", text, got)
		}
	}
}

func TestACombinationCountsEachCombinationOfKeys(t *testing.T) {
	l := newLimiter(t, newStore(t), Rule{Dimension: "number+caller", Rate: per(1, 24*time.Hour)})
	reached := func(caller, number string) bool {
		t.Helper()
		states, err := l.TakeAll(t.Context(), []Keys{{Caller: caller, Number: number}}, 1, nil)
		if err != nil || len(states) != 1 || states[0].Dimension != "caller+number" {
			t.Fatalf("%+v, %v", states, err)
		}
		return states[0].Reached
	}
	for _, pair := range [][2]string{{"a", "k:1"}, {"a", "k:2"}, {"b", "k:1"}, {"ak", ":1"}, {"a3:k:1", "k"}} {
		if reached(pair[0], pair[1]) {
			t.Errorf("the first request of %q is refused", pair)
		}
	}
	if !reached("a", "k:1") {
		t.Error("the second request of a combination passes")
	}
	if _, err := l.Take(t.Context(), "caller+number", "a"); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("one key for two dimensions: %v", err)
	}
}

func TestOnlyKeysThatARuleNeedsMustBeGiven(t *testing.T) {
	l := newLimiter(t, newStore(t),
		Rule{Dimension: "session+number", Rate: per(9, time.Hour)},
		Rule{Dimension: ByProvider, Rate: per(9, time.Hour)},
	)
	for _, dimension := range Dimensions() {
		want := dimension == BySession || dimension == ByNumber || dimension == ByProvider
		if l.Needs(dimension) != want {
			t.Errorf("key of %s needed: %v, want %v", dimension, !want, want)
		}
	}
	full := Keys{Session: "s", Number: "k:1", Provider: "numverify"}
	if _, err := l.TakeAll(t.Context(), []Keys{full}, 1, nil); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Keys){
		"no session":      func(k *Keys) { k.Session = "" },
		"no provider":     func(k *Keys) { k.Provider = "" },
		"number in clear": func(k *Keys) { k.Number = "+14158586273" },
		"too long":        func(k *Keys) { k.Session = strings.Repeat("s", maxKeyLength+1) },
	} {
		keys := full
		spoil(&keys)
		if _, err := l.TakeAll(t.Context(), []Keys{keys}, 1, nil); !errors.Is(err, ErrInvalidKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABlockOfNumbersMustBeAPseudonymToo(t *testing.T) {
	l := newLimiter(t, newStore(t), Rule{Dimension: ByBlock, Rate: per(9, time.Hour)})
	if _, err := l.Take(t.Context(), ByBlock, "+1415858"); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("got %v", err)
	}
}
