//go:build unix

package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// openWith opens a log that waits long for the disk.
func openWith(t testing.TB, path string, opts Options) *Log {
	t.Helper()
	opts.Timeout = time.Minute
	if opts.Instance == "" {
		opts.Instance = "i"
	}
	l, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// writeAndClose writes entries to a log of one run. Nothing is synced, which
// would take most of the time.
func writeAndClose(t testing.TB, path string, opts Options, ids ...string) {
	t.Helper()
	opts.Timeout = time.Minute
	if opts.Instance == "" {
		opts.Instance = "i"
	}
	must(t, opts.complete())
	s, err := newFileSink(path, 0)
	must(t, err)
	s.sync = func(*os.File) error { return nil }
	l := newLog(s, opts)
	must(t, l.Start())
	for _, id := range ids {
		mustWrite(t, l, id)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALineTornAnywhereIsAdmitted(t *testing.T) {
	signer, verifiers := testKeys(t)
	opts := Options{Signer: signer}
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	writeAndClose(t, path, opts, "1", "2")
	whole := read(t, path)
	for _, last := range []struct{ name, content string }{
		{"checkpoint", whole},
		{"entry", whole[:strings.LastIndex(strings.TrimSuffix(whole, "\n"), "\n")+1]},
		{"start", whole[:strings.Index(whole, "\n")+1]},
	} {
		begin := strings.LastIndex(strings.TrimSuffix(last.content, "\n"), "\n") + 1
		for cut := begin; cut <= len(last.content); cut++ {
			for _, junk := range []string{"", "\n", "\x00\x00\x00"} {
				if (junk != "" || last.name != "entry") && cut > begin+10 && cut < len(last.content)-10 && cut%8 > 0 {
					continue // the rest is no different
				}
				torn := last.content[:cut] + junk
				must(t, os.WriteFile(path, []byte(torn), 0o600))
				writeAndClose(t, path, opts, "3")
				report, err := Verify([]string{path}, VerifyOptions{Verifiers: verifiers})
				isWhole := cut >= len(last.content)-1 && junk != "\x00\x00\x00" || cut == begin && junk == ""
				if cut == begin && junk == "\n" || cut == len(last.content) && junk == "\n" {
					// An empty line is not what tearing leaves.
					if !errors.Is(err, ErrBroken) {
						t.Errorf("%s cut at %d with %q: got %v", last.name, cut, junk, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s cut at %d with %q: %v", last.name, cut, junk, err)
				}
				if want := map[bool]int{true: 0, false: 1}[isWhole]; report.Chains[0].Torn != want && junk != "\n" {
					t.Errorf("%s cut at %d with %q: %d torn tails, want %d", last.name, cut, junk, report.Chains[0].Torn, want)
				}
				if !strings.HasPrefix(read(t, path), torn) {
					t.Fatalf("%s cut at %d with %q: something was taken away", last.name, cut, junk)
				}
			}
		}
	}
}

func TestTornAgainWhileItIsAdmitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	writeAndClose(t, path, Options{}, "1")
	for _, cut := range []int{20, 90, 120, 200} {
		before := read(t, path)
		writeAndClose(t, path, Options{}, "2")
		must(t, os.WriteFile(path, []byte(read(t, path)[:len(before)+cut]), 0o600))
	}
	writeAndClose(t, path, Options{}, "3")
	mustVerify(t, []string{path})
}

func TestAFileOfSomethingElseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for name, content := range map[string]string{
		"lines without envelope": `{"time":"2026-01-01T00:00:00.000000Z"}` + "\n",
		"a torn one after it":    `{"time":"2026-01-01T00:00:00.000000Z"}` + "\n{\"ti",
		"far too long":           strings.Repeat("x", maxTail+1),
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path, []byte(content), 0o600))
			if l, err := Open(path, Options{}); !errors.Is(err, errNotChain) {
				t.Errorf("got %v", err)
				_ = l.Close()
			}
			if read(t, path) != content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestTheChainGoesOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		move func(dir, path string) error // between two runs
	}{
		{"in the same file", func(string, string) error { return nil }},
		{"after a rotation without a new file", func(dir, path string) error {
			return os.Rename(path, filepath.Join(dir, "audit-20260101T000000Z-000000000001.jsonl"))
		}},
		{"after a rotation with an empty new file", func(dir, path string) error {
			return errors.Join(os.Rename(path, filepath.Join(dir, "audit-20260101T000000Z-000000000001.jsonl")), os.WriteFile(path, nil, 0o600))
		}},
		{"after a rotation with a torn first line", func(dir, path string) error {
			return errors.Join(os.Rename(path, filepath.Join(dir, "audit-20260101T000000Z-000000000001.jsonl")), os.WriteFile(path, []byte(`{"seq":`), 0o600))
		}},
		{"after another program's rotation", func(_, path string) error { return os.Rename(path, path+".1") }},
		{"after one with a torn last line", func(_, path string) error {
			content, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path+".1", append(content, "{\"seq"...), 0o600), os.Remove(path))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "audit.jsonl")
			writeAndClose(t, path, Options{}, "1", "2")
			must(t, tt.move(dir, path))
			writeAndClose(t, path, Options{}, "3")
			report := mustVerify(t, []string{dir})
			if len(report.Chains) != 1 || report.Chains[0].LastSeq != 5 || report.Chains[0].Entries != 3 {
				t.Errorf("got %+v", report)
			}
		})
	}
}

