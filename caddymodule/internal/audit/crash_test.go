//go:build unix

package audit

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	crashRounds = "RINGWARD_CRASH_ROUNDS" // how often a process is killed; default 20
	crashKey    = "RINGWARD_CRASH_KEY"    // tells a child to write, and to sign with what
	crashRound  = "RINGWARD_CRASH_ROUND"
)

// A process that is killed at any moment leaves a log that verifies, and in it
// every entry that was acknowledged.
func TestAKilledProcessLosesNoAcknowledgedEntry(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv(crashRounds))
	if err != nil {
		rounds = 20
	}
	secret, public, err := GenerateKey("crash")
	must(t, err)
	verifiers, err := ParseVerifiers(public)
	must(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	acknowledged := map[string]bool{}
	var known []string
	torn := 0
	for round := range rounds {
		for _, id := range killedWriter(t, path, secret, round) {
			if note, isNote := strings.CutPrefix(id, "note "); isNote {
				note, err := strconv.Unquote(note)
				must(t, err)
				known = append(known, note)
				continue
			}
			acknowledged[id] = true
		}
		_, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers, Known: known})
		if err != nil && !strings.Contains(err.Error(), notALine) {
			t.Fatalf("round %d, as it was left: %v", round, err)
		}
		writeAndClose(t, path, Options{})
		report, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers, Known: known})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		torn = report.Chains[0].Torn
	}
	for line, err := range Lines(dir) {
		must(t, err)
		if _, id, ok := bytes.Cut(line.Text, []byte(`"request_id":"`)); ok {
			id, _, _ := bytes.Cut(id, []byte{'"'})
			delete(acknowledged, string(id))
		}
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged but missing: %v", acknowledged)
	}
	t.Logf("%d files, %d checkpoints known, %d torn tails", len(segmentsIn(t, dir))+1, len(known), torn)
}

// killedWriter runs a process that writes, kills it, and returns what that had
// said was safe.
func killedWriter(t *testing.T, path, secret string, round int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashingChild$")
	cmd.Dir = filepath.Dir(path)
	cmd.Env = append(os.Environ(), crashKey+"="+secret, crashRound+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lives, spins := 1+rand.IntN(80), rand.IntN(2000)
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said = append(said, lines.Text())
		if len(said) == lives {
			for range spins {
				runtime.Gosched()
			}
			must(t, cmd.Process.Kill())
		}
	}
	_ = cmd.Wait() // it was killed
	if len(said) < lives {
		t.Fatalf("round %d: the child ended by itself after %q", round, said)
	}
	if n := len(said) - 1; strings.Contains(said[n], "note ") && !strings.HasSuffix(said[n], `\n"`) {
		said = said[:n] // was not said to its end
	}
	return said
}

// TestCrashingChild is that process.
func TestCrashingChild(t *testing.T) {
	key := os.Getenv(crashKey)
	if key == "" {
		t.Skip("only runs for TestAKilledProcessLosesNoAcknowledgedEntry")
	}
	signer, err := ParseSigner(key)
	must(t, err)
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(os.Stdout, format+"\n", args...)
	}
	l := openWith(t, "audit.jsonl", Options{
		Signer: signer, CheckpointEntries: 7, MaxSize: 8 << 10,
		OnCheckpoint: func(note string) { say("note %q", note) },
	})
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv(crashRound), w, i)
				if err := l.Write(t.Context(), at(id, time.Now())); err != nil {
					say("failed: %v", err)
					return
				}
				say("%s", id)
			}
		}()
	}
	select {} // until it is killed
}
