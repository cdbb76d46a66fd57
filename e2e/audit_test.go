package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// auditStage is a Ringward whose audit log is signed.
type auditStage struct {
	*harness.Stage

	t        *testing.T
	verifier string // path of the key that verifies the log
	asked    atomic.Int64
}

func newAuditStage(t *testing.T, options string) *auditStage {
	t.Helper()
	s := &auditStage{Stage: harness.NewStage(t, bin, "checkthatphone"), t: t}
	signer, verifier := auditKey(t)
	s.verifier = s.File("audit.pub", verifier)
	s.AuditMore = "signing_key file " + s.File("signing-key", signer) + "\n" + options
	return s
}

// auditKey makes a key pair as operators do.
func auditKey(t *testing.T) (signer, verifier string) {
	t.Helper()
	got := harness.Run(t, nil, bin.Ringward, "audit", "key", "e2e")
	found := regexp.MustCompile(`(?m)^\t(\S+)$`).FindAllStringSubmatch(got.Stdout, -1)
	if got.Code != 0 || len(found) != 2 {
		t.Fatalf("audit key: %+v", got)
	}
	return found[0][1], found[1][1]
}

// verify checks logs as auditors do, and returns what the command says.
func (s *auditStage) verify(paths ...string) string {
	s.t.Helper()
	got := s.Command(append([]string{"audit", "verify", "--key", s.verifier}, paths...)...)
	if got.Code != 0 || strings.Contains(got.Stdout, "BROKEN") {
		s.t.Fatalf("the log does not verify: %s%s", got.Stdout, got.Stderr)
	}
	return got.Stdout
}

// verifyRotated is verify for the config's log with its rotated files.
func (s *auditStage) verifyRotated() string {
	s.t.Helper()
	return s.verify("--config", s.Caddyfile())
}

// counted is the number that a sentence of audit verify begins with, 0 where it
// is not there.
func counted(verified, sentence string) (n int) {
	if found := regexp.MustCompile(`(\d+) ` + sentence).FindStringSubmatch(verified); found != nil {
		_, _ = fmt.Sscan(found[1], &n)
	}
	return n
}

// stop ends Ringward as a service manager does.
func (s *auditStage) stop() {
	s.t.Helper()
	s.Process.Signal(s.t, syscall.SIGTERM)
	if code := s.Process.Wait(s.t); code != 0 {
		s.t.Errorf("Ringward ended with %d", code)
	}
}

// ask looks up a number that nobody asked about before.
func (s *auditStage) ask() (harness.Reply, error) {
	n := s.asked.Add(1)
	number := fmt.Sprintf("+1415%03d%04d", 200+n/10000, n%10000)
	return harness.Client{}.Do(s.LookupRequest(s.Minimal.Key, number))
}

// auditLoad are lookups that go on until they are told to stop.
type auditLoad struct {
	stage *auditStage
	over  atomic.Bool
	wg    sync.WaitGroup

	mu       sync.Mutex
	answered []string // ids of the requests that got 200
	refused  int      // requests that got 503
	failed   []string // what else became of requests
}

// load begins to look up, several at a time.
func (s *auditStage) load() *auditLoad {
	l := &auditLoad{stage: s}
	for range 6 {
		l.wg.Go(func() {
			for !l.over.Load() {
				l.note(s.ask())
			}
		})
	}
	return l
}

func (l *auditLoad) note(got harness.Reply, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.failed = append(l.failed, err.Error())
	case got.Status == http.StatusOK:
		l.answered = append(l.answered, got.Header.Get("X-Request-Id"))
	case got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") != "":
		l.refused++
	default:
		l.failed = append(l.failed, fmt.Sprintf("%d %s", got.Status, got.Body))
	}
}

// counts returns how many were answered and refused so far.
func (l *auditLoad) counts() (answered, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answered), l.refused
}

// await waits until so many more were answered and refused.
func (l *auditLoad) await(answered, refused int) {
	l.stage.t.Helper()
	a, r := l.counts()
	harness.Eventually(l.stage.t, harness.Soon, "lookups to be answered or refused", func() error {
		if nowA, nowR := l.counts(); nowA < a+answered || nowR < r+refused {
			return fmt.Errorf("%d of %d were answered and %d of %d refused", nowA-a, answered, nowR-r, refused)
		}
		return nil
	})
}

// stop ends the load and returns the ids of those who got an answer.
func (l *auditLoad) stop() []string {
	l.over.Store(true)
	l.wg.Wait()
	return l.answered
}

// wantNoFailure is for a load under which nothing may fail but by a refusal.
func (l *auditLoad) wantNoFailure() {
	l.stage.t.Helper()
	if len(l.failed) > 0 {
		l.stage.t.Errorf("%d requests failed, the first one so: %s", len(l.failed), l.failed[0])
	}
}

// wantNoRefusal is for a load under which nothing may fail at all.
func (l *auditLoad) wantNoRefusal() {
	l.stage.t.Helper()
	if l.refused > 0 {
		l.stage.t.Errorf("%d requests were refused", l.refused)
	}
}

// auditText is what the tests look at in a log.
type auditText struct {
	offset     int64           // of what was read
	results    map[string]bool // request ids of entries with an outcome
	pseudonyms map[string]bool // of the numbers of all entries, without their keys' names
	types      map[string]int  // how many lines of each type there are
}

func newAuditText() *auditText {
	return &auditText{results: make(map[string]bool), pseudonyms: make(map[string]bool), types: make(map[string]int)}
}

// read reads on. Lines that were torn are passed over.
func (a *auditText) read(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = text[a.offset:]
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	a.offset += int64(len(text))
	for line := range bytes.Lines(text) {
		var l struct {
			Type      string
			RequestID string `json:"request_id"`
			Numbers   []struct{ Pseudonym string }
		}
		if json.Unmarshal(line, &l) != nil {
			continue
		}
		a.types[l.Type]++
		if l.Type == "" {
			a.results[l.RequestID] = true
		}
		for _, number := range l.Numbers {
			_, pseudonym, _ := strings.Cut(number.Pseudonym, ":")
			a.pseudonyms[pseudonym] = true
		}
	}
}

// auditTextOf reads whole logs; what is no file is passed over.
func auditTextOf(t *testing.T, patterns ...string) *auditText {
	t.Helper()
	all := newAuditText()
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			all.offset = 0
			all.read(t, path)
		}
	}
	return all
}

// lacks lists the answers whose entry is not in the log.
func (a *auditText) lacks(answered []string) []string {
	return slices.DeleteFunc(slices.Clone(answered), func(id string) bool { return a.results[id] })
}

func (a *auditText) wantAll(t *testing.T, answered []string) {
	t.Helper()
	if missing := a.lacks(answered); len(missing) > 0 {
		t.Errorf("%d of %d answers have no entry, the first one %s", len(missing), len(answered), missing[0])
	}
}

// pseudonym is that of a number under the key of a stage, without the key's name.
// It is written out here, since a change of it would tear subjects from their
// entries.
func pseudonym(key, e164 string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("ringward/pseudonym/e164/v1\x00" + e164))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
