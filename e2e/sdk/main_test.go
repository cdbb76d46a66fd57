// Package sdk drives Ringward with vendors' own clients, in which nothing but
// the base URL and the credential is changed.
package sdk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	bin     harness.Binaries
	workDir string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if workDir, err = os.MkdirTemp("", "ringward-sdk-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(workDir) }()
	if bin, err = harness.Build(workDir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	code := m.Run()
	if runningVault != nil {
		runningVault.Stop()
	}
	return code
}

var runningVault *harness.Vault

// startVault starts the Vault server that all tests share.
var startVault = sync.OnceValues(func() (*harness.Vault, error) {
	dir := filepath.Join(workDir, "vault")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	runningVault, err = harness.StartVault(bin, dir)
	return runningVault, err
})

// missing skips a test that lacks something of the machine; where everything
// must be there it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// stage is Ringward before a provider, with a caller that may ask once an hour.
type stage struct {
	*harness.Stage
	limited harness.Caller
}

// newStage prepares a provider with a key of one field.
func newStage(t *testing.T, provider string) stage {
	t.Helper()
	return withLimited(harness.NewStage(t, bin, provider))
}

// newPairStage prepares a provider with a key of two fields, which are in Vault
// under their names.
func newPairStage(t *testing.T, provider, first, second string) stage {
	t.Helper()
	if bin.Vault == "" {
		missing(t, "there is no Vault server to test with: build one with `make e2e-vault`, or name one in RINGWARD_E2E_VAULT")
	}
	v, err := startVault()
	if err != nil {
		t.Fatal(err)
	}
	user, password := harness.RandomText(), harness.ProviderKey()
	s := harness.NewStageWithKey(t, bin, provider, user+":"+password)
	path := "sdk/" + provider
	v.Put(t, "secret/"+path, map[string]string{first: user, second: password})
	v.Policy(t, provider, `path "secret/data/`+path+`" { capabilities = ["read"] }`)
	s.Vault = "vault " + v.Address + " {\n\t\t\tca " + v.CAFile +
		"\n\t\t\tauth token_file " + s.File("vault-token", v.Token(t, provider)) + "\n\t\t}"
	s.Credential = strings.Join([]string{"vault secret/" + path, first, second}, " ")
	return withLimited(s)
}

func withLimited(s *harness.Stage) stage {
	limited := harness.NewCaller()
	s.App = "caller limited {\n\t\t\tkey " + limited.Digest + "\n\t\t\tlimit 1/h\n\t\t}"
	return stage{s, limited}
}
