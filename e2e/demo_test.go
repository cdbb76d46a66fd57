package e2e

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// demoInfo is what `ringward demo --info` writes.
type demoInfo struct {
	BaseURLs     map[string]string `json:"base_urls"`
	CallerKeys   map[string]string `json:"caller_keys"`
	ProviderKeys map[string]string `json:"provider_keys"`
	AuditLog     string            `json:"audit_log"`
	UpstreamLog  string            `json:"upstream_log"`
	Dir          string            `json:"dir"`
}

// runningDemo is a demo that has said that it is ready.
type runningDemo struct {
	*harness.Process
	demoInfo
	addresses []string
}

// startDemo starts the demo on free ports.
func startDemo(t *testing.T, env []string, args ...string) *runningDemo {
	t.Helper()
	d := &runningDemo{}
	for range 2 {
		address := "127.0.0.1:" + harness.FreePort(t)
		args = append(args, "--listen", address)
		d.addresses = append(d.addresses, address)
	}
	info := filepath.Join(t.TempDir(), "info.json")
	args = append([]string{"demo", "--info", info}, args...)
	d.Process = harness.Start(t, env, bin.Ringward, args...)
	d.awaitReady(t)
	text, err := os.ReadFile(info)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d.demoInfo); err != nil {
		t.Fatal(err)
	}
	if mode := fileMode(t, info); mode != 0o600 {
		t.Errorf("the info, which holds keys, has mode %o", mode)
	}
	return d
}

func (d *runningDemo) awaitReady(t *testing.T) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "the demo to be ready", func() error {
		if !d.Running() {
			t.Fatalf("the demo ended: %s", d.Stderr())
		}
		if !strings.Contains(d.Stdout(), "Ctrl-C ends the demo.") {
			return errors.New("it has not said so")
		}
		return nil
	})
}

