package credential

import (
	"errors"
	"path"
	"strings"
	"testing"
)

func TestReferencesAreRead(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"secret/phone/ctp", "secret/phone/ctp"},
		{"/secret/phone/ctp/", "secret/phone/ctp"},
		{"secret/data/phone/ctp", "secret/data/phone/ctp"},
		{"kv/my app/key+1", "kv/my app/key+1"},
	} {
		ref, err := ParseReference(c.in, "api_key", "user")
		if err != nil || ref.Path != c.want || ref.String() != c.want+"#api_key,user" {
			t.Errorf("%q: %v, %v", c.in, ref, err)
		}
	}
}

func TestUnclearReferencesAreRefused(t *testing.T) {
	for _, p := range []string{
		"", "/", "secret", "secret/", "//secret/x", "secret//x", "secret/../sys/raw", "secret/./x", "..", "secret/..",
		"secret/x?version=1", "secret/x#api_key", "secret/%2e%2e/x", `secret\x/y`, "secret/*", "secret/x\n", "secret/x\x00",
		"secret/ x", "secret/x ", "secret/\xff", "secret/\u200bx", "secret/" + strings.Repeat("x", maxPathLength),
	} {
		if _, err := ParseReference(p, "api_key"); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", p, err)
		}
	}
	for name, fields := range map[string][]string{
		"none": nil, "empty": {""}, "twice": {"a", "a"}, "control": {"a\n"}, "space": {" a"}, "long": {strings.Repeat("x", 300)},
	} {
		if _, err := ParseReference("secret/x", fields...); !errors.Is(err, ErrInvalid) {
			t.Errorf("fields %s: %v", name, err)
		}
	}
	for name, ref := range map[string]Reference{
		"version 3":   {Path: "secret/x", Fields: []string{"a"}, KV: 3},
		"version -1":  {Path: "secret/x", Fields: []string{"a"}, KV: -1},
		"other mount": {Path: "secret/x", Fields: []string{"a"}, KV: 2, Mount: "kv"},
		"its mount":   {Path: "secret/x", Fields: []string{"a"}, KV: 2, Mount: "secret/x"},
	} {
		if _, err := NewVaultSource(nil, ref); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPathsOfTheAPIAreFound(t *testing.T) {
	for _, c := range []struct {
		mount kvMount
		path  string
		want  string
	}{
		{kvMount{"secret", 2}, "secret/phone/ctp", "secret/data/phone/ctp"},
		{kvMount{"secret", 2}, "secret/data/phone/ctp", "secret/data/phone/ctp"},
		{kvMount{"secret", 2}, "secret/data/data/ctp", "secret/data/data/ctp"},
		{kvMount{"secret", 2}, "secret/database", "secret/data/database"},
		{kvMount{"team/kv", 2}, "team/kv/ctp", "team/kv/data/ctp"},
		{kvMount{"kv", 1}, "kv/phone/ctp", "kv/phone/ctp"},
		{kvMount{"kv", 1}, "kv/data/ctp", "kv/data/ctp"},
	} {
		if got := c.mount.apiPath(c.path); got != c.want {
			t.Errorf("%s in %v: %s, want %s", c.path, c.mount, got, c.want)
		}
	}
	for _, c := range []struct {
		ref  Reference
		want string
	}{
		{Reference{Path: "secret/phone/ctp", KV: 2}, "secret"},
		{Reference{Path: "team/kv/data/ctp", KV: 2}, "team/kv"},
		{Reference{Path: "team/kv/ctp", KV: 2, Mount: "team/kv"}, "team/kv"},
		{Reference{Path: "kv/data/ctp", KV: 1}, "kv"},
	} {
		if got := explicitMount(c.ref); got.path != c.want || got.version != c.ref.KV {
			t.Errorf("%v: %v, want %s", c.ref, got, c.want)
		}
	}
	for _, c := range []struct{ path, mount, want string }{
		{"secret/x", "secret", "secret"},
		{"secret/x", "ns1/ns2/secret", "secret"},
		{"ns2/secret/x", "ns1/ns2/secret", "ns2/secret"},
		{"secret/x", "other", ""},
		{"secretive/x", "secret", ""},
		{"secret/x", "", ""},
	} {
		if got, ok := mountWithin(c.path, c.mount); got != c.want || ok != (c.want != "") {
			t.Errorf("%s within %s: %q", c.path, c.mount, got)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"secret/phone/ctp", "secret/../x", "/a/b/", "a//b", "a/b?c", "a/%2e", "a/\u2028", "a/b c"} {
		f.Add(s, "api_key")
	}
	f.Fuzz(func(t *testing.T, p, field string) {
		ref, err := ParseReference(p, field)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		// The client joins and cleans paths; ours must not be changed by that.
		for _, version := range []int{1, 2} {
			mount, _, _ := strings.Cut(ref.Path, "/")
			api := kvMount{mount, version}.apiPath(ref.Path)
			if path.Join("/v1", api) != "/v1/"+api || !strings.HasPrefix(api, mount+"/") {
				t.Fatalf("%q leaves its mount", api)
			}
		}
		again, err := ParseReference(ref.Path, field)
		if err != nil || again.Path != ref.Path {
			t.Fatalf("%q is not stable", ref.Path)
		}
	})
}
