//go:build unix

package audit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// ledger is a log in memory, to be tampered with: the lines of each file,
// without newlines.
type ledger struct {
	names []string
	files [][]string
}

func readLedger(t testing.TB, dir string) ledger {
	t.Helper()
	var l ledger
	for _, name := range append(segmentsIn(t, dir), "audit.jsonl") {
		text := strings.TrimSuffix(read(t, filepath.Join(dir, name)), "\n")
		l.names, l.files = append(l.names, name), append(l.files, strings.Split(text, "\n"))
	}
	return l
}

func (l ledger) clone() ledger {
	files := slices.Clone(l.files)
	for i := range files {
		files[i] = slices.Clone(files[i])
	}
	return ledger{slices.Clone(l.names), files}
}

func (l ledger) store(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range l.names {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(l.files[i], "\n")+"\n"), 0o600))
	}
	return dir
}

// rechain computes all envelopes anew, as somebody can who has no key.
func (l ledger) rechain(t testing.TB) {
	t.Helper()
	first, ok := parseEnvelope([]byte(l.files[0][0]))
	if !ok {
		t.Fatal("no first line")
	}
	last := link{first.seq - 1, first.prev}
	for _, file := range l.files {
		for i, line := range file {
			e, ok := parseEnvelope([]byte(line))
			if !ok {
				t.Fatalf("not a line: %s", line)
			}
			var text []byte
			text, last = last.append(nil, append(append([]byte{'{'}, e.body...), '\n'))
			file[i] = strings.TrimSuffix(string(text), "\n")
		}
	}
}

// sampleLedger has every kind of line, an admitted torn one and a deleted
// segment included, in three files.
func sampleLedger(t testing.TB, signer note.Signer) ledger {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	opts := Options{Signer: signer, CheckpointEntries: 4}
	ageing(t, path, opts, 40, 20, 10)
	opts.Retain = 30 * 24 * time.Hour
	run := func(ids ...string) {
		l := openWith(t, path, opts)
		for _, id := range ids {
			must(t, l.Write(t.Context(), at(id, time.Now())))
		}
		must(t, l.Record(t.Context(), Forget{time.Now(), "e1"}))
		must(t, l.Write(t.Context(), at("last", time.Now())))
		must(t, l.Close())
	}
	run("a", "b", "c", "d", "e")
	must(t, os.WriteFile(path, []byte(read(t, path)+`{"seq":99,"pr`), 0o600))
	run("f", "g")
	return readLedger(t, dir)
}

func kindOf(line string) string {
	e, ok := parseEnvelope([]byte(line))
	switch {
	case !ok:
		return "torn"
	case e.isControl():
		said, _ := parseControl([]byte(line))
		return said.Type
	}
	return "entry"
}

func TestTheSampleHasAllKindsOfLinesAndVerifies(t *testing.T) {
	signer, verifiers := testKeys(t)
	sample := sampleLedger(t, signer)
	report, err := Verify([]string{sample.store(t)}, VerifyOptions{Verifiers: verifiers})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, file := range sample.files {
		for _, line := range file {
			kinds[kindOf(line)]++
		}
	}
	for _, kind := range []string{"entry", typeStart, typeCheckpoint, typeTombstone, typeForget, "torn"} {
		if kinds[kind] == 0 {
			t.Errorf("no line is a %s", kind)
		}
	}
	chain := report.Chains[0]
	if len(report.Chains) != 1 || chain.Entries != int64(kinds["entry"]) || chain.Checkpoints != int64(kinds[typeCheckpoint]) ||
		chain.Torn != 1 || chain.TornBytes != 13 || chain.Deleted == 0 || chain.Unsigned != 0 || chain.Files != 3 ||
		chain.Lines != int64(chain.LastSeq-chain.FirstSeq+1) || chain.Instance != "i" || chain.From.IsZero() || !chain.From.Before(chain.To) {
		t.Errorf("got %+v of %v", chain, kinds)
	}
}

