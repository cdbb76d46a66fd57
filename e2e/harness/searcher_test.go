package harness

import (
	"strings"
	"testing"
)

// TestSearcherFindsEveryForm plants each form that a secret can have, forwards
// and backwards.
func TestSearcherFindsEveryForm(t *testing.T) {
	t.Parallel()
	for range 20 {
		var s Searcher
		secret := ProviderKey()
		s.AddSecret("the secret", secret)
		noise := strings.Repeat(RandomText(), 10)
		if hits := s.Search("noise", noise, true); len(hits) > 0 {
			t.Fatalf("found in noise: %v", hits)
		}
		for _, form := range Renderings(secret) {
			for _, text := range []string{form, backwards(form), noise + form + noise, noise + backwards(form)} {
				hits := s.Search("here", text, false)
				if len(hits) == 0 || hits[0].What != "the secret" || hits[0].Place != "here" {
					t.Fatalf("%q was not found in %q", form, text)
				}
			}
		}
	}
}

func TestSearcherLooksForNumbersWhereItIsTold(t *testing.T) {
	t.Parallel()
	var s Searcher
	s.AddNumber(Number)
	text := "call (415) 858-6273 now"
	if hits := s.Search("here", text, true); len(hits) == 0 {
		t.Error("the number was not found")
	}
	if hits := s.Search("here", text, false); len(hits) > 0 {
		t.Errorf("found %v", hits)
	}
}
