package caller

import (
	"errors"
	"strings"
	"testing"
)

func digests(texts ...string) []Digest {
	var found []Digest
	for _, text := range texts {
		found = append(found, DigestOf(text))
	}
	return found
}

func TestEachKeyFindsItsCaller(t *testing.T) {
	t.Parallel()
	d, err := NewDirectory([]Caller[int]{
		{Name: "signup", Keys: digests("old", "new"), Value: 1},
		{Name: "billing", Keys: digests("other"), Value: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key, name string
		value     int
	}{{"old", "signup", 1}, {"new", "signup", 1}, {"other", "billing", 2}}
	for _, test := range tests {
		c, id, ok := d.Find(test.key)
		if !ok || c.Name != test.name || c.Value != test.value || id != DigestOf(test.key).KeyID() {
			t.Errorf("key of %s found %v with id %q, %t", test.name, c, id, ok)
		}
	}
	if c, ok := d.Named("billing"); !ok || c.Value != 2 {
		t.Error("a caller is not found by its name")
	}
	if _, ok := d.Named("nobody"); ok {
		t.Error("found a caller that does not exist")
	}
	if d.Len() != 2 {
		t.Errorf("got %d callers", d.Len())
	}
}

func TestNothingElseFindsACaller(t *testing.T) {
	t.Parallel()
	long, longer := strings.Repeat("k", MaxPresented), strings.Repeat("k", MaxPresented+1)
	d, err := NewDirectory([]Caller[int]{{Name: "a", Keys: digests("key", longer)}, {Name: "b", Keys: digests(long)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := d.Find(long); !ok {
		t.Error("the longest key is refused")
	}
	presented := []string{"", "Key", "key ", "key\x00", "ke", "a", DigestOf("key").String(), DigestOf("key").KeyID(), longer, strings.Repeat("k", 1<<20)}
	for i, key := range presented {
		if c, id, ok := d.Find(key); ok || c != nil || id != "" {
			t.Errorf("case %d found caller %v", i, c)
		}
	}
	empty, err := NewDirectory[int](nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := empty.Find("key"); ok || empty.Len() != 0 {
		t.Error("an empty directory found a caller")
	}
}

func TestFaultyDirectoriesAreRefused(t *testing.T) {
	t.Parallel()
	key := digests("key")
	twin := key[0]
	twin[31] ^= 1 // another key with the same id
	tests := []struct {
		name    string
		callers []Caller[int]
		want    string
	}{
		{"name twice", []Caller[int]{{Name: "a", Keys: key}, {Name: "a", Keys: digests("b")}}, `"a" is defined twice`},
		{"key of two callers", []Caller[int]{{Name: "a", Keys: key}, {Name: "b", Keys: key}}, `by caller "a"`},
		{"key twice", []Caller[int]{{Name: "a", Keys: digests("key", "key")}}, "used already"},
		{"same key id", []Caller[int]{{Name: "a", Keys: []Digest{key[0], twin}}}, "same id"},
		{"no key", []Caller[int]{{Name: "a"}}, "has no key"},
		{"three keys", []Caller[int]{{Name: "a", Keys: digests("1", "2", "3")}}, "has 3 keys"},
		{"zero digest", []Caller[int]{{Name: "a", Keys: []Digest{{}}}}, ErrDigestEmpty.Error()},
		{"digest of nothing", []Caller[int]{{Name: "a", Keys: digests("")}}, ErrDigestEmpty.Error()},
	}
	for _, name := range []string{"", "A", "-a", ".a", "_a", "a b", "a\n", "a/b", "é", "a\x00", strings.Repeat("a", 65)} {
		tests = append(tests, struct {
			name    string
			callers []Caller[int]
			want    string
		}{"name " + name, []Caller[int]{{Name: name, Keys: key}}, "1 to 64"})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := NewDirectory(test.callers)
			if err == nil || d != nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not tell %q", err, test.want)
			}
		})
	}
	if _, err := NewDirectory([]Caller[int]{{Name: "a", Keys: digests("")}}); !errors.Is(err, ErrDigestEmpty) {
		t.Errorf("got %v, want %v", err, ErrDigestEmpty)
	}
}

func TestGoodNamesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "0", "signup", "a.b-c_d", "9-", strings.Repeat("a", 64)} {
		if _, err := NewDirectory([]Caller[int]{{Name: name, Keys: digests("key")}}); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
}

func TestDirectoryKeepsNoHoldOfItsSource(t *testing.T) {
	t.Parallel()
	source := []Caller[string]{{Name: "a", Keys: digests("key"), Value: "before"}}
	d, err := NewDirectory(source)
	if err != nil {
		t.Fatal(err)
	}
	source[0].Name, source[0].Keys[0], source[0].Value = "z", DigestOf("intruder"), "after"
	c, _, ok := d.Find("key")
	if !ok || c.Name != "a" || c.Keys[0] != DigestOf("key") || c.Value != "before" {
		t.Error("changing the source changed the directory")
	}
	if _, _, ok := d.Find("intruder"); ok {
		t.Error("a key got in after the directory was built")
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	key, digest := newKey(t)
	d, err := NewDirectory([]Caller[int]{{Name: "a", Keys: []Digest{digest}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, presented := range map[string]string{"known": key, "unknown": key[1:], "long": strings.Repeat("k", MaxPresented)} {
		if got := testing.AllocsPerRun(100, func() { _, _, _ = d.Find(presented) }); got != 0 {
			t.Errorf("%s: got %v allocations", name, got)
		}
	}
}