// Every line is tampered with in every way, without the key. The line that is
// named is the one that was tampered with, or the first that shows it.
func TestAnyTamperingIsFoundAndNamed(t *testing.T) {
	signer, verifiers := testKeys(t)
	sample := sampleLedger(t, signer)
	replace := func(at int, with ...string) func([]string) []string {
		return func(file []string) []string { return slices.Replace(slices.Clone(file), at, at+1, with...) }
	}
	for f, file := range sample.files {
		for i, line := range file {
			isLast := i == len(file)-1
			isEnd := isLast && f == len(sample.files)-1
			kind := kindOf(line)
			forged := "{}"
			if e, ok := parseEnvelope([]byte(line)); ok { // follows from the line before
				text, _ := link{e.seq - 1, e.prev}.append(nil, entry("forged").AppendJSON(nil))
				forged = strings.TrimSuffix(string(text), "\n")
			}
			tamperings := map[string]func([]string) []string{
				"a digit of its number":    replace(i, strings.Replace(line, `":`, `":1`, 1)),
				"a digit of its hash":      replace(i, changeAfter(line, `"prev":"`)),
				"a letter":                 replace(i, changeAfter(line, `"time":"`)),
				"a field more":             replace(i, strings.TrimSuffix(line, "}")+`,"more":1}`),
				"a space":                  replace(i, line+" "),
				"a carriage return":        replace(i, line+"\r"),
				"cut in half":              replace(i, line[:len(line)/2]),
				"empty":                    replace(i, ""),
				"another in its place":     replace(i, forged),
				"one inserted before":      replace(i, forged, line),
				"there twice":              replace(i, line, line),
				"removed":                  replace(i),
				"something else before it": replace(i, "junk", line),
				"an empty line before it":  replace(i, "", line),
			}
			if !isLast {
				tamperings["exchanged with the next"] = func(file []string) []string {
					file = slices.Clone(file)
					file[i], file[i+1] = file[i+1], file[i]
					return file
				}
			}
			for name, tamper := range tamperings {
				if kind == "torn" && (name == "a digit of its hash" || name == "a letter") {
					continue // has neither
				}
				bad := sample.clone()
				bad.files[f] = tamper(file)
				report, err := Verify([]string{bad.store(t)}, VerifyOptions{Verifiers: verifiers, Known: []string{lastNote(t, sample)}})
				uncovered := []string{"a letter", "a field more", "another in its place", "removed"}
				if isEnd && slices.Contains(uncovered, name) {
					continue // nothing comes after the last line, and what was known is of the one before
				}
				if !errors.Is(err, ErrBroken) {
					t.Errorf("%s %d of file %d: %s: %v", kind, i+1, f+1, name, err)
					continue
				}
				found := firstBad(report)
				if isEnd || isLast && name == "removed" { // shows at the next file, or by the known checkpoint
					continue
				}
				if found.File == "" || filepath.Base(found.File) != sample.names[f] || found.Line < i || found.Line > i+2 {
					t.Errorf("%s %d of file %d (%s): %s: found %v", kind, i+1, f+1, sample.names[f], name, found)
				}
				exact := []string{"a digit of its hash", "a letter", "a field more", "another in its place", "cut in half", "a space"}
				if kind == "entry" && slices.Contains(exact, name) && found.Line != i+1 {
					t.Errorf("%s %d of file %d: %s: found in line %d: %v", kind, i+1, f+1, name, found.Line, found)
				}
			}
		}
	}
}

func firstBad(report Report) *Finding {
	for _, chain := range report.Chains {
		if chain.Bad != nil {
			return chain.Bad
		}
	}
	return &Finding{}
}

// changeAfter changes the character after a mark, to another that may stand there.
func changeAfter(line, mark string) string {
	at := strings.Index(line, mark) + len(mark)
	c := byte('1')
	if at < len(line) && line[at] == c {
		c = '3'
	}
	return line[:min(at, len(line))] + string(c) + line[min(at+1, len(line)):]
}

// lastNote is the last checkpoint, as it would be kept elsewhere.
func lastNote(t testing.TB, l ledger) string {
	t.Helper()
	last := l.files[len(l.files)-1]
	said, err := parseControl([]byte(last[len(last)-1]))
	must(t, err)
	return said.Note
}

// Who has no key can make a chain that fits, but no checkpoint in it.
func TestALogThatIsChainedAnewIsFound(t *testing.T) {
	signer, verifiers := testKeys(t)
	sample := sampleLedger(t, signer)
	// The torn line would have to be admitted anew; that is another matter.
	for i, file := range sample.files {
		sample.files[i] = slices.DeleteFunc(file, func(line string) bool {
			return kindOf(line) == "torn" || strings.Contains(line, `"torn":`)
		})
	}
	otherSigner, otherVerifiers := testKeys(t)
	for f, file := range sample.files {
		for i, line := range file {
			if kindOf(line) != "entry" {
				continue
			}
			bad := sample.clone()
			bad.files[f][i] = changeAfter(line, `"request_id":"`)
			bad.rechain(t)
			_, err := Verify([]string{bad.store(t)}, VerifyOptions{Verifiers: verifiers})
			if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "checkpoint") {
				t.Errorf("line %d of file %d: %v", i+1, f+1, err)
			}
		}
	}
	bad := sample.clone()
	bad.files = slices.Collect(func(yield func([]string) bool) {
		for _, file := range bad.files {
			yield(slices.DeleteFunc(file, func(line string) bool { return kindOf(line) == typeCheckpoint }))
		}
	})
	bad.names, bad.files = bad.names[:1], [][]string{slices.Concat(bad.files...)}
	bad.rechain(t)
	if _, err := Verify([]string{bad.store(t)}, VerifyOptions{Verifiers: verifiers}); !errors.Is(err, ErrBroken) {
		t.Errorf("without checkpoints: %v", err)
	}
	dir := sampleLedger(t, otherSigner).store(t)
	if _, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers}); !errors.Is(err, ErrBroken) {
		t.Errorf("with another's key: %v", err)
	}
	if _, err := Verify([]string{dir}, VerifyOptions{Verifiers: otherVerifiers}); err != nil {
		t.Errorf("with its own key: %v", err)
	}
}

