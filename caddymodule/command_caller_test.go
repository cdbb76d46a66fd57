package caddymodule

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// runCaller runs `ringward caller`.
func runCaller(args ...string) (out string, err error) {
	cmd := &cobra.Command{Use: "caller", SilenceErrors: true}
	callerCommand(cmd)
	var text bytes.Buffer
	cmd.SetOut(&text)
	cmd.SetErr(&text)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return text.String(), err
}

var (
	keyInText   = regexp.MustCompile(`rwk_[A-Za-z0-9_-]{43}`)
	keyIDInText = regexp.MustCompile(`Its id is ([0-9a-f]{8})`)
)

// TestCallerKeysAreMadeListedAndRevoked while a Ringward follows the file.
func TestCallerKeysAreMadeListedAndRevoked(t *testing.T) {
	quickly(t)
	s := newStage(t, "checkthatphone")
	file := filepath.Join(s.Dir, "callers.json")
	must := func(args ...string) string {
		t.Helper()
		out, err := runCaller(args...)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	first := must("new", "signup", "--file", file)
	s.App = "callers file " + file
	s.start()
	status := func(made string) int { return s.lookup(keyInText.FindString(made), canaryNumber).status }
	if got := status(first); got != 200 {
		t.Errorf("the first key: got %d", got)
	}
	second := must("new", "signup", "--expires", "2999-12-31", "--file", file)
	s.await("the second key", func() bool { return status(second) == 200 })
	if got := status(first); got != 200 {
		t.Errorf("the first key beside the second: got %d", got)
	}
	if _, err := runCaller("new", "signup", "--file", file); err == nil || !strings.Contains(err.Error(), "at most 2") {
		t.Errorf("a third key: got %v", err)
	}
	firstID, secondID := keyIDInText.FindStringSubmatch(first)[1], keyIDInText.FindStringSubmatch(second)[1]
	list := must("list", "--file", file)
	for _, want := range []string{"signup  " + firstID + "  -", "signup  " + secondID + "  3000-01-01T00:00:00Z"} {
		if !strings.Contains(list, want) {
			t.Errorf("%q is not in the list:\n%s", want, list)
		}
	}
	must("revoke", "--file", file, "signup", firstID)
	s.await("the end of the first key", func() bool { return status(first) == 401 })
	if got := status(second); got != 200 {
		t.Errorf("the second key: got %d", got)
	}
	must("revoke", "--file", file, "signup")
	s.await("the end of all keys", func() bool { return status(second) == 401 })
	if list := must("list", "--file", file); !strings.Contains(list, "signup  -") {
		t.Errorf("the caller is gone with its keys:\n%s", list)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file can be read by others: %v, %v", info.Mode(), err)
	}
	for _, made := range []string{first, second} {
		if key := keyInText.FindString(made); strings.Contains(string(text)+list, key) {
			t.Error("a key is in the file or the list")
		}
	}
}

func TestFaultyCallerCommandsSayWhatToChange(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(dir, "good.json")
	if _, err := runCaller("new", "signup", "--file", good); err != nil {
		t.Fatal(err)
	}
	const key = "rwk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for want, args := range map[string][]string{
		"caller new <name>":            {},
		"--file":                       {"list"},
		"--file <path>":                {"revoke", "signup"},
		"does not exist":               {"list", "--file", filepath.Join(dir, "missing.json")},
		"line 1":                       {"list", "--file", broken},
		"no caller of this name":       {"revoke", "--file", good, "nobody"},
		"no key of this id":            {"revoke", "--file", good, "signup", "00000000"},
		"this is a caller key itself":  {"revoke", "--file", good, "signup", key},
		"this has passed":              {"new", "signup", "--expires", "2020-01-01"},
		`"2027-01-31"`:                 {"new", "signup", "--expires", "tomorrow"},
		"not anonymous":                {"new", "anonymous", "--file", good},
		"1 to 64 lower case letters":   {"new", "Sign Up"},
		"accepts 1 arg(s), received 0": {"new"},
	} {
		out, err := runCaller(args...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
		if err != nil && strings.Contains(out+err.Error(), key) {
			t.Errorf("%v: the error repeats a key", args)
		}
	}
	content, err := os.ReadFile(broken)
	if err != nil || string(content) != "{" {
		t.Errorf("a broken file was changed: %q, %v", content, err)
	}
	if _, err := runCaller("new", "signup", "--file", broken); err == nil {
		t.Error("a key was added to a broken file")
	}
}