func fileMode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// stop presses Ctrl-C and checks that nothing is left.
func (d *runningDemo) stop(t *testing.T) {
	t.Helper()
	d.Signal(t, syscall.SIGINT)
	if code := d.Wait(t); code != 0 || !strings.HasSuffix(d.Stdout(), "Stopped.\n") {
		t.Errorf("exit code %d after %q", code, d.Stdout())
	}
	for _, address := range d.addresses {
		if err := harness.Refused(address); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(d.Tmp())
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

// curls are the commands that the demo prints, as they stand there.
func (d *runningDemo) curls() []string {
	var commands []string
	for line := range strings.Lines(d.Stdout()) {
		if command := strings.TrimSpace(line); strings.HasPrefix(command, "curl ") {
			commands = append(commands, command)
		}
	}
	return commands
}

// shell runs a command as somebody does who copies it into a terminal.
func shell(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return string(out)
}

func TestDemoShowsWhatItPrints(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here to run the printed commands with")
	}
	// The variables are of a Vault that this demo must not use.
	d := startDemo(t, []string{"VAULT_ADDR=https://127.0.0.1:1", "VAULT_TOKEN=hvs.foreign", "VAULT_NAMESPACE=foreign"})
	for i, address := range d.addresses {
		name := []string{"checkthatphone", "numverify"}[i]
		if d.BaseURLs[name] != "http://"+address || !strings.Contains(d.Stdout(), "http://"+address) {
			t.Errorf("%s is not on http://%s: %+v", name, address, d.BaseURLs)
		}
	}
	curls := d.curls()
	if len(curls) != 3 {
		t.Fatalf("the demo prints %q", curls)
	}
	var answer struct {
		Success bool
		Data    map[string]any
	}
	if out := shell(t, curls[0]); json.Unmarshal([]byte(out), &answer) != nil || !answer.Success || answer.Data["nanpType"] != "mobile" || answer.Data["dipCarrier"] != nil {
		t.Errorf("%s: %s", curls[0], out)
	}
	if out := shell(t, curls[1]); !strings.Contains(out, "Invalid phone number") {
		t.Errorf("%s: %s", curls[1], out)
	}
	audit := shell(t, curls[2])
	if strings.Count(audit, `"decision":`) != 2 || !strings.Contains(audit, `"decision":"answered"`) || !strings.Contains(audit, `"decision":"refused"`) {
		t.Errorf("%s: %s", curls[2], audit)
	}
	d.stop(t)
}

func TestDemoKeepsKeysAndNumbersApart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	d := startDemo(t, nil, "--dir", dir)
	for _, caller := range []string{"minimal", "full"} {
		for name, path := range map[string]string{
			"checkthatphone": "/v1/lookup", "numverify": "/api/validate?number=14158586273&access_key=" + d.CallerKeys[caller],
		} {
			req := harness.Request(t, "GET", d.BaseURLs[name]+path, "")
			if name == "checkthatphone" {
				req = harness.Request(t, "POST", d.BaseURLs[name]+path, `{"phone":"4158586273"}`, "Authorization", "Bearer "+d.CallerKeys[caller])
				req.Header.Set("Content-Type", "application/json")
			}
			got := harness.Client{}.MustDo(t, req)
			sees := strings.Contains(got.Body, "geoState") || strings.Contains(got.Body, "country_name")
			if got.Status != 200 || sees != (caller == "full") {
				t.Errorf("%s asks %s: got %d %s", caller, name, got.Status, got.Body)
			}
		}
	}
	upstream, err := os.ReadFile(d.UpstreamLog)
	if err != nil || !strings.Contains(string(upstream), d.ProviderKeys["checkthatphone"]) || !strings.Contains(string(upstream), d.ProviderKeys["numverify"]) {
		t.Errorf("the providers did not get their keys: %s, %v", upstream, err)
	}
	d.stop(t)
	if d.Dir != dir || d.AuditLog != filepath.Join(dir, "audit.jsonl") {
		t.Errorf("the info names %s and %s", d.Dir, d.AuditLog)
	}
	evidence := harness.Evidence{"the screen's errors": d.Stderr()}
	evidence.AddTree(t, dir, "upstream.jsonl")
	if !strings.Contains(evidence["file "+d.AuditLog], "pseudonym") {
		t.Error("the audit log was not kept")
	}
	for name, key := range d.ProviderKeys {
		evidence.Search(t, "the key of "+name, key)
	}
	for name, key := range d.CallerKeys {
		evidence.Search(t, "the caller key "+name, key)
	}
	evidence.SearchNumber(t, harness.Number)
}

func TestDemoNamesTheFlagOfATakenPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken, free := listener.Addr().String(), "127.0.0.1:"+harness.FreePort(t)
	for _, addresses := range []string{taken + "," + free, free + "," + taken} {
		p := harness.Start(t, nil, bin.Ringward, "demo", "--listen", addresses)
		if code := p.Wait(t); code == 0 || !strings.Contains(p.Stderr(), "--listen") || !strings.Contains(p.Stderr(), taken) {
			t.Errorf("%s: exit code %d, %s", addresses, code, p.Stderr())
		}
	}
}

// TestDemoRefusesWhatCannotWork: each refusal names the flag to change.
func TestDemoRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	one := "127.0.0.1:" + harness.FreePort(t)
	two := "127.0.0.1:" + harness.FreePort(t)
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"other hosts", []string{"--listen", "0.0.0.0:8080"}, "--listen"},
		{"no port", []string{"--listen", one + ",127.0.0.1"}, "--listen"},
		{"unknown provider", []string{"--provider", "nobody"}, "checkthatphone"},
		{"provider twice", []string{"--provider", "numverify,numverify"}, "twice"},
		{"more addresses than providers", []string{"--provider", "numverify", "--listen", one + "," + two}, "--listen"},
		{"argument", []string{"now"}, "now"},
		{"Vault without token", []string{"--listen", one, "--listen", two, "--vault", "https://127.0.0.1:1"}, "VAULT_TOKEN"},
		{"Vault that is no address", []string{"--listen", one, "--listen", two, "--vault", "vault"}, "--vault"},
		{"info in no directory", []string{"--listen", one, "--listen", two, "--info", "/nowhere/info.json"}, "--info"},
		{"one port for both", []string{"--listen", one, "--listen", one}, "--listen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := harness.Start(t, nil, bin.Ringward, append([]string{"demo"}, tt.args...)...)
			if code := p.Wait(t); code == 0 || !strings.Contains(p.Stderr(), tt.want) {
				t.Errorf("exit code %d, %s", code, p.Stderr())
			}
			if left, err := os.ReadDir(p.Tmp()); err != nil || len(left) > 0 {
				t.Errorf("left in the temporary directory: %v, %v", left, err)
			}
		})
	}
}

