package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProbeAgreesWithOpen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		want    Probed
		fails   bool
	}{
		{"nothing there", func(*testing.T, string) {}, Probed{}, false},
		{"a file", func(t *testing.T, path string) { put(t, path, 0o600) }, Probed{Exists: true, Mode: 0o600}, false},
		{"readable by a group", func(t *testing.T, path string) { put(t, path, 0o640) }, Probed{Exists: true, Mode: 0o640}, false},
		{"readable by everybody", func(t *testing.T, path string) { put(t, path, 0o644) }, Probed{Exists: true, Mode: 0o644, TooOpen: true}, false},
		{"a directory", func(t *testing.T, path string) { must(t, os.MkdirAll(path, 0o700)) }, Probed{}, true},
		{"a symbolic link", func(t *testing.T, path string) {
			put(t, path+".target", 0o600)
			must(t, os.Symlink(path+".target", path))
		}, Probed{}, true},
		{"a link to nothing", func(t *testing.T, path string) {
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.Symlink(path+".target", path))
		}, Probed{}, true},
		{"lines of something else", func(t *testing.T, path string) {
			put(t, path, 0o600)
			must(t, os.WriteFile(path, []byte("{}\n"), 0o600))
		}, Probed{}, true},
		{"a file in place of a directory", func(t *testing.T, path string) { put(t, filepath.Dir(path), 0o600) }, Probed{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			path := filepath.Join(root, "a", "b", "audit.jsonl")
			must(t, os.Mkdir(filepath.Join(root, "a"), 0o700))
			tt.prepare(t, path)
			before := tree(t, root)
			got, err := Probe(path)
			if (err != nil) != tt.fails || (err == nil && got != tt.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			if after := tree(t, root); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			log, openErr := Open(path, Options{})
			if (openErr != nil) != tt.fails {
				t.Errorf("Open says otherwise: %v", openErr)
			}
			if openErr == nil {
				must(t, log.Close())
			}
		})
	}
}

func TestProbeSaysWhereNoFileCouldBeMadeAnew(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing keeps this user from writing")
	}
	directory := t.TempDir()
	path := filepath.Join(directory, "audit.jsonl")
	put(t, path, 0o600)
	put(t, path+lockSuffix, 0o600)
	must(t, os.Chmod(directory, 0o500))
	t.Cleanup(func() { must(t, os.Chmod(directory, 0o700)) })
	if got, err := Probe(path); err != nil || got.Successor == nil {
		t.Errorf("with a file: got %+v, %v", got, err)
	}
	must(t, os.Chmod(directory, 0o700))
	must(t, os.Remove(path+lockSuffix))
	must(t, os.Chmod(directory, 0o500))
	if _, err := Probe(path); err == nil {
		t.Error("without a lock file, where none can be made: no error")
	}
	if _, err := Probe(path + "-not-there"); err == nil {
		t.Error("without a file: no error")
	}
}

// aLine is the first line of a chain.
func aLine() []byte {
	line, _ := link{}.append(nil, startLine{instance: "i"}.appendJSON(nil))
	return line
}

func put(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, aLine(), 0o600))
	must(t, os.Chmod(path, mode))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree is every file below root with its permissions and content.
func tree(t *testing.T, root string) string {
	t.Helper()
	var text strings.Builder
	must(t, filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		text.WriteString(path + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text.WriteString(" " + string(content))
		}
		text.WriteString("\n")
		return nil
	}))
	return text.String()
}