// Lines cut off at the end leave a chain that fits. A checkpoint kept elsewhere
// tells.
func TestLinesCutOffAtTheEndAreFoundByAKnownCheckpoint(t *testing.T) {
	signer, verifiers := testKeys(t)
	sample := sampleLedger(t, signer)
	known := []string{lastNote(t, sample)}
	last := len(sample.files) - 1
	for keep := 1; keep < len(sample.files[last])-1; keep++ {
		bad := sample.clone()
		bad.files[last] = bad.files[last][:keep]
		_, err := Verify([]string{bad.store(t)}, VerifyOptions{Verifiers: verifiers, Known: known})
		if !errors.Is(err, ErrBroken) {
			t.Errorf("%d lines left: %v", keep, err)
		}
	}
	bad := sample.clone()
	bad.names, bad.files = bad.names[:last], bad.files[:last]
	if _, err := Verify([]string{bad.store(t)}, VerifyOptions{Verifiers: verifiers, Known: known}); !errors.Is(err, ErrBroken) {
		t.Errorf("the last file is missing: %v", err)
	}
	if _, err := Verify([]string{sample.store(t)}, VerifyOptions{Verifiers: verifiers, Known: known}); err != nil {
		t.Errorf("nothing is cut off: %v", err)
	}
	_, other := testKeys(t)
	if _, err := Verify([]string{sample.store(t)}, VerifyOptions{Verifiers: other, Known: known}); !errors.Is(err, errUnsigned) {
		t.Errorf("a known checkpoint that no given key signed: %v", err)
	}
}

// Checkpoints of what was deleted by the log itself are no complaint.
func TestKnownCheckpointsOfDeletedSegments(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	opts := Options{Signer: signer}
	ageing(t, path, opts, 40, 1)
	known := []string{lastNote(t, readFirst(t, dir))}
	opts.Retain = 30 * 24 * time.Hour
	writeAndClose(t, path, opts, "new")
	if len(segmentsIn(t, dir)) != 1 {
		t.Fatal("nothing was deleted")
	}
	if _, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers, Known: known}); err != nil {
		t.Error(err)
	}
}

func readFirst(t testing.TB, dir string) ledger {
	t.Helper()
	name := segmentsIn(t, dir)[0]
	text := strings.TrimSuffix(read(t, filepath.Join(dir, name)), "\n")
	return ledger{[]string{name}, [][]string{strings.Split(text, "\n")}}
}

func TestCheckpointsAreHandedOut(t *testing.T) {
	signer, verifiers := testKeys(t)
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var notes []string
	writeAndClose(t, path, Options{Signer: signer, CheckpointEntries: 3, OnCheckpoint: func(note string) { notes = append(notes, note) }},
		"1", "2", "3", "4")
	if len(notes) != 3 { // at the start, after three lines, at the end
		t.Fatalf("%d notes", len(notes))
	}
	opened, err := note.Open([]byte(notes[1]), verifiers)
	must(t, err)
	e, _ := parseEnvelope([]byte(strings.Split(read(t, path), "\n")[5]))
	if want := fmt.Sprintf("ringward-audit/i\n5\n%x\n", e.prev); opened.Text != want {
		t.Errorf("got %q, want %q", opened.Text, want)
	}
	if _, err := Verify([]string{path}, VerifyOptions{Verifiers: verifiers, Known: notes}); err != nil {
		t.Error(err)
	}
}

func TestKeysAreNotRepeatedInErrors(t *testing.T) {
	secret, public, err := GenerateKey("test")
	must(t, err)
	for _, text := range []string{secret[:len(secret)-4], public, "x" + secret, ""} {
		if _, err := ParseSigner(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("signer: got %v", err)
		}
	}
	if _, err := ParseVerifiers(secret); err == nil || strings.Contains(err.Error(), secret[len(secret)-20:]) {
		t.Errorf("verifier: got %v", err)
	}
	if _, err := ParseSigner("\n " + secret + "\n"); err != nil {
		t.Error(err)
	}
	if _, _, err := GenerateKey("a b"); !errors.Is(err, errInstance) {
		t.Errorf("got %v", err)
	}
}