// TestDemoStartsAnyProvider: the two commands that it prints for each work.
func TestDemoStartsAnyProvider(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here to run the printed commands with")
	}
	help := harness.Run(t, nil, bin.Ringward, "demo", "--help").Stdout
	_, list, _ := strings.Cut(help, "Providers: ")
	list, _, _ = strings.Cut(list, ".\n")
	names := strings.Split(list, ", ")
	if len(names) < 20 {
		t.Fatalf("the help names only the providers %q", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			d := &runningDemo{addresses: []string{"127.0.0.1:" + harness.FreePort(t)}}
			d.Process = harness.Start(t, nil, bin.Ringward, "demo", "--provider", name, "--listen", d.addresses[0])
			d.awaitReady(t)
			curls := d.curls()
			if out := shell(t, curls[0]+" -i"); !strings.HasPrefix(out, "HTTP/1.1 200 ") || strings.HasSuffix(out, "\n{}\n") {
				t.Errorf("%s: %s", curls[0], out)
			}
			if out := shell(t, curls[1]+" -i"); !strings.HasPrefix(out, "HTTP/1.1 400 ") || !strings.Contains(out, "Invalid phone number") {
				t.Errorf("%s: %s", curls[1], out)
			}
			if audit := shell(t, curls[2]); strings.Count(audit, `"decision":`) != 2 || strings.Count(audit, `"upstream_calls":1`) != 1 {
				t.Errorf("%s: %s", curls[2], audit)
			}
			d.stop(t)
		})
	}
}

// TestDemoRunsInAnyDirectory: people have spaces in their directories' names.
func TestDemoRunsInAnyDirectory(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, "--dir", filepath.Join(t.TempDir(), "my demo"))
	for _, command := range d.curls() {
		shell(t, command)
	}
	d.stop(t)
}

func TestDemoUsesARunningVault(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	policy := unique("demo")
	v.Policy(t, policy, `path "secret/data/ringward-demo/*" { capabilities = ["create", "update", "read"] }`)
	env := []string{"VAULT_TOKEN=" + v.Token(t, policy), "VAULT_CACERT=" + v.CAFile}
	d := startDemo(t, env, "--vault", v.Address)
	out := shell(t, d.curls()[0])
	if !strings.Contains(out, `"nanpType":"mobile"`) {
		t.Errorf("got %s", out)
	}
	audit, err := os.ReadFile(d.AuditLog)
	if err != nil || !regexp.MustCompile(`"credential_version":[1-9]`).Match(audit) {
		t.Errorf("the audit log says %s, %v", audit, err)
	}
	d.stop(t)
}

func TestDemoSaysWhatTheTokenMayNot(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	policy := unique("demo-reader")
	v.Policy(t, policy, `path "secret/data/ringward-demo/*" { capabilities = ["read"] }`)
	got := harness.Run(t, []string{"VAULT_TOKEN=" + v.Token(t, policy), "VAULT_CACERT=" + v.CAFile}, bin.Ringward, "demo", "--vault", v.Address,
		"--listen", "127.0.0.1:"+harness.FreePort(t), "--listen", "127.0.0.1:"+harness.FreePort(t))
	if got.Code == 0 || !strings.Contains(got.Stderr, "secret/ringward-demo/") || !strings.Contains(got.Stderr, "403") {
		t.Errorf("got %+v", got)
	}
}
