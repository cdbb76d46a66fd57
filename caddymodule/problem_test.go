package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// reasons reads the constants, so that a new one cannot be forgotten here.
func reasons(t *testing.T) []provider.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "internal/provider/problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []provider.Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, provider.Reason(text))
		}
		return true
	})
	if len(found) < 10 {
		t.Fatalf("only %d reasons found", len(found))
	}
	return found
}

func TestEveryReasonHasItsPublicText(t *testing.T) {
	for _, reason := range reasons(t) {
		pub, ok := publicProblems[reason]
		if !ok || pub.status < 400 || pub.title == "" || pub.detail == "" {
			t.Errorf("%s: %+v", reason, pub)
		}
	}
	if len(publicProblems) != len(reasons(t)) {
		t.Error("there is a public text for a reason that does not exist")
	}
}

func TestProblemsDoNotTellTheirCause(t *testing.T) {
	for _, name := range provider.Names() {
		p, err := provider.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range reasons(t) {
			status, body := renderProblem(p, "the-id", &problem{reason: reason, cause: errors.New("the cause"), hint: "the hint"})
			if status != publicProblems[reason].status || !json.Valid(body) || !bytes.Contains(body, []byte("the-id")) ||
				bytes.Contains(body, []byte("the cause")) || bytes.Contains(body, []byte("the hint")) {
				t.Errorf("%s, %s: %d %s", name, reason, status, body)
			}
		}
	}
}
