package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Standin is a running e2e stand-in for the providers.
type Standin struct {
	Key    string            // what it accepts at first
	URLs   map[string]string // by provider
	CAFile string

	record  string
	control string
}

// StartStandin serves providers that accept the key.
func StartStandin(t testing.TB, bin Binaries, key string, providers ...string) *Standin {
	t.Helper()
	dir := t.TempDir()
	s := &Standin{Key: key, CAFile: filepath.Join(dir, "ca.pem"), record: filepath.Join(dir, "record.jsonl")}
	p := Start(t, nil, bin.Standin,
		"-provider", strings.Join(providers, ","), "-key", key, "-record", s.record, "-ca-out", s.CAFile)
	var ready struct {
		URLs    map[string]string
		Control string
	}
	if err := p.awaitLine(&ready); err != nil {
		t.Fatalf("stand-in: %v\n%s", err, p.Stderr())
	}
	s.URLs, s.control = ready.URLs, ready.Control
	return s
}

// SetKeys makes a provider accept these keys and no others.
func (s *Standin) SetKeys(t testing.TB, provider string, keys ...string) {
	t.Helper()
	s.order(t, "/keys", map[string]any{"provider": provider, "keys": keys})
}

// Fault is how a provider answers wrongly: fields of the stand-in's order.
type Fault map[string]any

// SetFault makes a provider answer the next request wrongly, or all that follow
// where the fault is sticky; nil ends that.
func (s *Standin) SetFault(t testing.TB, provider string, fault Fault) {
	t.Helper()
	order := map[string]any{"provider": provider}
	maps.Copy(order, fault)
	s.order(t, "/fault", order)
}

// Faults lists what can go wrong at a provider: one Fault for each fault of the
// gallery and each error that the provider documents.
func (s *Standin) Faults(t testing.TB, provider string) []Fault {
	t.Helper()
	var known map[string]map[string][]string
	got := Client{}.Get(t, s.control+"/faults")
	if err := json.Unmarshal([]byte(got.Body), &known); err != nil || len(known[provider]) == 0 {
		t.Fatalf("the stand-in knows no faults: %s", got.Body)
	}
	var all []Fault
	for kind, names := range known[provider] {
		for _, name := range names {
			all = append(all, Fault{kind: name})
		}
	}
	return all
}

// Hold makes a provider's next request wait for Open.
func (s *Standin) Hold(t testing.TB, provider string) {
	t.Helper()
	s.order(t, "/hold", map[string]any{"provider": provider})
}

// Open lets go of the provider's requests that wait.
func (s *Standin) Open(t testing.TB, provider string) {
	t.Helper()
	s.order(t, "/open", map[string]any{"provider": provider})
}

func (s *Standin) order(t testing.TB, path string, order any) {
	t.Helper()
	body, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	if got := (Client{}).MustDo(t, Request(t, http.MethodPost, s.control+path, string(body))); got.Status != http.StatusNoContent {
		t.Fatalf("the stand-in refuses %s: %s", path, got.Body)
	}
}

// Calls returns how many requests a provider has received.
func (s *Standin) Calls(t testing.TB, provider string) int {
	t.Helper()
	return s.count(t, "/calls", provider)
}

// AwaitHeld waits until the provider holds a request.
func (s *Standin) AwaitHeld(t testing.TB, provider string) {
	t.Helper()
	Eventually(t, Soon, "the lookup to reach the provider", func() error {
		if s.count(t, "/held", provider) != 1 {
			return errors.New("no request is held")
		}
		return nil
	})
}

func (s *Standin) count(t testing.TB, path, provider string) int {
	t.Helper()
	count, _ := Client{}.Get(t, s.control+path).JSON(t)[provider].(float64)
	return int(count)
}

// Record is the file to which the providers append every request, one Received
// a line.
func (s *Standin) Record() string { return s.record }

// Received is a request as a provider got it.
type Received struct {
	Method, Host, URI, Body string
	Headers                 http.Header
}

// Received lists the requests that reached the providers, oldest first.
func (s *Standin) Received(t testing.TB) []Received {
	t.Helper()
	return readLines[Received](t, s.record)
}

// readLines decodes a file of JSON lines.
func readLines[T any](t testing.TB, path string) []T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("line %q of %s: %v", line, filepath.Base(path), err)
		}
		all = append(all, one)
	}
	return all
}
