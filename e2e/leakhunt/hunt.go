package leakhunt

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// hunters is how many connections send requests at a time.
const hunters = 6

// hunt is a Ringward with canaries in it, and what has come out.
type hunt struct {
	*harness.Stage
	*haul

	t       *testing.T
	presets []*preset
	keys    map[string]string // the providers' now, by preset
	numbers []string
	collect *collector
	vault   *harness.Vault // nil for keys in files
	way     *harness.Forward
	reloads int
	rotated int
	rng     *rand.Rand
	strays  []string // caller keys that nobody knows
	faults  map[string][]harness.Fault
}

// newHunt prepares Ringward before all presets. extra are further sites.
func newHunt(t *testing.T, rng *rand.Rand, extra string) *hunt {
	t.Helper()
	h := &hunt{
		Stage: harness.NewStage(t, bin, "checkthatphone"), haul: newHaul(), t: t, rng: rng,
		presets: loadPresets(t), keys: make(map[string]string), faults: make(map[string][]harness.Fault),
	}
	h.collect = startCollector(t, h.haul)
	h.startVault()
	h.serveProviders()
	h.Log = "file " + filepath.Join(h.Dir, "debug.log") + " {\n\t\t\troll_disabled\n\t\t}"
	h.Sites += extra
	h.Env = append(h.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+h.collect.url, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
		// Go's own HTTP/2 writes headers and bodies to the log with this, and a
		// crash shows all it can.
		"GODEBUG=http2debug=2", "GOTRACEBACK=all", "OTEL_BSP_SCHEDULE_DELAY=500")
	h.addCanaries()
	h.Run()
	h.AwaitHealth(http.StatusOK)
	if got := h.Lookup(h.Minimal.Key, h.numbers[0]); got.Status != http.StatusOK {
		t.Fatalf("the first lookup got %d %s", got.Status, got.Body)
	}
	return h
}

// startVault keeps the keys in Vault, where there is one.
func (h *hunt) startVault() {
	h.t.Helper()
	if h.vault = startVault(h.t); h.vault == nil {
		return
	}
	h.way = harness.NewForward(h.t, h.vault.Address)
	h.way.Open(h.t)
	h.vault.Policy(h.t, "hunt", `path "secret/data/hunt/*" { capabilities = ["read"] }`)
	token := h.vault.Token(h.t, "hunt")
	h.searcher.AddSecret("the token of Vault", token)
	h.Vault = fmt.Sprintf("vault %s {\n ca %s\n auth token_file %s\n }", h.way.URL(), h.vault.CAFile, h.File("vault-token", token))
}

// serveProviders starts all providers, and a site for each.
func (h *hunt) serveProviders() {
	h.t.Helper()
	if h.vault == nil {
		h.t.Log("PRESETS WITH KEYS OF TWO FIELDS ARE LEFT OUT: there is no Vault server. Build one with `make e2e-vault`, or name one in RINGWARD_E2E_VAULT")
		h.presets = withoutPairs(h.presets)
	}
	var names []string
	for _, p := range h.presets {
		names = append(names, p.name)
	}
	h.Standin = harness.StartStandin(h.t, bin, harness.ProviderKey(), names...)
	h.searcher.AddSecret("a provider's key", h.Standin.Key)
	h.Credential = "file " + h.File("provider-key", h.Standin.Key)
	for _, p := range h.presets {
		p.port = harness.FreePort(h.t)
		h.faults[p.name] = h.Standin.Faults(h.t, p.name)
		key := h.nextKey(p.name)
		h.Standin.SetKeys(h.t, p.name, key)
		h.store(p.name, key)
		h.Sites += p.site(h.Standin.URLs[p.name], h.Standin.CAFile, h.credential(p.name))
	}
	// The stage's own site has the first provider once more.
	h.Standin.SetKeys(h.t, h.Provider, h.keys[h.Provider], h.Standin.Key)
}

func withoutPairs(all []*preset) (single []*preset) {
	for _, p := range all {
		if !isPair(p.name) {
			single = append(single, p)
		}
	}
	return single
}

// nextKey makes a key that is looked for from now on.
func (h *hunt) nextKey(name string) string {
	key := newKey(name)
	parts := []string{key}
	if isPair(name) {
		parts = append(parts, strings.SplitN(key, ":", 2)...)
	}
	if lines := strings.Split(key, "\n"); len(lines) > 3 {
		parts = append(parts, lines[1], lines[len(lines)/2]) // of a PEM file
	}
	for _, part := range parts {
		h.searcher.AddSecret("the key of "+name, part)
	}
	return key
}

// store puts a key where Ringward reads it.
func (h *hunt) store(name, key string) {
	h.t.Helper()
	h.keys[name] = key
	if h.vault == nil {
		h.File("key-"+name, key)
		return
	}
	secret := map[string]string{"first": key}
	if isPair(name) {
		secret["first"], secret["second"], _ = strings.Cut(key, ":")
	}
	h.vault.Put(h.t, "secret/hunt/"+name, secret)
}

// credential is the option of a preset's route.
func (h *hunt) credential(name string) string {
	const often = " {\n\t\t\trefresh 500ms\n\t\t}"
	switch {
	case h.vault == nil:
		return "file " + filepath.Join(h.Dir, "key-"+name) + often
	case isPair(name):
		return "vault secret/hunt/" + name + " first second" + often
	default:
		return "vault secret/hunt/" + name + " first" + often
	}
}

// addCanaries adds what else must not come out.
func (h *hunt) addCanaries() {
	h.searcher.AddSecret("the caller key of minimal", h.Minimal.Key)
	h.searcher.AddSecret("the caller key of full", h.Full.Key)
	h.searcher.AddSecret("the pseudonym key", h.Read("pseudonym-key"))
	for range 4 {
		stray := harness.NewCaller().Key
		h.searcher.AddSecret("a caller key that nobody knows", stray)
		h.strays = append(h.strays, stray)
	}
	for range 8 {
		number := fmt.Sprintf("+1415858%04d", h.rng.IntN(10000))
		h.searcher.AddNumber(number)
		h.numbers = append(h.numbers, number)
	}
}

// run hunts for a time, and then makes the process crash.
func (h *hunt) run(howLong time.Duration) {
	h.t.Helper()
	end := time.Now().Add(howLong)
	stop := h.sendRequests()
	for time.Now().Before(end) {
		h.disturb()
		h.harvest()
	}
	stop()
	h.crash()
}