// What a failed write left in the file counts; what it did not is not missed.
func TestAfterAFailedWriteTheChainGoesOn(t *testing.T) {
	length := len(aLine()) + 2*MaxEntry
	for written := 0; written <= length; written += 3 {
		var before int64
		fail := false
		l, path := openSync(t, func(s *fileSink, _ *os.File) error {
			if !fail {
				before = s.size
				return nil
			}
			fail = false
			length = int(s.size - before)
			return errors.Join(syscall.EIO, os.Truncate(s.path, before+int64(min(written, length))))
		})
		mustWrite(t, l, "1")
		fail = true
		if err := l.Write(t.Context(), entry("2")); !errors.Is(err, syscall.EIO) {
			t.Fatalf("got %v", err)
		}
		mustWrite(t, l, "3")
		must(t, l.Close())
		mustVerify(t, []string{path})
	}
}

// tornLine is the last line of a file.
func tornLine(t testing.TB, path string) string {
	t.Helper()
	content := read(t, path)
	return content[strings.LastIndex(strings.TrimSuffix(content, "\n"), "\n")+1:]
}

func TestOnlyALineThatIsWrittenShowsThatTheLogWorksAgain(t *testing.T) {
	fail := true
	l, _ := openSync(t, func(_ *fileSink, file *os.File) error {
		if fail {
			return syscall.EIO
		}
		return syncData(file)
	})
	if err := l.Start(); err == nil || !l.Failing() {
		t.Errorf("got %v; failing: %v", err, l.Failing())
	}
	fail = false
	must(t, l.Start())
	if l.Failing() {
		t.Error("still failing after a start line was written")
	}
	fail = true
	if err := l.Write(t.Context(), entry("1")); err == nil || !l.Failing() {
		t.Errorf("got %v; failing: %v", err, l.Failing())
	}
	must(t, l.Start()) // writes nothing: the log has been started
	if !l.Failing() {
		t.Error("taken to work again, though nothing was written")
	}
	fail = false
	mustWrite(t, l, "2")
	if l.Failing() {
		t.Error("still failing after an entry was written")
	}
}

func TestAFileRenamedWhileItCannotBeWritten(t *testing.T) {
	fail := false
	l, path := openSync(t, func(s *fileSink, file *os.File) error {
		if fail {
			return errors.Join(syscall.ENOSPC, os.Truncate(s.path, s.size-20))
		}
		return syncData(file)
	})
	mustWrite(t, l, "1")
	fail = true
	for range 2 {
		if err := l.Write(t.Context(), entry("2")); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("got %v", err)
		}
	}
	must(t, os.Rename(path, path+".1"))
	fail = false
	mustWrite(t, l, "3")
	must(t, l.Close())
	if chain := mustVerify(t, []string{filepath.Dir(path)}).Chains[0]; chain.Torn != 2 || chain.Files != 2 {
		t.Errorf("got %+v", chain)
	}
}

// A line that was acknowledged and is gone must be missed, not forgotten.
func TestLinesCutOffWhileTheLogIsOpenAreMissed(t *testing.T) {
	fail := false
	l, path := openSync(t, func(_ *fileSink, file *os.File) error {
		if fail {
			return syscall.EIO
		}
		return syncData(file)
	})
	mustWrite(t, l, "1")
	kept := read(t, path)
	mustWrite(t, l, "2")
	fail = true
	if err := l.Write(t.Context(), entry("3")); err == nil {
		t.Fatal("no failure")
	}
	fail = false
	must(t, os.WriteFile(path, []byte(kept), 0o600))
	mustWrite(t, l, "4")
	must(t, l.Close())
	wantBroken(t, []string{path}, "missing")
}

func TestOneLogAtATimeWritesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	first := openWith(t, path, Options{})
	if l, err := Open(path, Options{LockWait: time.Millisecond}); !errors.Is(err, errLocked) {
		t.Fatalf("got %v", err)
	} else if l != nil {
		t.Error("there is a log nonetheless")
	}
	before := read(t, path)
	prepared, err := Prepare(path, Options{}) // as when a config is checked meanwhile
	must(t, err)
	must(t, prepared.Close())
	if read(t, path) != before {
		t.Error("preparing wrote to the file")
	}

	opened := make(chan error, 1)
	go func() { // as at a restart, while the old process ends
		second, err := Open(path, Options{LockWait: time.Minute, Timeout: time.Minute})
		opened <- err
		if err == nil {
			opened <- errors.Join(second.Write(t.Context(), entry("2")), second.Close())
		}
	}()
	mustWrite(t, first, "1")
	must(t, first.Close())
	must(t, <-opened)
	must(t, <-opened)
	wantIDs(t, path, "1", "2")
	mustVerify(t, []string{path})
}

func TestPreparingMakesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log", "audit.jsonl")
	l, err := Prepare(path, Options{})
	must(t, err)
	if found := tree(t, dir); strings.Contains(found, "audit") {
		t.Errorf("there is %s", found)
	}
	mustWrite(t, l, "1") // starts it
	must(t, l.Start())   // has been started
	must(t, l.Close())
	if got := strings.Count(read(t, path), `"type":"start"`); got != 1 {
		t.Errorf("%d start lines", got)
	}
	mustVerify(t, []string{path})
}

func TestStartLineSaysWhoWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	writeAndClose(t, path, Options{Instance: "a.b-1", Version: "v1", Config: "abc"})
	fields := decode(t, []byte(read(t, path)))
	for name, want := range map[string]any{
		"seq": 1.0, "prev": strings.Repeat("0", 64), "type": "start", "instance": "a.b-1", "version": "v1", "config": "abc", "torn": nil,
	} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	for _, name := range []string{"a b", "a\n", "a+b", strings.Repeat("a", maxInstance+1)} {
		if _, err := Prepare(path, Options{Instance: name}); !errors.Is(err, errInstance) {
			t.Errorf("got %v", err)
		}
	}
}

func TestForgottenEpochsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openWith(t, path, Options{})
	must(t, l.Record(t.Context(), Forget{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Epoch: "e1"}))
	fields := decode(t, []byte(tornLine(t, path)))
	if fields["type"] != "forget" || fields["epoch"] != "e1" || fields["time"] != "2026-01-02T03:04:05.000000Z" || fields["seq"] != 2.0 {
		t.Errorf("got %v", fields)
	}
	mustVerify(t, []string{path})
}

// The entry itself is the same, byte for byte, behind its envelope.
func TestEntriesAreKeptAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openWith(t, path, Options{})
	e := fullEntry()
	must(t, l.Write(t.Context(), &e))
	want := e.AppendJSON(nil)[1:]
	got, ok := parseEnvelope(bytes.TrimSuffix([]byte(tornLine(t, path)), []byte{'\n'}))
	if !ok || string(got.body)+"\n" != string(want) || got.seq != 2 {
		t.Errorf("got %d %s", got.seq, got.body)
	}
}

func TestEnvelopesHaveOneForm(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	good := fmt.Sprintf(`{"seq":12,"prev":"%s","time":1}`, hash)
	if e, ok := parseEnvelope([]byte(good)); !ok || e.seq != 12 {
		t.Fatal("the form itself is refused")
	}
	for _, bad := range []string{
		"", "{}", strings.Replace(good, "12", "012", 1), strings.Replace(good, "12", "0", 1),
		strings.Replace(good, "12", "-1", 1), strings.Replace(good, "12", "", 1), strings.Replace(good, "12", "18446744073709551616", 1),
		strings.Replace(good, "0a", "0A", 1), strings.Replace(good, "0a", "0g", 1), strings.Replace(good, "0a", "", 1),
		strings.Replace(good, `"seq":`, `"seq": `, 1), " " + good, good + " ", strings.TrimSuffix(good, "}"),
		fmt.Sprintf(`{"seq":12,"prev":"%s"}`, hash), fmt.Sprintf(`{"prev":"%s","seq":12,"time":1}`, hash),
	} {
		if _, ok := parseEnvelope([]byte(bad)); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}
