package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinesAreReadAsTheyStand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	first := strings.TrimSuffix(string(aLine()), "\n")
	long := strings.Repeat("x", 2*readBuffer)
	must(t, os.WriteFile(path, []byte(first+"\n\n"+long+"\n{\"seq\":2"), 0o600))
	var got []Line
	for line, err := range Lines(path) {
		must(t, err)
		line.Text = []byte(string(line.Text))
		got = append(got, line)
	}
	for i, want := range []string{first, "", long, `{"seq":2`} {
		if len(got) != 4 || string(got[i].Text) != want || got[i].Number != i+1 || got[i].File != path {
			t.Fatalf("line %d: got %+v", i+1, got)
		}
		if isWhole := i == 0; got[i].IsControl != isWhole || (got[i].Seq == 1) != isWhole {
			t.Errorf("line %d: got seq %d", i+1, got[i].Seq)
		}
	}
	for line := range Lines(path) {
		if line.Number == 2 {
			break
		}
	}
}

func TestALineThatIsFarTooLongEndsTheReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	must(t, os.WriteFile(path, append(aLine(), strings.Repeat("x", maxTail+readBuffer)...), 0o600))
	var last error
	for _, err := range Lines(path) {
		last = err
	}
	if !errors.Is(last, errLongLine) {
		t.Errorf("got %v", last)
	}
	if _, err := Verify([]string{path}, VerifyOptions{}); !errors.Is(err, ErrBroken) {
		t.Errorf("got %v", err)
	}
	for _, err := range Lines(filepath.Join(filepath.Dir(path), "none")) {
		last = err
	}
	if !errors.Is(last, os.ErrNotExist) {
		t.Errorf("got %v", last)
	}
}
