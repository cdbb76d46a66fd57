package caddymodule

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// fieldsSeen keeps which documented fields occurred in the samples of a preset
// and in what callers got of them, so that no field escapes the golden files.
type fieldsSeen struct {
	preset   *provider.Provider
	sent     map[string]bool // in a sample
	released map[string]bool // in what a caller got
	op       string          // of the sample at hand
}

func newFieldsSeen(p *provider.Provider) *fieldsSeen {
	return &fieldsSeen{preset: p, sent: make(map[string]bool), released: make(map[string]bool)}
}

// holdAgainstRelease is the promise of the projection, held by other means: every
// value that a caller got is a documented field of a class that it may see.
func (f *fieldsSeen) holdAgainstRelease(t *testing.T, operation, caller, body string) {
	t.Helper()
	f.op = operation
	op := f.preset.Operation(operation)
	classes := releases()[caller]
	for _, pointer := range pointersOf(t, body) {
		field := fieldAt(op, pointer)
		switch {
		case field == nil:
			t.Errorf("%s got %s, which is not documented", caller, pointer)
		case field.Class != provider.Envelope && !slices.Contains(classes, field.Class):
			t.Errorf("%s got %s, which is of class %s", caller, pointer, field.Class)
		default:
			f.released[keyOfField(field)] = true
		}
	}
}

// answer notes what a sample holds.
func (f *fieldsSeen) answer(t *testing.T, sample *presetSample) {
	t.Helper()
	op := f.preset.Operation(f.op)
	if op == nil || sample.Answer.Body == nil {
		return
	}
	for _, pointer := range pointersOf(t, sample.body()) {
		if field := fieldAt(op, pointer); field != nil {
			f.sent[keyOfField(field)] = true
		}
	}
}

// check reports documented fields that no sample holds: nothing would show if
// they were in the wrong class.
func (f *fieldsSeen) check(t *testing.T) {
	t.Helper()
	for _, op := range f.preset.Operations {
		for _, field := range op.Fields {
			key := keyOfField(&field)
			switch {
			case !f.sent[key]:
				t.Errorf("operation %s: no sample that is answered holds %s", op.Name, field.Pointer)
			case field.Class != provider.Never && !f.released[key]:
				t.Errorf("operation %s: nobody got %s", op.Name, field.Pointer)
			case field.Class == provider.Never && f.released[key]:
				t.Errorf("operation %s: somebody got %s", op.Name, field.Pointer)
			}
		}
	}
}

// keyOfField joins fields that several operations of a preset have in common.
func keyOfField(field *provider.Field) string { return string(field.Class) + " " + field.Pointer }

// fieldAt finds the field that describes a value.
func fieldAt(op *provider.Operation, pointer string) *provider.Field {
	for i := range op.Fields {
		if matchPointer(op.Fields[i].Pointer, pointer) {
			return &op.Fields[i]
		}
	}
	return nil
}

func matchPointer(pattern, pointer string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(pointer, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}

// pointersOf lists the JSON pointers of all scalars.
func pointersOf(t *testing.T, body string) []string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%q is not JSON: %v", body, err)
	}
	var all []string
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, v := range value {
				walk(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), v)
			}
		case []any:
			for _, v := range value {
				walk(at+"/0", v)
			}
		default:
			all = append(all, at)
		}
	}
	walk("", value)
	return all
}

// checkHeaders holds the headers of an answer against the allow-list.
func checkHeaders(t *testing.T, got reply) {
	t.Helper()
	for name := range got.header {
		switch name {
		case "Cache-Control", "Content-Length", "Content-Type", "Date", "Retry-After", "Server", "Www-Authenticate", "X-Content-Type-Options", "X-Request-Id":
		default:
			t.Errorf("the header %s reached the caller", name)
		}
	}
}
