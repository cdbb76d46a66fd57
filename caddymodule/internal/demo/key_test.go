package demo

import (
	"errors"
	"strings"
	"testing"
)

func TestANewKeyIsFreshAndAccepted(t *testing.T) {
	for _, name := range ProviderNames() {
		key, other := freshKey(t, name), freshKey(t, name)
		if key == other || len(key) < 16 {
			t.Errorf("%s: two keys are alike or short", name)
		}
		p, _, client := startProvider(t, name, ServeOptions{})
		p.SetKeys(key)
		method, path, body, header := goodRequest(name, key, "14158586273")
		if got := do(t, client, method, "https://api.example"+path, body, header); !isData(got) {
			t.Errorf("%s: got %d %q", name, got.status, got.body)
		}
		method, path, body, header = goodRequest(name, other, "14158586273")
		if got := do(t, client, method, "https://api.example"+path, body, header); isData(got) {
			t.Errorf("%s: another key was accepted", name)
		}
	}
	if _, err := NewKey("other"); !errors.Is(err, ErrUnknownProvider) {
		t.Errorf("an unknown name: got %v", err)
	}
}

func TestNewKeysOfTwoFieldsHaveBoth(t *testing.T) {
	for _, name := range []string{"neutrino", "sinch", "telesign", "vonage-identity-insights", "vonage-number-insight"} {
		first, second, ok := strings.Cut(freshKey(t, name), ":")
		if !ok || first == "" || second == "" {
			t.Errorf("%s: a field is missing", name)
		}
	}
}
