package credential

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// grantCapabilities makes the fake answer for paths; what is not named is denied.
func grantCapabilities(f *fakeVault, probes []probe, granted map[string][]string) {
	data := make(map[string]any)
	for _, p := range probes {
		data[p.path] = []string{"deny"}
		if words, ok := granted[p.path]; ok {
			data[p.path] = words
		}
	}
	body, _ := json.Marshal(map[string]any{"data": data})
	f.put("sys/capabilities-self", string(body))
}

func TestExcessIsWhatReadingDoesNotNeed(t *testing.T) {
	v2, v1 := kvMount{"secret", 2}, kvMount{"kv", 1}
	for _, tt := range []struct {
		name, path string
		mount      kvMount
		granted    map[string][]string
		want       []Excess
	}{
		{"nothing but reading", "secret/phone/ctp", v2, map[string][]string{"secret/data/phone/ctp": {"read"}}, nil},
		{
			"writing", "secret/data/phone/ctp", v2,
			map[string][]string{"secret/data/phone/ctp": {"update", "read", "create", "patch"}},
			[]Excess{{"secret/data/phone/ctp", []string{"create", "patch", "update"}}},
		},
		{
			"metadata and lists", "secret/phone/ctp", v2,
			map[string][]string{
				"secret/data/phone/ctp": {"read"}, "secret/metadata/phone/ctp": {"read"},
				"secret/metadata/": {"list"}, "secret/metadata/phone/": {"list"}, "secret/destroy/phone/ctp": {"update"},
			},
			[]Excess{
				{"secret/metadata/phone/ctp", []string{"read"}},
				{"secret/destroy/phone/ctp", []string{"update"}},
				{"secret/metadata/", []string{"list"}},
				{"secret/metadata/phone/", []string{"list"}},
			},
		},
		{
			"the whole mount", "secret/ctp", v2,
			map[string][]string{"secret/data/ctp": {"read"}, "secret/data/" + unknownName: {"read"}},
			[]Excess{{"secret/data/<any>", []string{"read"}}},
		},
		{
			"root", "secret/ctp", v2,
			map[string][]string{"secret/data/ctp": {"root"}},
			[]Excess{{"secret/data/ctp", []string{"root"}}},
		},
		{
			"words of a later Vault", "secret/ctp", v2,
			map[string][]string{"secret/data/ctp": {"read", marker, "\x1b[2J"}},
			[]Excess{{"secret/data/ctp", []string{"other"}}},
		},
		{
			"version 1", "kv/phone/ctp", v1,
			map[string][]string{"kv/phone/ctp": {"read", "list"}, "kv/": {"list"}, "kv/phone/": {"list"}},
			[]Excess{{"kv/phone/ctp", []string{"list"}}, {"kv/", []string{"list"}}, {"kv/phone/", []string{"list"}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeVault()
			grantCapabilities(f, tt.mount.probes(tt.path), tt.granted)
			got, err := openSession(t, f).ExcessOf(t.Context(), Reference{Path: tt.path, Fields: []string{"api_key"}})
			if err != nil || !slices.EqualFunc(got, tt.want, equalExcess) {
				t.Errorf("got %+v, %v", got, err)
			}
			mustBeDiscreet(t, "an excess", got, err)
			if reads := f.count("GET secret/data") + f.count("GET kv/"); reads != 0 {
				t.Errorf("%d reads", reads)
			}
		})
	}
}

func equalExcess(a, b Excess) bool {
	return a.Path == b.Path && slices.Equal(a.Capabilities, b.Capabilities)
}

func TestExcessOfAdministrationIsAnyRight(t *testing.T) {
	f := newFakeVault()
	s := openSession(t, f)
	grantCapabilities(f, administration, nil)
	if got, err := s.ExcessOfAdministration(t.Context()); err != nil || got != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, p := range administration {
		grantCapabilities(f, administration, map[string][]string{p.path: {"read"}})
		if got, err := s.ExcessOfAdministration(t.Context()); err != nil || len(got) != 1 {
			t.Errorf("%s: got %+v, %v", p.path, got, err)
		}
	}
}

func TestUnansweredQuestionsAreNoExcess(t *testing.T) {
	f := newFakeVault()
	s := openSession(t, f)
	f.set(func() { f.denied["sys/capabilities-self"] = true })
	if _, err := s.ExcessOfAdministration(t.Context()); !errors.Is(err, ErrDenied) {
		t.Errorf("a token that may not ask: %v", err)
	}
	if n := f.count("PUT auth/jwt/login") + f.count("POST auth/jwt/login"); n != 1 {
		t.Errorf("%d logins: the policy says no, and another token would hear the same", n)
	}
	f.set(func() { clear(f.denied) })
	grantCapabilities(f, administration[1:], nil)
	if got, err := s.ExcessOfAdministration(t.Context()); !errors.Is(err, ErrUnavailable) || got != nil {
		t.Errorf("an answer without a path: %v, %v", got, err)
	}
	if _, err := s.ExcessOf(t.Context(), Reference{Path: "elsewhere/x", Fields: []string{"a"}}); !errors.Is(err, ErrDenied) {
		t.Errorf("a mount that does not exist: %v", err)
	}
}
