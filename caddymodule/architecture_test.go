package caddymodule

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	modulePath = "github.com/ringward/ringward"
	roomsPath  = modulePath + "/caddymodule/internal/"
)

// TestDependenciesPointOneWay holds the house's plan: rooms know nothing of
// Caddy, and of each other only the vocabulary.
func TestDependenciesPointOneWay(t *testing.T) {
	mayImportProvider := []string{"credential", "intake", "minimize", "unify", "demo"}
	for _, line := range goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, modulePath+"/...") {
		imports := strings.Fields(line)
		from := imports[0]
		room, isRoom := strings.CutPrefix(from, roomsPath)
		for _, imported := range imports[1:] {
			other, toRoom := strings.CutPrefix(imported, roomsPath)
			switch {
			case !isRoom:
			case toRoom && strings.HasPrefix(room, other+"/"): // a command of a room
			case toRoom && (other != "provider" || !slices.Contains(mayImportProvider, room)):
				t.Errorf("room %s imports room %s", room, other)
			case imported == modulePath+"/caddymodule":
				t.Errorf("room %s imports the Caddy adapters", room)
			}
		}
	}
	for _, line := range goList(t, "-deps", "-f", "{{.ImportPath}}", roomsPath+"...") {
		if strings.HasPrefix(line, "github.com/caddyserver/caddy") {
			t.Errorf("a room depends on %s", line)
		}
	}
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 2 {
		t.Fatalf("go list told only %q", lines)
	}
	return lines
}
