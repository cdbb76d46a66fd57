package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// installTimeout bounds the installation of the clients.
const installTimeout = 5 * time.Minute

// installClients installs the vendors' clients as the lock file has them, out
// of the source tree, and returns where they are. What the last run installed
// from the same lock file is kept.
var installClients = sync.OnceValues(func() (modules string, err error) {
	dir := filepath.Join(bin.Root, ".cache", "sdk")
	modules = filepath.Join(dir, "node_modules")
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return "", err
	}
	done := filepath.Join(dir, "installed-lock.json")
	installed, _ := os.ReadFile(done)
	if _, err := os.Stat(modules); err == nil && bytes.Equal(installed, lock) {
		return modules, nil
	}
	_ = os.Remove(done) // a broken installation must not count
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return modules, os.WriteFile(done, lock, 0o644)
})

// outcome is what a client made of one lookup.
type outcome struct {
	Answer map[string]any
	Error  *struct {
		Class       string // of the error, as the client names it
		OfTheClient bool   // whether it is one of the client's own
		Status      int
		Code        string
		Message     string
		RequestID   string
		Cause       string
	}

	printed string // all that the program printed
}

// client is a script that looks one number up with a vendor's client.
type client struct {
	stage  stage
	script string
	env    []string // what differs from other lookups
}

// lookUp runs the script with a caller's key.
func (c client) lookUp(t *testing.T, key, number string, env ...string) outcome {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	if err != nil {
		missing(t, "there is no node and npm to run the vendors' clients: install nodejs and npm")
	}
	modules, err := installClients()
	if err != nil {
		t.Fatal(err)
	}
	env = append(append([]string{
		"NODE_PATH=" + modules, "RINGWARD_URL=" + c.stage.URL(""), "RINGWARD_KEY=" + key, "NUMBER=" + number,
		"PARAMS={}", "OPTIONS={}",
	}, c.env...), env...)
	got := harness.Run(t, env, node, filepath.Join(bin.Root, "e2e", "sdk", c.script))
	result := outcome{printed: got.Stdout + got.Stderr}
	if err := json.Unmarshal([]byte(got.Stdout), &result); err != nil || (result.Answer == nil) == (result.Error == nil) {
		t.Fatalf("%s ended with %d: %s", c.script, got.Code, result.printed)
	}
	return result
}

// lookUpFor is lookUp, and says how many calls it cost at the provider.
func (c client) lookUpFor(t *testing.T, key, number string, env ...string) (outcome, int) {
	t.Helper()
	before := c.stage.Standin.Calls(t, c.stage.Provider)
	got := c.lookUp(t, key, number, env...)
	return got, c.stage.Standin.Calls(t, c.stage.Provider) - before
}

// failure is what a client must make of a lookup that fails.
type failure struct {
	class  string
	status int
	code   string
	calls  int // at the provider
}

// check compares an outcome with the failure that it must be.
func (f failure) check(t *testing.T, s stage, what string, got outcome, calls int) {
	t.Helper()
	e := got.Error
	if e == nil {
		t.Errorf("%s: got the answer %v", what, got.Answer)
		return
	}
	if e.Class != f.class || !e.OfTheClient || e.Status != f.status || e.Code != f.code || calls != f.calls {
		t.Errorf("%s: got %+v and %d calls, want %+v", what, *e, calls, f)
	}
	if !audited(s, e.RequestID) {
		t.Errorf("%s: the request id %q is not in the audit log", what, e.RequestID)
	}
	for _, theirs := range []string{"account", "unexpected error", "twilio.com", "telnyx.com", "canary"} {
		if strings.Contains(strings.ToLower(got.printed), theirs) {
			t.Errorf("%s: %q of the provider came through: %s", what, theirs, got.printed)
		}
	}
}

func audited(s stage, requestID string) bool {
	for _, entry := range s.Entries() {
		if entry.RequestID == requestID && requestID != "" {
			return true
		}
	}
	return false
}
