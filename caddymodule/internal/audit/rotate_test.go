//go:build unix

package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func segmentsIn(t testing.TB, dir string) []string {
	t.Helper()
	names, err := newSegmentNames("audit.jsonl").list(dir)
	must(t, err)
	return names
}

func TestSegmentNames(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for _, tt := range []struct{ path, want string }{
		{"/x/audit.jsonl", "audit-20260102T020405Z-000000000042.jsonl"},
		{"/x/a-b", "a-b-20260102T020405Z-000000000042"},
	} {
		names := newSegmentNames(tt.path)
		got := names.name(begun, 42)
		if seq, ok := names.parse(got); got != tt.want || !ok || seq != 42 {
			t.Errorf("%s: got %s, %d, %v", tt.path, got, seq, ok)
		}
		if groupOf("/x/"+got) != tt.path {
			t.Errorf("%s: its segment seems to be of %s", tt.path, groupOf("/x/"+got))
		}
		for _, other := range []string{filepath.Base(tt.path), got + ".gz", "x" + got, strings.Replace(got, "2026", "26", 1), strings.Replace(got, "42", "4x", 1)} {
			if _, ok := names.parse(other); ok {
				t.Errorf("%s is taken for a segment", other)
			}
		}
	}
	long := newSegmentNames("a").name(begun, 1234567890123)
	if seq, ok := newSegmentNames("a").parse(long); !ok || seq != 1234567890123 {
		t.Errorf("got %d from %s", seq, long)
	}
}

func TestFilesAreRotatedBySize(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	l := openWith(t, path, Options{MaxSize: 2 << 10, Signer: signer})
	for i := range 50 {
		mustWrite(t, l, fmt.Sprint(i))
	}
	must(t, l.Close())
	names := segmentsIn(t, dir)
	if len(names) < 3 {
		t.Fatalf("%d segments", len(names))
	}
	for _, name := range names {
		text := read(t, filepath.Join(dir, name))
		if len(text) > 2<<10+1024 { // the checkpoint that ends it does not count
			t.Errorf("%s has %d bytes", name, len(text))
		}
		if !strings.Contains(tornLine(t, filepath.Join(dir, name)), `"type":"checkpoint"`) {
			t.Errorf("%s does not end with a checkpoint", name)
		}
		if got := mode(t, filepath.Join(dir, name)); got != 0o600 {
			t.Errorf("%s has mode %o", name, got)
		}
	}
	paths := []string{path}
	for _, name := range slices.Backward(names) {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, given := range [][]string{{dir}, paths} { // any order
		report, err := Verify(given, VerifyOptions{Verifiers: verifiers})
		if err != nil || report.Chains[0].Entries != 50 || report.Chains[0].Unsigned != 0 {
			t.Errorf("got %+v, %v", report, err)
		}
	}
	var found []string
	for line, err := range Lines(paths...) {
		must(t, err)
		if !line.IsControl {
			found = append(found, decode(t, append(slices.Clone(line.Text), '\n'))["request_id"].(string))
		}
	}
	for i, id := range found {
		if id != fmt.Sprint(i) {
			t.Fatalf("the lines come as %v", found)
		}
	}
	wantBroken(t, paths[:2], "missing")
}

func TestFilesAreRotatedByAge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	old := time.Now().Add(-25 * time.Hour)
	backdate(t, path, old)
	l := openWith(t, path, Options{MaxAge: 24 * time.Hour})
	must(t, l.Write(t.Context(), at("2", time.Now())))
	must(t, l.Close())
	want := fmt.Sprintf("audit-%s-%012d.jsonl", old.UTC().Format(segmentTime), 1)
	if got := segmentsIn(t, dir); len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %s", got, want)
	}
	wantIDs(t, path, "2")
	mustVerify(t, []string{dir})
}

// aged makes the lines of a run in the past, with one entry, and says what number
// they begin with.
func aged(t testing.TB, path string, opts Options, id string, when time.Time) (lines []byte, first uint64) {
	t.Helper()
	end, err := newSegmentNames(path).newestTail(filepath.Dir(path))
	must(t, err)
	lines, last := end.last.append(nil, startLine{time: when, instance: "i"}.appendJSON(nil))
	lines, last = last.append(lines, at(id, when).AppendJSON(nil))
	if opts.Signer != nil {
		signed, err := checkpoint{"i", last}.sign(opts.Signer)
		must(t, err)
		lines, _ = last.append(lines, checkpointLine{when, signed}.appendJSON(nil))
	}
	return lines, end.last.seq + 1
}

// ageing makes segments of some days' age.
func ageing(t testing.TB, path string, opts Options, days ...int) {
	t.Helper()
	for _, age := range days {
		when := time.Now().Add(-time.Duration(age) * 24 * time.Hour)
		lines, first := aged(t, path, opts, fmt.Sprintf("%d days", age), when)
		must(t, os.WriteFile(filepath.Join(filepath.Dir(path), newSegmentNames(path).name(when, first)), lines, 0o600))
	}
}

