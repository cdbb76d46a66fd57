package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// epochStages are two replicas with the policy of production, whose logs have a
// key of pseudonyms for each month.
type epochStages struct {
	t        *testing.T
	vault    *harness.Vault
	replicas [2]*auditStage
	epoch    string
	tokens   map[string]string // by policy
}

const pseudonymsFolder = "secret/ringward/production/pseudonyms"

func newEpochStages(t *testing.T) *epochStages {
	t.Helper()
	v := ownVault(t) // since the names of the policy are the same for all
	e := &epochStages{t: t, vault: v, epoch: time.Now().UTC().Format("2006-01"), tokens: make(map[string]string)}
	for _, policy := range []string{"ringward-production", "ringward-privacy"} {
		rules, err := os.ReadFile(filepath.Join(bin.Root, "vault-policies", policy+".hcl"))
		if err != nil {
			t.Fatal(err)
		}
		v.Policy(t, policy, string(rules))
		e.tokens[policy] = v.Token(t, policy)
	}
	signer, verifier := auditKey(t)
	v.Put(t, productionAudit, map[string]string{"signing_key": signer})
	for i := range e.replicas {
		s := newAuditStage(t, "")
		s.verifier = s.File("audit.pub", verifier)
		roleID, secretID := v.AppRole(t, "ringward-production", "ringward-production")
		s.Vault = vaultOption(v.Address, v, "approle "+roleID+" {\n\t\t\t\tsecret_id_file "+s.File("secret-id", secretID)+"\n\t\t\t}")
		s.Pseudonyms = ""
		s.AuditMore = fmt.Sprintf("instance replica-%d\nsigning_key vault %s signing_key\npseudonym_keys vault %s {\n refresh 1s\n}", i+1, productionAudit, pseudonymsFolder)
		e.replicas[i] = s
	}
	return e
}

// run starts both at once, as a first deployment does.
func (e *epochStages) run() {
	e.t.Helper()
	var wg sync.WaitGroup
	for _, s := range e.replicas {
		wg.Go(s.Run)
	}
	wg.Wait()
	if e.t.Failed() {
		e.t.FailNow()
	}
}

// command runs a subcommand of audit with the first one's config, on the logs of
// both, with a token of its own unless it is "".
func (e *epochStages) command(token string, args ...string) harness.Result {
	e.t.Helper()
	var env []string
	if token != "" {
		env = []string{"VAULT_TOKEN=" + token}
	}
	args = append([]string{"audit"}, append(args, "--config", e.replicas[0].Caddyfile())...)
	return harness.Run(e.t, env, bin.Ringward, args...)
}

func (e *epochStages) search(token, number string) harness.Result {
	e.t.Helper()
	return e.command(token, "search", "--number", number, e.replicas[0].Audit, e.replicas[1].Audit)
}

// TestSubjectsAreFoundAndForgotten goes the way of an access request, and then of
// forgetting, with the policies that Ringward ships.
func TestSubjectsAreFoundAndForgotten(t *testing.T) {
	t.Parallel()
	e := newEpochStages(t)
	e.run()
	var pseudonyms []string
	for _, s := range e.replicas {
		got := s.Lookup(s.Minimal.Key, harness.Number)
		other := s.Lookup(s.Minimal.Key, harness.OtherNumber)
		if got.Status != http.StatusOK || other.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
		pseudonyms = append(pseudonyms, s.Entry(got).Numbers[0].Pseudonym)
	}
	if pseudonyms[0] != pseudonyms[1] || !strings.HasPrefix(pseudonyms[0], e.epoch+":") {
		t.Errorf("the replicas do not agree: %v", pseudonyms)
	}

	service, privacy := e.tokens["ringward-production"], e.tokens["ringward-privacy"]
	found := e.search(privacy, harness.Number)
	if found.Code != 0 || strings.Count(found.Stdout, pseudonyms[0]) != 2 || strings.Count(found.Stdout, "\n") != 2 || found.Stderr != "2 entries\n" {
		t.Errorf("search with the token of privacy: %+v", found)
	}
	for name, token := range map[string]string{"the service's token": service, "the service's login": ""} {
		if got := e.search(token, harness.Number); got.Code != 1 || got.Stdout != "" || !strings.Contains(got.Stderr, "permission denied") || !strings.Contains(got.Stderr, pseudonymsFolder) {
			t.Errorf("search with %s: %+v", name, got)
		}
		if got := e.command(token, "forget", "--current", "--epoch", e.epoch); got.Code != 1 || !strings.Contains(got.Stderr, "permission denied") {
			t.Errorf("forget with %s: %+v", name, got)
		}
	}
	if again := e.search(privacy, harness.Number); again.Stdout != found.Stdout {
		t.Errorf("after a refused forget: %+v", again)
	}
	e.forget(privacy)
	e.refused()
}

// forget destroys the key of the epoch of the moment.
func (e *epochStages) forget(token string) {
	e.t.Helper()
	first := e.replicas[0]
	if got := e.command(token, "forget", "--current", "--epoch", e.epoch); got.Code != 0 || !strings.Contains(got.Stdout, "has recorded it") {
		e.t.Fatalf("forget: %+v", got)
	}
	if text := auditTextOf(e.t, first.Audit); text.types["forget"] != 1 {
		e.t.Errorf("the log does not say so: %v", text.types)
	}
	got := e.search(token, harness.Number)
	if got.Code != 0 || got.Stdout != "" || !strings.Contains(got.Stderr, "epoch "+e.epoch+" was forgotten: its entries can be linked to nobody\n0 entries") {
		e.t.Errorf("search in what was forgotten: %+v", got)
	}
	for _, s := range e.replicas {
		s.verify(s.Audit)
	}
}

// refused: without the key there is no pseudonym, so no lookup until the next
// epoch, of neither replica; nor can one be started anew, for nothing makes a
// second key.
func (e *epochStages) refused() {
	e.t.Helper()
	for _, s := range e.replicas {
		harness.Eventually(e.t, harness.Soon, "lookups to be refused", func() error {
			if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != http.StatusServiceUnavailable {
				return fmt.Errorf("got %d %s", got.Status, got.Body)
			}
			return nil
		})
		s.AwaitHealth(http.StatusServiceUnavailable)
		calls := s.Standin.Calls(e.t, s.Provider)
		got := s.Lookup(s.Minimal.Key, harness.Number)
		if entry := s.Entry(got); entry.Status != http.StatusServiceUnavailable || len(entry.Numbers) != 0 {
			e.t.Errorf("audited as %+v", entry)
		}
		if s.Standin.Calls(e.t, s.Provider) != calls {
			e.t.Error("a lookup that could not be recorded was made")
		}
		harness.Eventually(e.t, harness.Soon, "the log to tell of the destroyed key", func() error {
			if !strings.Contains(s.Process.Stderr(), `"event":"pseudonym_key_destroyed"`) {
				return errors.New("it does not")
			}
			return nil
		})
		s.verify(s.Audit)
	}
	s := e.replicas[0]
	s.stop()
	if got := s.Command("run", "--config", s.Caddyfile()); got.Code == 0 || !strings.Contains(got.Stderr, "pseudonym key of epoch "+e.epoch+" is deleted or destroyed in Vault, and no other takes its place before") {
		e.t.Errorf("a start without the key: %+v", got)
	}
}
