package caller

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secret is a secret in a store that can be changed and taken away.
type secret struct {
	fields map[string]string
	err    error
}

func (s *secret) fetch(context.Context) (map[string]string, error) {
	return maps.Clone(s.fields), s.err
}

func oneKey(key string) string { return `{"keys":[{"digest":"` + digestText(key) + `"}]}` }

// build makes a value that tells which callers were built anew.
func build(s Spec) (*Spec, error) {
	if s.Tier == "unknown" {
		return nil, errors.New("there is no tier of this name")
	}
	return &s, nil
}

type registry struct {
	*Registry[*Spec]
	notices []Notice
}

func newRegistry(t *testing.T, static []Caller[*Spec], sources ...Source) *registry {
	t.Helper()
	r := &registry{}
	var err error
	r.Registry, err = NewRegistry(t.Context(), static, build, func(n Notice) { r.notices = append(r.notices, n) }, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refreshAll looks at every source, in their order.
func (r *registry) refreshAll(ctx context.Context) {
	for _, look := range r.Watchers() {
		look(ctx)
	}
}

// expect checks who is found by which key; "" means nobody.
func (r *registry) expect(t *testing.T, when string, want map[string]string) {
	t.Helper()
	for key, name := range want {
		got := ""
		if c, _, err := r.Directory().Find(key, today); err == nil {
			got = c.Name
		}
		if got != name {
			t.Errorf("%s: the key of %q finds %q", when, name, got)
		}
	}
}

// heard takes the notices since the last time and checks which were failures.
func (r *registry) heard(t *testing.T, when string, failures ...bool) {
	t.Helper()
	var got []bool
	for _, n := range r.notices {
		got = append(got, n.Err != nil)
	}
	if len(got) != len(failures) {
		t.Errorf("%s: heard %+v", when, r.notices)
	}
	for i := range min(len(got), len(failures)) {
		if got[i] != failures[i] {
			t.Errorf("%s: heard %+v", when, r.notices)
		}
	}
	r.notices = nil
}

func TestCallersComeAndGoWithoutAReload(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "callers.json"), callersJSON(`"keys":[{"digest":"`+digestText("file")+`"}]`))
	vault := &secret{fields: map[string]string{"billing": oneKey("vault")}}
	r := newRegistry(t, []Caller[*Spec]{{Name: "static", Keys: keys("static")}}, FileSource(path), SecretSource("vault", vault.fetch, anyError))
	all := map[string]string{"static": "static", "file": "signup", "vault": "billing", "new": ""}
	r.expect(t, "first", all)
	r.refreshAll(t.Context())
	r.expect(t, "unchanged", all)
	r.heard(t, "unchanged")

	vault.fields["batch"] = oneKey("new")
	r.refreshAll(t.Context())
	r.expect(t, "added", map[string]string{"static": "static", "file": "signup", "vault": "billing", "new": "batch"})
	r.heard(t, "added", false)

	writeFile(t, path, callersJSON(`"keys":[]`))
	delete(vault.fields, "billing")
	r.refreshAll(t.Context())
	r.expect(t, "revoked", map[string]string{"static": "static", "file": "", "vault": "", "new": "batch"})
	r.heard(t, "revoked", false, false)
	if _, err := named(r.Directory(), "signup", today); err != nil {
		t.Errorf("the caller is gone with its key: %v", err)
	}

	vault.fields = nil
	r.refreshAll(t.Context())
	r.expect(t, "all gone", map[string]string{"static": "static", "new": ""})
}

func TestFaultySourceKeepsItsLastGoodState(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callers.json")
	good := callersJSON(`"keys":[{"digest":"` + digestText("file") + `"}]`)
	writeFile(t, path, good)
	vault := &secret{fields: map[string]string{"billing": oneKey("vault")}}
	r := newRegistry(t, []Caller[*Spec]{{Name: "static", Keys: keys("static")}}, FileSource(path), SecretSource("vault", vault.fetch, anyError))
	all := map[string]string{"static": "static", "file": "signup", "vault": "billing"}
	for name, break_ := range map[string]func(){
		"removed":              func() { _ = os.Remove(path) },
		"not JSON":             func() { writeFile(t, path, "{") },
		"emptied":              func() { writeFile(t, path, "") },
		"refused by its owner": func() { writeFile(t, path, callersJSON(`"keys":[],"tier":"unknown"`)) },
		"name of the config":   func() { writeFile(t, path, `{"callers":[{"name":"static","keys":[]}]}`) },
		"key of another":       func() { writeFile(t, path, callersJSON(`"keys":[{"digest":"`+digestText("vault")+`"}]`)) },
		"unreadable secret":    func() { vault.err = errors.New("vault is sealed") },
		"malformed secret":     func() { vault.fields["billing"] = "{" },
	} {
		break_()
		for range 3 { // told once
			r.refreshAll(t.Context())
		}
		r.expect(t, name, all)
		r.heard(t, name, true)
		vault.err, vault.fields = nil, map[string]string{"billing": oneKey("vault")}
		writeFile(t, path, good)
		r.refreshAll(t.Context())
		r.expect(t, name+", mended", all)
		r.heard(t, name+", mended", false)
	}
}