func TestChainsAreToldApart(t *testing.T) {
	signer, verifiers := testKeys(t)
	root := t.TempDir()
	var dirs []string
	for _, name := range []string{"a", "b"} {
		dir := filepath.Join(root, name)
		must(t, os.Mkdir(dir, 0o700))
		ageing(t, filepath.Join(dir, "audit.jsonl"), Options{Signer: signer}, 3, 2)
		writeAndClose(t, filepath.Join(dir, "audit.jsonl"), Options{Signer: signer, Instance: name}, name)
		dirs = append(dirs, dir)
	}
	archive := filepath.Join(root, "archive") // a segment is found elsewhere, with another name
	must(t, os.Mkdir(archive, 0o700))
	must(t, os.Rename(filepath.Join(dirs[0], segmentsIn(t, dirs[0])[0]), filepath.Join(archive, "old.jsonl")))
	// Two logs in one directory.
	writeAndClose(t, filepath.Join(dirs[1], "audit-c.jsonl"), Options{Signer: signer, Instance: "c"}, "c")

	report, err := Verify(append(dirs, archive, archive), VerifyOptions{Verifiers: verifiers})
	must(t, err)
	slices.SortFunc(report.Chains, func(a, b ChainReport) int { return cmp.Compare(a.Instance, b.Instance) })
	var got []string
	for _, chain := range report.Chains {
		got = append(got, fmt.Sprintf("%s %d %d", chain.Instance, chain.Files, chain.Entries))
	}
	if want := []string{"a 3 3", "b 3 3", "c 1 1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// A line of one log says nothing in another.
	a, c := filepath.Join(dirs[0], "audit.jsonl"), filepath.Join(dirs[1], "audit-c.jsonl")
	must(t, os.WriteFile(a, []byte(read(t, a)+tornLine(t, c)), 0o600))
	if _, err := Verify(append(dirs, archive), VerifyOptions{Verifiers: verifiers}); !errors.Is(err, ErrBroken) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnfinishedLineIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	writeAndClose(t, path, Options{}, "1")
	must(t, os.WriteFile(path, []byte(read(t, path)+`{"seq"`), 0o600))
	if chain := mustVerify(t, []string{path}).Chains[0]; chain.Unfinished != 6 || chain.Entries != 1 {
		t.Errorf("got %+v", chain)
	}
	if _, err := Verify([]string{filepath.Join(filepath.Dir(path), "none")}, VerifyOptions{}); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("without a file: %v", err)
	}
	if _, err := Verify([]string{t.TempDir()}, VerifyOptions{}); !errors.Is(err, errNoFiles) {
		t.Errorf("in an empty directory: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	signer, verifiers := testKeys(f)
	path := filepath.Join(f.TempDir(), "audit.jsonl")
	writeAndClose(f, path, Options{Signer: signer}, "1", "2")
	whole := []byte(read(f, path))
	f.Add(whole)
	f.Add(whole[:len(whole)-30])
	f.Add(append(bytes.Clone(whole[:len(whole)-30]), "\n{}\n\x00"...))
	f.Add([]byte("{}\n{\"seq\":1"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "audit.jsonl")
		must(t, os.WriteFile(path, content, 0o600))
		report, err := Verify([]string{path}, VerifyOptions{Verifiers: verifiers})
		if err != nil && !errors.Is(err, ErrBroken) && len(content) > 0 {
			t.Fatal(err)
		}
		_, unsigned := Verify([]string{path}, VerifyOptions{})
		verified := unsigned == nil
		if err == nil {
			// Only what the log wrote can verify, perhaps with an unfinished line.
			chain := report.Chains[0]
			signed := whole[:bytes.LastIndexByte(bytes.TrimSuffix(whole, []byte{'\n'}), '\n')+1]
			if chain.Checkpoints > 0 && !bytes.HasPrefix(content, signed) && !bytes.HasPrefix(signed, content[:int64(len(content))-chain.Unfinished]) && chain.Unsigned == 0 {
				t.Errorf("verifies: %q", content)
			}
		}
		// The log goes on after it, or refuses to.
		s, err := newFileSink(path, 0)
		if err != nil {
			return
		}
		s.sync = func(*os.File) error { return nil }
		var opts Options
		must(t, opts.complete())
		l := newLog(s, opts)
		err = l.Start()
		must(t, l.Close())
		if after := read(t, path); !strings.HasPrefix(after, string(content)) || err == nil && !strings.HasSuffix(after, "}\n") {
			t.Errorf("%q became %q, %v", content, after, err)
		}
		if report, again := Verify([]string{path}, VerifyOptions{}); report.Chains != nil && verified && again != nil {
			t.Errorf("%q verified, but no more after a start: %v", content, again)
		}
	})
}
