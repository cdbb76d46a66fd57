package credential

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

func TestTableHasEveryFieldOfASecret(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/ringward/callers", 3, `{"signup":"{\"keys\":[]}","billing":{"keys":[]}}`, "")
	f.put("kv/ringward/callers", `{"data":{"signup":"{}"}}`)
	f.putV2("secret/data/ringward/empty", 1, `{}`, "")
	s := openSession(t, f)
	for path, want := range map[string]map[string]string{
		"secret/ringward/callers":      {"signup": `{"keys":[]}`, "billing": `{"keys":[]}`},
		"secret/data/ringward/callers": {"signup": `{"keys":[]}`, "billing": `{"keys":[]}`},
		"kv/ringward/callers":          {"signup": "{}"},
		"secret/ringward/empty":        {},
	} {
		table, err := NewVaultTable(s, Reference{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		got, err := table.Fetch(t.Context())
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v", path, got, err)
		}
	}
}

func TestTableThatIsNotThereIsNoEmptyOne(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/ringward/callers", 3, `{}`, `{"environment":"staging"}`)
	s := openSession(t, f)
	for path, want := range map[string]error{"secret/ringward/nothing": ErrNotFound, "secret/ringward/callers": ErrEnvironment} {
		table, err := NewVaultTable(s, Reference{Path: path, Environment: "production"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := table.Fetch(t.Context()); got != nil || !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, %v", path, got, err)
		}
	}
	if _, err := NewVaultTable(s, Reference{Path: "secret"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a mount alone: %v", err)
	}
}
