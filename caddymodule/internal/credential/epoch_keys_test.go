package credential

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	pseudonyms    = "ringward/production/pseudonyms"
	pseudonymData = "secret/data/" + pseudonyms + "/"
)

// someKey is a key as it stands in Vault.
var someKey = strings.Repeat("0123456789abcdef", 4)

func epochKeys(t *testing.T, s *Session) *EpochKeys {
	t.Helper()
	k, err := NewEpochKeys(s, "secret/"+pseudonyms, "production")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// mustBe checks an error, and that it quotes nothing.
func mustBe(t *testing.T, err, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Fatalf("got %v, want %v that says %q", err, want, says)
	}
	for _, bad := range []string{marker, "hvs.", "127.0.0.1", someKey[:16], "header.payload"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes %s: %v", bad, err)
		}
	}
}

func TestEpochKeyIsMadeOnceAndReadEverAfter(t *testing.T) {
	f := newFakeVault()
	keys := epochKeys(t, openSession(t, f))
	made, created, err := keys.obtain(t.Context(), "2026-11")
	if err != nil || !created || made.Name != "2026-11" || made.Created.IsZero() || len(made.Secret.Reveal()) != 32 {
		t.Fatalf("got %v, %v, %v", made, created, err)
	}
	f.mu.Lock()
	stored, _ := f.kvAt(pseudonyms + "/2026-11")
	f.mu.Unlock()
	if digits := stored.Data.Data["key"]; len(stored.Data.Data) != 1 || digits != hex.EncodeToString([]byte(made.Secret.Reveal())) {
		t.Error("Vault holds another key, or something else")
	}
	read, created, err := keys.obtain(t.Context(), "2026-11")
	if err != nil || created || !made.equal(read) {
		t.Errorf("got %v, %v, %v", read, created, err)
	}
	other, _, err := keys.obtain(t.Context(), "2026-12")
	if err != nil || other.Secret.Equal(made.Secret) {
		t.Errorf("two epochs have one key: %v", err)
	}
	if n := f.count("PUT secret/"); n != 2 {
		t.Errorf("%d writes for two keys", n)
	}
}