// backdate makes an active file that was begun in the past.
func backdate(t testing.TB, path string, when time.Time) {
	t.Helper()
	lines, _ := aged(t, path, Options{}, "old", when)
	must(t, os.WriteFile(path, lines, 0o600))
}

func TestOldSegmentsAreDeletedWithATombstone(t *testing.T) {
	signer, verifiers := testKeys(t)
	for _, signer := range []*Options{{}, {Signer: signer}} {
		opts := *signer
		dir := t.TempDir()
		path := filepath.Join(dir, "audit.jsonl")
		ageing(t, path, opts, 40, 35, 31, 29, 1)
		before := segmentsIn(t, dir)
		known := verifiers
		if opts.Signer == nil {
			known = nil
		}
		opts.Retain = 30 * 24 * time.Hour
		writeAndClose(t, path, opts, "new")
		left := segmentsIn(t, dir)
		if !slices.Equal(left, before[3:]) {
			t.Fatalf("left are %v of %v", left, before)
		}
		report, err := Verify([]string{dir}, VerifyOptions{Verifiers: known})
		if err != nil || report.Chains[0].Deleted == 0 || report.Chains[0].FirstSeq != report.Chains[0].Deleted+1 {
			t.Errorf("got %+v, %v", report, err)
		}
		for _, name := range before[:3] {
			if !strings.Contains(read(t, path), `"type":"tombstone"`) || !strings.Contains(read(t, path), `"segment":"`+name+`"`) {
				t.Errorf("nothing says that %s was deleted", name)
			}
		}
		// One more that is taken away has no tombstone.
		must(t, os.Remove(filepath.Join(dir, left[0])))
		if _, err := Verify([]string{dir}, VerifyOptions{Verifiers: known}); !errors.Is(err, ErrBroken) {
			t.Errorf("with a segment gone: got %v", err)
		}
	}
}

// Tombstones grow old and are deleted themselves; the newest one stands for all.
func TestTheLogOutlivesItsTombstones(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	opts := Options{Signer: signer}
	ageing(t, path, opts, 40, 35, 31)
	opts.Retain = 30 * 24 * time.Hour
	writeAndClose(t, path, opts, "new")
	opts.Retain, opts.MaxAge = time.Nanosecond, time.Nanosecond
	for i := range 3 { // each run deletes what the one before wrote
		writeAndClose(t, path, opts, fmt.Sprint(i))
		writeAndClose(t, path, opts, fmt.Sprint(i))
	}
	report, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers})
	if err != nil || report.Chains[0].Deleted < 15 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// A tombstone that nobody signed is easily made by who deletes a segment.
func TestAnUnsignedTombstoneExplainsNothing(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	opts := Options{Signer: signer}
	ageing(t, path, opts, 3, 2, 1)
	writeAndClose(t, path, opts, "new")
	oldest := segmentsIn(t, dir)[0]
	gone, err := readSegment(dir, oldest)
	must(t, err)
	end, err := tailOf(path)
	must(t, err)
	forged, _ := end.last.append([]byte(read(t, path)), tombstoneLine{time.Now(), gone, "retention"}.appendJSON(nil))
	must(t, errors.Join(os.WriteFile(path, forged, 0o600), os.Remove(filepath.Join(dir, oldest))))
	mustVerify(t, []string{dir}) // without a key nobody can tell
	if _, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers}); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "tombstone") {
		t.Errorf("got %v", err)
	}
}

// The tombstone is durable before anything is deleted.
func TestNothingIsDeletedWithoutItsTombstone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	ageing(t, path, Options{}, 40)
	opts := Options{Retain: 24 * time.Hour, Timeout: time.Minute, Instance: "i"}
	must(t, opts.complete())
	s, err := newFileSink(path, 0)
	must(t, err)
	syncs := 0
	s.sync = func(*os.File) error {
		if syncs++; len(segmentsIn(t, dir)) != 1 {
			t.Errorf("deleted before sync %d", syncs)
		}
		if syncs == 2 { // the one with the tombstone
			return errors.New("disk broken")
		}
		return nil
	}
	l := newLog(s, opts)
	mustWrite(t, l, "1")
	must(t, l.Close())
	if len(segmentsIn(t, dir)) != 1 || syncs < 2 {
		t.Errorf("%d segments after %d syncs", len(segmentsIn(t, dir)), syncs)
	}
	mustVerify(t, []string{dir})
}

func TestARotationThatFailsKeepsTheEntries(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	old := time.Now().Add(-25 * time.Hour)
	backdate(t, path, old)
	taken := filepath.Join(dir, newSegmentNames(path).name(old, 1))
	must(t, os.Mkdir(taken, 0o700))
	problems := make(chan error, 10)
	l := openWith(t, path, Options{MaxAge: 24 * time.Hour, OnProblem: func(err error) { problems <- err }})
	mustWrite(t, l, "1")
	mustWrite(t, l, "2")
	must(t, l.Close())
	if len(problems) != 1 || l.Failing() {
		t.Errorf("%d problems told, want 1; failing: %v", len(problems), l.Failing())
	}
	mustVerify(t, []string{path})
	wantIDs(t, path, "old", "1", "2")
}
