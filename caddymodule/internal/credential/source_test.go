package credential

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(tb testing.TB, dir, name, text string, mode os.FileMode) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestFileSourceReadsTheFile(t *testing.T) {
	dir := t.TempDir()
	user := write(t, dir, "user", "user-1", 0o600)
	key := write(t, dir, "key", sample+"\n", 0o600)
	changed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(key, changed, changed); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(user, changed.Add(-time.Hour), changed.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s, err := NewFileSource(nil, Location{"user", user}, Location{"key", key})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Fetch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if v.Fields[0].Secret.Reveal() != "user-1" || v.Fields[1].Secret.Reveal() != sample {
		t.Error("the fields are not the files")
	}
	if !v.Created.Equal(changed) {
		t.Error("the newest modification time must be the time of creation")
	}
	write(t, dir, "key", "another-key-0002", 0o600)
	if v, err = s.Fetch(context.Background()); err != nil || v.Fields[1].Secret.Reveal() != "another-key-0002" {
		t.Error("a changed file must be read again")
	}
	if !strings.Contains(s.Describe(), key) {
		t.Error("the description must name the file")
	}
}

func TestUnusableFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(dir, "none"), ErrNotFound},
		{"directory", dir, ErrInvalid},
		{"device", "/dev/zero", ErrInvalid},
		{"empty", write(t, dir, "empty", "", 0o600), ErrEmpty},
		{"only a line feed", write(t, dir, "lf", "\n", 0o600), ErrEmpty},
		{"two line feeds", write(t, dir, "lf2", sample+"\n\n", 0o600), ErrInvalid},
		{"Windows line end", write(t, dir, "crlf", sample+"\r\n", 0o600), ErrInvalid},
		{"two lines", write(t, dir, "two", sample+"\n"+sample+"\n", 0o600), ErrInvalid},
		{"too long", write(t, dir, "long", strings.Repeat("x", MaxSecretLength+2), 0o600), ErrInvalid},
	} {
		s, err := NewFileSource(nil, Location{"key", c.path})
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Fetch(context.Background())
		if !errors.Is(err, c.want) || v != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: the error does not name the file: %v", c.name, err)
		}
		mustNotHold(t, c.name, err.Error())
	}
}

func TestWorldReadableFileIsWarnedAboutOnce(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "key", sample, 0o644)
	private := write(t, dir, "private", sample, 0o640)
	var warnings []string
	s, err := NewFileSource(func(text string) { warnings = append(warnings, text) },
		Location{"a", path}, Location{"b", private})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Fetch(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], path) {
		t.Errorf("warnings: %q", warnings)
	}
	mustNotHold(t, "the warning", strings.Join(warnings, ""))
}

func TestEnvSourceReadsVariables(t *testing.T) {
	t.Setenv("RINGWARD_TEST_KEY", sample)
	t.Setenv("RINGWARD_TEST_EMPTY", "")
	t.Setenv("RINGWARD_TEST_NEWLINE", sample+"\n")
	for name, want := range map[string]error{
		"RINGWARD_TEST_KEY": nil, "RINGWARD_TEST_EMPTY": ErrEmpty,
		"RINGWARD_TEST_NEWLINE": ErrInvalid, "RINGWARD_TEST_NOT_SET": ErrNotFound,
	} {
		s, err := NewEnvSource(Location{"key", name})
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Fetch(context.Background())
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil {
			if v.Fields[0].Secret.Reveal() != sample {
				t.Error("the field is not the variable")
			}
			continue
		}
		mustNotHold(t, name, err.Error())
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name the variable: %v", err)
		}
	}
}

func TestSourcesWithoutPlaceAreRefused(t *testing.T) {
	for name, fields := range map[string][]Location{
		"none": nil, "no field": {{"", "X"}}, "no place": {{"key", ""}}, "twice": {{"key", "X"}, {"key", "Y"}},
		"line feed": {{"key", "X\nY"}},
	} {
		if _, err := NewEnvSource(fields...); !errors.Is(err, ErrInvalid) {
			t.Errorf("environment, %s: %v", name, err)
		}
		if _, err := NewFileSource(nil, fields...); !errors.Is(err, ErrInvalid) {
			t.Errorf("file, %s: %v", name, err)
		}
	}
}
