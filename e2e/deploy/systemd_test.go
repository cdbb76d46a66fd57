package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unitFile = "deploy/systemd/ringward.service"

// unit returns the values of a setting of the unit.
func unit(t *testing.T, setting string) []string {
	t.Helper()
	var values []string
	for line := range strings.Lines(read(t, unitFile)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), setting+"="); ok {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		t.Errorf("the unit does not set %s", setting)
	}
	return values
}

// TestUnitIsSoundAndTight asks systemd itself.
func TestUnitIsSoundAndTight(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed: the unit is not checked")
	}
	if out, err := exec.Command("systemd-analyze", "security", "--help").CombinedOutput(); err != nil || !strings.Contains(string(out), "--offline") {
		t.Skip("systemd-analyze is older than 250: the unit is not checked")
	}
	// The check wants the program to be there; the test itself stands in for it.
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ringward.service")
	text := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/ringward", program)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", path},
		{"security", "--offline=true", "--threshold=20", "--no-pager", path}, // 2.0 of 10
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil || (args[0] == "verify" && len(out) > 0) {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// TestExampleFitsTheUnit: under ProtectSystem=strict, what the example writes
// and reads must be in the unit's own directories.
func TestExampleFitsTheUnit(t *testing.T) {
	example := read(t, "Caddyfile.example")
	for setting, place := range map[string]string{"StateDirectory": "/var/lib/", "LogsDirectory": "/var/log/", "RuntimeDirectory": "/run/"} {
		directory := place + unit(t, setting)[0]
		if !strings.Contains(example, directory) {
			t.Errorf("the example does not use %s", directory)
		}
		example = strings.ReplaceAll(example, directory, "")
	}
	name, _, _ := strings.Cut(unit(t, "LoadCredential")[0], ":")
	secret := "/run/credentials/" + filepath.Base(unitFile) + "/" + name
	if !strings.Contains(example, "secret_id_file "+secret+"\n") {
		t.Errorf("the example does not read %s", secret)
	}
	if example = strings.ReplaceAll(example, secret, ""); strings.Contains(example, "/var/") || strings.Contains(example, "/run/") {
		t.Error("the example uses a directory that the unit does not give")
	}
}
