package deploy_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// The user of the image, and what podman says when it cannot run anything.
const (
	imageUser      = "65532:65532"
	podmanFailed   = 125
	runtimeRefused = 126
)

// engine runs podman. Machines differ in what they let it do, so the first
// container decides how the others are run.
type engine struct {
	t       *testing.T
	image   string
	runtime []string // a runtime other than the machine's default
}

// buildImage builds deploy/Containerfile with a binary as `make build` has it.
func buildImage(t *testing.T) *engine {
	t.Helper()
	if _, err := exec.LookPath("podman"); err != nil {
		t.Skip("podman is not installed: the image is not tested")
	}
	dir := t.TempDir()
	command(t, root, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags",
		"-s -w -X github.com/caddyserver/caddy/v2.CustomVersion="+harness.Version, "-o", filepath.Join(dir, "ringward"), "./cmd/ringward")
	e := &engine{t: t, image: "localhost/ringward-test-" + harness.RandomText()}
	command(t, root, nil, "podman", "build", "-q", "-f", "deploy/Containerfile", "-t", e.image, dir)
	t.Cleanup(func() { _ = exec.Command("podman", "rmi", "-f", e.image).Run() })
	e.findRuntime()
	return e
}

// command runs a command that must succeed.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, args[0], err, out)
	}
	return string(out)
}

// findRuntime runs the image once with each OCI runtime, until one works. A
// machine on which podman itself cannot run containers skips the test; a binary
// that does not run fails it.
func (e *engine) findRuntime() {
	e.t.Helper()
	var said string
	for _, runtime := range [][]string{nil, {"--runtime", "runc"}} {
		e.runtime = runtime
		out, err := e.run("version")
		if err == nil {
			if !strings.HasPrefix(out, harness.Version) {
				e.t.Fatalf("the image says that it is version %q", out)
			}
			return
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || (exit.ExitCode() != podmanFailed && exit.ExitCode() != runtimeRefused) {
			e.t.Fatalf("running the image: %v\n%s", err, out)
		}
		said += out
	}
	e.t.Skipf("podman cannot run containers on this machine, so the image is not tested:\n%s", said)
}

// arguments are those of the strictest `podman run`: nothing writable, no
// capability, no way to gain one. The limits are low enough for podman within
// a container.
func (e *engine) arguments(more ...string) []string {
	return slices.Concat([]string{"run"}, e.runtime, []string{
		"--rm", "--network=host", "--read-only", "--read-only-tmpfs=false", "--user", imageUser,
		"--cap-drop=ALL", "--security-opt=no-new-privileges", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024",
	}, more)
}

func (e *engine) run(args ...string) (string, error) {
	out, err := exec.CommandContext(e.t.Context(), "podman", append(e.arguments(e.image), args...)...).CombinedOutput()
	return string(out), err
}

// TestImageRunsReadOnlyAndWithoutRoot runs the image as deploy/README.md says
// and waits until it is ready.
func TestImageRunsReadOnlyAndWithoutRoot(t *testing.T) {
	e := buildImage(t)
	if user := strings.TrimSpace(command(t, root, nil, "podman", "inspect", "-f", "{{.Config.User}}", e.image)); user != imageUser {
		t.Errorf("the image's user is %q: Kubernetes wants a number", user)
	}
	config, port := t.TempDir(), harness.FreePort(t)
	for name, text := range map[string]string{
		"key": "a-key-of-the-provider",
		"Caddyfile": `{
	admin unix//data/admin.sock
	persist_config off
	storage file_system /data
	ringward {
		audit stdout
	}
}
http://:` + port + ` {
	bind 127.0.0.1
	ringward_health /ready
	ringward checkthatphone {
		credential file /etc/ringward/key
		anonymous
	}
}
`,
	} {
		if err := os.WriteFile(filepath.Join(config, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	name := "ringward-test-" + harness.RandomText()
	process := exec.Command("podman", e.arguments("--name", name, "--tmpfs=/data:rw,size=16m,mode=1777", "-v", config+":/etc/ringward:ro", e.image)...)
	var stdout, stderr harness.Output
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("podman", "rm", "-f", "-t", "5", name).Run()
		_ = process.Wait()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", stdout.String(), stderr.String())
		}
	})
	waitForReady(t, port)

	// A refused lookup: it needs no network, and its entry is on stdout.
	got := harness.Client{}.MustDo(t, harness.Request(t, "POST", "http://127.0.0.1:"+port+"/v1/lookup", `{"phone":"+14150000000"}`, "Content-Type", "application/json"))
	if got.Status != 400 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	harness.Eventually(t, harness.Soon, "the audit entry on standard output", func() error {
		if !strings.Contains(stdout.String(), got.Header.Get("X-Request-Id")) {
			return errors.New("it is not there")
		}
		return nil
	})
	command(t, root, nil, "podman", "exec", name, "/ringward", "reload", "--config", "/etc/ringward/Caddyfile", "--force")
	if strings.Contains(stderr.String(), "read-only file system") || strings.Contains(stderr.String(), "permission denied") {
		t.Error("something wanted to write where it may not")
	}
}

// TestBinaryCarriesCertificateAuthorities: an image from scratch has none.
func TestBinaryCarriesCertificateAuthorities(t *testing.T) {
	deps := strings.Fields(command(t, root, nil, "go", "list", "-deps", "./cmd/ringward"))
	if !slices.Contains(deps, "golang.org/x/crypto/x509roots/fallback") {
		t.Error("the binary has no authorities of its own: the image cannot verify any certificate")
	}
}
