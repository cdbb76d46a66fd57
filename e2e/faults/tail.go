package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// tail reads a file of JSON lines bit by bit.
type tail[T any] struct {
	path string
	read int64
}

// next returns the lines that were added since the last time. What is no JSON
// was torn by a full disk or a killed process, and is left out; half a line at
// the end is read the next time.
func (f *tail[T]) next(t testing.TB) []T {
	t.Helper()
	file, err := os.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.NewSectionReader(file, f.read, 1<<62))
	if err != nil {
		t.Fatal(err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	f.read += int64(len(text))
	var all []T
	for line := range bytes.Lines(text) {
		var one T
		if json.Unmarshal(line, &one) == nil {
			all = append(all, one)
		}
	}
	return all
}
