package caller

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// today is a moment before every expiry of the tests.
var today = time.Date(2027, time.January, 15, 12, 0, 0, 0, time.UTC)

func keys(texts ...string) []Key {
	var found []Key
	for _, text := range texts {
		found = append(found, Key{Digest: DigestOf(text)})
	}
	return found
}

func TestEachKeyFindsItsCaller(t *testing.T) {
	t.Parallel()
	d, err := NewDirectory([]Caller[int]{
		{Name: "signup", Keys: keys("old", "new"), Value: 1},
		{Name: "billing", Keys: keys("other"), Value: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key, name string
		value     int
	}{{"old", "signup", 1}, {"new", "signup", 1}, {"other", "billing", 2}}
	for _, test := range tests {
		c, id, err := d.Find(test.key, today)
		if err != nil || c.Name != test.name || c.Value != test.value || id != DigestOf(test.key).KeyID() {
			t.Errorf("key of %s found %v with id %q, %v", test.name, c, id, err)
		}
	}
	if c, err := named(d, "billing", today); err != nil || c.Value != 2 {
		t.Error("a caller is not found by its name")
	}
	if _, err := named(d, "nobody", today); err != ErrUnknownCaller {
		t.Error("found a caller that does not exist")
	}
	if d.Len() != 2 {
		t.Errorf("got %d callers", d.Len())
	}
}

func TestNothingElseFindsACaller(t *testing.T) {
	t.Parallel()
	long, longer := strings.Repeat("k", MaxPresented), strings.Repeat("k", MaxPresented+1)
	d, err := NewDirectory([]Caller[int]{{Name: "a", Keys: keys("key", longer)}, {Name: "b", Keys: keys(long)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Find(long, today); err != nil {
		t.Error("the longest key is refused")
	}
	presented := []string{"", "Key", "key ", "key\x00", "ke", "a", DigestOf("key").String(), DigestOf("key").KeyID(), longer, strings.Repeat("k", 1<<20)}
	for i, key := range presented {
		if c, id, err := d.Find(key, today); err != ErrUnknownKey || c != nil || id != "" {
			t.Errorf("case %d found caller %v", i, c)
		}
	}
	empty, err := NewDirectory[int](nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := empty.Find("key", today); err == nil || empty.Len() != 0 {
		t.Error("an empty directory found a caller")
	}
}

func TestFaultyDirectoriesAreRefused(t *testing.T) {
	t.Parallel()
	key := keys("key")
	twin := key[0]
	twin.Digest[31] ^= 1 // another key with the same id
	tests := []struct {
		name    string
		callers []Caller[int]
		want    string
	}{
		{"name twice", []Caller[int]{{Name: "a", Keys: key}, {Name: "a", Keys: keys("b")}}, `"a" is defined twice`},
		{"key of two callers", []Caller[int]{{Name: "a", Keys: key}, {Name: "b", Keys: key}}, `by caller "a"`},
		{"key twice", []Caller[int]{{Name: "a", Keys: keys("key", "key")}}, "used already"},
		{"same key id", []Caller[int]{{Name: "a", Keys: []Key{key[0], twin}}}, "same id"},
		{"no key", []Caller[int]{{Name: "a"}}, "has nothing to be known by"},
		{"three keys", []Caller[int]{{Name: "a", Keys: keys("1", "2", "3")}}, "has 3 keys"},
		{"zero digest", []Caller[int]{{Name: "a", Keys: []Key{{}}}}, ErrDigestEmpty.Error()},
		{"digest of nothing", []Caller[int]{{Name: "a", Keys: keys("")}}, ErrDigestEmpty.Error()},
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
	if _, err := NewDirectory([]Caller[int]{{Name: "a", Keys: keys("")}}); !errors.Is(err, ErrDigestEmpty) {
		t.Errorf("got %v, want %v", err, ErrDigestEmpty)
	}
}

func TestGoodNamesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "0", "signup", "a.b-c_d", "9-", strings.Repeat("a", 64)} {
		if _, err := NewDirectory([]Caller[int]{{Name: name, Keys: keys("key")}}); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
}

func TestDirectoryKeepsNoHoldOfItsSource(t *testing.T) {
	t.Parallel()
	source := []Caller[string]{{Name: "a", Keys: keys("key"), Value: "before"}}
	d, err := NewDirectory(source)
	if err != nil {
		t.Fatal(err)
	}
	source[0].Name, source[0].Keys[0].Digest, source[0].Value = "z", DigestOf("intruder"), "after"
	c, _, err := d.Find("key", today)
	if err != nil || c.Name != "a" || c.Keys[0].Digest != DigestOf("key") || c.Value != "before" {
		t.Error("changing the source changed the directory")
	}
	if _, _, err := d.Find("intruder", today); err == nil {
		t.Error("a key got in after the directory was built")
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	key, digest := newKey(t)
	d, err := NewDirectory([]Caller[int]{{Name: "a", Keys: []Key{{Digest: digest}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, presented := range map[string]string{"known": key, "unknown": key[1:], "long": strings.Repeat("k", MaxPresented)} {
		if got := testing.AllocsPerRun(100, func() { _, _, _ = d.Find(presented, today) }); got != 0 {
			t.Errorf("%s: got %v allocations", name, got)
		}
	}
}

// named finds a caller by its name, whatever it shows.
func named[T any](d *Directory[T], name string, now time.Time) (*Caller[T], error) {
	c := d.byName[name]
	switch {
	case c == nil:
		return nil, ErrUnknownCaller
	case c.Expires.Passed(now):
		return nil, ErrCallerExpired
	default:
		return c, nil
	}
}

func TestSubjectsFindTheirCallers(t *testing.T) {
	t.Parallel()
	d, err := NewDirectory([]Caller[int]{
		{Name: "signup", Subjects: []string{"app|1@clients", "signup"}, Value: 1},
		{Name: "late", Subjects: []string{"late"}, Expires: Expiry(today), Value: 2},
		{Name: "keys", Keys: keys("k"), Value: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]struct {
		value int
		err   error
	}{
		"app|1@clients": {1, nil}, "signup": {1, nil}, "late": {0, ErrCallerExpired},
		"keys": {0, ErrUnknownCaller}, "": {0, ErrUnknownCaller}, "SIGNUP": {0, ErrUnknownCaller},
	} {
		c, err := d.BySubject(subject, today)
		if err != want.err || err == nil && c.Value != want.value {
			t.Errorf("%q: got %v, %v", subject, c, err)
		}
	}
	for name, callers := range map[string][]Caller[int]{
		"empty":    {{Name: "a", Subjects: []string{""}}},
		"too long": {{Name: "a", Subjects: []string{strings.Repeat("a", MaxSubject+1)}}},
		"of two":   {{Name: "a", Subjects: []string{"x"}}, {Name: "b", Subjects: []string{"x"}}},
	} {
		if _, err := NewDirectory(callers); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