func TestConflictOfSourcesHindersNoRevocation(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "callers.json"), callersJSON(`"keys":[{"digest":"`+digestText("file")+`"}]`))
	vault := &secret{fields: map[string]string{"billing": oneKey("vault")}}
	r := newRegistry(t, nil, FileSource(path), SecretSource("vault", vault.fetch, anyError))
	vault.fields["signup"] = oneKey("other") // in the file too
	writeFile(t, path, callersJSON(`"keys":[]`))
	r.refreshAll(t.Context())
	r.expect(t, "conflict", map[string]string{"file": "", "vault": "billing", "other": ""})
	writeFile(t, path, `{"callers":[]}`)
	r.refreshAll(t.Context())
	r.expect(t, "resolved", map[string]string{"file": "", "vault": "billing", "other": "signup"})
}

func TestConflictIsSettledWhenTheOtherSourceGivesWay(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "callers.json"), `{"callers":[]}`)
	vault := &secret{fields: map[string]string{"signup": oneKey("vault")}}
	// The file comes first, so it is tried before the secret has given way.
	r := newRegistry(t, nil, FileSource(path), SecretSource("vault", vault.fetch, anyError))
	writeFile(t, path, callersJSON(`"keys":[{"digest":"`+digestText("file")+`"}]`))
	r.refreshAll(t.Context())
	r.expect(t, "conflict", map[string]string{"file": "", "vault": "signup"})
	vault.fields = nil
	r.refreshAll(t.Context())
	r.refreshAll(t.Context())
	r.expect(t, "settled", map[string]string{"file": "signup", "vault": ""})
}

func TestUnchangedCallerKeepsItsValue(t *testing.T) {
	t.Parallel()
	vault := &secret{fields: map[string]string{"a": oneKey("a"), "b": oneKey("b")}}
	r := newRegistry(t, nil, SecretSource("vault", vault.fetch, anyError))
	value := func(name string) *Spec {
		c, err := named(r.Directory(), name, today)
		if err != nil {
			t.Fatal(err)
		}
		return c.Value
	}
	a, b := value("a"), value("b")
	vault.fields["b"] = `{"keys":[],"tier":"gold"}`
	r.refreshAll(t.Context())
	if value("a") != a {
		t.Error("a caller that did not change was built anew, and with it what it counts")
	}
	if value("b") == b {
		t.Error("a caller that changed is as before")
	}
}

func TestRegistryBeginsWithoutASecretButNotWithoutAFile(t *testing.T) {
	t.Parallel()
	vault := &secret{err: errors.New("vault is sealed")}
	r := newRegistry(t, nil, SecretSource("vault", vault.fetch, anyError))
	if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "vault") {
		t.Errorf("ready without a secret: %v", err)
	}
	r.expect(t, "late", map[string]string{"key": ""})
	vault.err, vault.fields = nil, map[string]string{"a": oneKey("key")}
	r.refreshAll(t.Context())
	r.expect(t, "there", map[string]string{"key": "a"})
	if err := r.Ready(); err != nil {
		t.Error(err)
	}
	bad := &secret{fields: map[string]string{"a": `{"keys":[],"tier":"unknown"}`}}
	if err := newRegistry(t, nil, SecretSource("bad", bad.fetch, anyError)).Ready(); err == nil {
		t.Error("ready with callers that their owner refuses")
	}
	path := filepath.Join(t.TempDir(), "missing")
	if _, err := NewRegistry(t.Context(), nil, build, nil, FileSource(path)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: got %v", err)
	}
	writeFile(t, path, callersJSON(`"keys":[],"tier":"unknown"`))
	if _, err := NewRegistry(t.Context(), nil, build, nil, FileSource(path)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that its owner refuses: got %v", err)
	}
}

func TestCallerMayCallFromItsRangesOnly(t *testing.T) {
	t.Parallel()
	vault := &secret{fields: map[string]string{"bound": `{"keys":[],"ip_ranges":["10.0.0.0/8"]}`, "free": `{"keys":[]}`}}
	r := newRegistry(t, nil, SecretSource("vault", vault.fetch, anyError))
	for name, want := range map[string][2]bool{"bound": {true, false}, "free": {true, true}} {
		c, err := named(r.Directory(), name, today)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{c.AllowsFrom(netip.MustParseAddr("10.0.0.1")), c.AllowsFrom(netip.MustParseAddr("192.0.2.1"))}; got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func anyError(error) bool { return true }

// TestFaultySourceMayNotBeLate: only what passes by itself is waited for.
func TestFaultySourceMayNotBeLate(t *testing.T) {
	t.Parallel()
	down, wrong := errors.New("down"), errors.New("no such secret")
	isDown := func(err error) bool { return errors.Is(err, down) }
	for err, late := range map[error]bool{down: true, wrong: false} {
		s := &secret{err: err}
		_, got := NewRegistry(t.Context(), nil, build, nil, SecretSource("vault", s.fetch, isDown))
		if (got == nil) != late {
			t.Errorf("%v: got %v", err, got)
		}
	}
}

// TestSourceThatHangsHoldsUpNoOther: each is looked at by itself.
func TestSourceThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	hang, begun := make(chan struct{}), make(chan struct{})
	first := true
	stuck := func(context.Context) (map[string]string, error) {
		if first {
			first = false
			return nil, nil
		}
		close(begun)
		<-hang
		return nil, nil
	}
	well := &secret{fields: map[string]string{"signup": oneKey("key")}}
	r := newRegistry(t, nil, SecretSource("stuck", stuck, anyError), SecretSource("well", well.fetch, anyError))
	ended := make(chan struct{})
	go func() { r.Watchers()[0](t.Context()); close(ended) }()
	<-begun
	delete(well.fields, "signup")
	r.Watchers()[1](t.Context())
	r.expect(t, "revoked beside one that hangs", map[string]string{"key": ""})
	close(hang)
	<-ended
}