// TestOfManyThatMakeAKeyAllGetTheSame lets all find nothing before the first
// writes. A policy without update tells it by another answer.
func TestOfManyThatMakeAKeyAllGetTheSame(t *testing.T) {
	for name, mayUpdate := range map[string]bool{"create alone": false, "with update": true} {
		t.Run(name, func(t *testing.T) {
			const replicas = 5
			f := newFakeVault()
			f.mayUpdate = mayUpdate
			var writers sync.WaitGroup
			writers.Add(replicas)
			f.gate = func(call string) {
				if strings.HasPrefix(call, "PUT "+pseudonymData) {
					writers.Done()
					writers.Wait()
				}
			}
			var all [replicas]*EpochKey
			var wg sync.WaitGroup
			for i := range all {
				keys := epochKeys(t, openSession(t, f))
				wg.Go(func() {
					var err error
					if all[i], _, err = keys.obtain(t.Context(), "2026-11"); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, key := range all {
				if t.Failed() || !all[0].equal(key) {
					t.Fatal("the replicas have different keys")
				}
			}
			if n := f.count("PUT secret/"); n != replicas {
				t.Errorf("%d writes", n)
			}
		})
	}
}

func TestKeyThatIsGoneIsNotMadeAnew(t *testing.T) {
	f := newFakeVault()
	f.mayUpdate = true
	f.put(pseudonymData+"2026-09", `{"data":{"data":null,"metadata":{"deletion_time":"2026-10-01T00:00:00Z","destroyed":false,"version":1}}}`)
	f.put(pseudonymData+"2026-10", `{"data":{"data":null,"metadata":{"destroyed":true,"version":1}}}`)
	keys := epochKeys(t, openSession(t, f))
	for _, name := range []string{"2026-09", "2026-10"} {
		_, _, err := keys.obtain(t.Context(), name)
		mustBe(t, err, ErrDeleted, name)
	}
	if n := f.count("PUT secret/"); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestWhatIsWrongWithAnEpochKeyIsTold(t *testing.T) {
	f := newFakeVault()
	f.put("kv/pseudonyms/2026-11", `{"data":{"key":"`+someKey+`"}}`)
	f.denied["PUT "+pseudonymData+"2026-01"] = true
	f.denied["GET "+pseudonymData+"2026-02"] = true
	f.statuses[pseudonymData+"2026-03"] = 503
	for name, secret := range map[string]string{
		"2026-04": `{"key":"` + someKey[:62] + `"}`, "2026-05": `{"key":"` + someKey + `00"}`,
		"2026-06": `{"key":"` + someKey[:62] + `zz"}`, "2026-07": `{"key":"` + someKey + ` "}`,
		"2026-08": `{"other":"` + someKey + `"}`, "2026-09": `{"key":""}`,
	} {
		f.putV2(pseudonymData+name, 1, secret, "")
	}
	f.putV2(pseudonymData+"2026-10", 1, `{"key":"`+someKey+`"}`, `{"environment":"staging"}`)
	s := openSession(t, f)
	for _, c := range []struct {
		name string
		want error
		says string
	}{
		{"2026-01", ErrDenied, `grant "create" on ` + pseudonymData + "2026-01"},
		{"2026-02", ErrDenied, `grant "read" on ` + pseudonymData + "2026-02"},
		{"2026-03", ErrUnavailable, "sealed"},
		{"2026-04", ErrInvalid, "64 hexadecimal digits"},
		{"2026-05", ErrInvalid, "64 hexadecimal digits"},
		{"2026-06", ErrInvalid, "64 hexadecimal digits"},
		{"2026-07", ErrInvalid, "64 hexadecimal digits"},
		{"2026-08", ErrFieldMissing, `"key"`},
		{"2026-09", ErrInvalid, "64 hexadecimal digits"},
		{"2026-10", ErrEnvironment, `"staging"`},
		{"2026", ErrInvalid, "not the name of an epoch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, _, err := epochKeys(t, s).obtain(t.Context(), c.name)
			mustBe(t, err, c.want, c.says)
			if key != nil {
				t.Error("there is a key too")
			}
		})
	}
	old, err := NewEpochKeys(s, "kv/pseudonyms", "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = old.obtain(t.Context(), "2026-11")
	mustBe(t, err, ErrInvalid, "KV version 1")
	_, err = old.List(t.Context())
	mustBe(t, err, ErrInvalid, "KV version 1")
	mustBe(t, old.Destroy(t.Context(), "2026-11"), ErrInvalid, "KV version 1")
	for _, folder := range []string{"", "secret", "secret/../x", "secret//x"} {
		if _, err := NewEpochKeys(s, folder, ""); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is taken: %v", folder, err)
		}
	}
	if _, err := NewEpochKeys(nil, "secret/x", ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("no session: %v", err)
	}
}

func TestEpochsAreListedInTheirOrder(t *testing.T) {
	f := newFakeVault()
	keys := epochKeys(t, openSession(t, f))
	if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
		t.Fatalf("an empty folder: %v, %v", list, err)
	}
	for _, name := range []string{"2027-01", "2026-W52", "2026-11", "2026-12-03", "note", "old/2026-01"} {
		f.putV2(pseudonymData+name, 1, `{"key":"`+someKey+`"}`, "")
	}
	if err := keys.Destroy(t.Context(), "2026-11"); err != nil {
		t.Fatal(err)
	}
	list, err := keys.List(t.Context())
	var names []string
	for _, epoch := range list {
		names = append(names, epoch.Name)
	}
	if want := []string{"2026-11", "2026-12-03", "2026-W52", "2027-01"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v", names, err)
	}
	f.set(func() { f.denied["GET secret/metadata/"+pseudonyms] = true })
	_, err = keys.List(t.Context())
	mustBe(t, err, ErrDenied, `grant "list" on secret/metadata/`+pseudonyms)
}

func TestDestroyedKeyLeavesItsMetadata(t *testing.T) {
	f := newFakeVault()
	f.mayUpdate = true
	f.putV2(pseudonymData+"2026-11", 3, `{"key":"`+someKey+`"}`, `{"environment":"production"}`)
	f.putV2(pseudonymData+"2026-12", 1, `{"key":"`+someKey+`"}`, `{"environment":"staging"}`)
	keys := epochKeys(t, openSession(t, f))
	for range 2 {
		if err := keys.Destroy(t.Context(), "2026-11"); err != nil {
			t.Fatal(err)
		}
		_, err := keys.Read(t.Context(), "2026-11")
		mustBe(t, err, ErrDeleted, "destroyed")
		_, _, err = keys.obtain(t.Context(), "2026-11")
		mustBe(t, err, ErrDeleted, "destroyed")
	}
	if n := f.count("PUT secret/destroy/"); n != 1 {
		t.Errorf("%d destructions", n)
	}
	mustBe(t, keys.Destroy(t.Context(), "2026-10"), ErrNotFound, "2026-10")
	mustBe(t, keys.Destroy(t.Context(), "2026-12"), ErrEnvironment, "staging")
	mustBe(t, keys.Destroy(t.Context(), "all"), ErrInvalid, "not the name of an epoch")
	f.putV2(pseudonymData+"2027-01", 1, `{"key":"`+someKey+`"}`, "")
	f.putV2(pseudonymData+"2027-02", 1, `{"key":"`+someKey+`"}`, "")
	f.set(func() {
		f.denied["GET secret/metadata/"+pseudonyms+"/2027-01"] = true
		f.denied["PUT secret/destroy/"+pseudonyms+"/2027-02"] = true
	})
	mustBe(t, keys.Destroy(t.Context(), "2027-01"), ErrDenied, `grant "read" on secret/metadata/`)
	mustBe(t, keys.Destroy(t.Context(), "2027-02"), ErrDenied, `grant "update" on secret/destroy/`)
}
