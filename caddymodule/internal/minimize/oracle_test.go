package minimize

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// The oracle says the same as the package in another way: over a tree of
// encoding/json, scalar by scalar, with no automaton and no shared code.

type oracle struct {
	fields  []provider.Field
	rules   []provider.Rule
	release Release
	memo    map[string]bool
}

// step is a member name, or an array element where elem is set.
type step struct {
	name string
	elem bool
}

func split(pointer string) []string {
	parts := strings.Split(pointer, "/")[1:]
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// pointers lists everything that can release, fields first.
func (o *oracle) pointers() []string {
	var list []string
	for _, f := range o.fields {
		list = append(list, f.Pointer)
	}
	return append(list, o.release.Pointers...)
}

var plain = regexp.MustCompile(`\A[A-Za-z0-9_.-]{1,64}\z`)

// hits reports whether a pointer, or its start, matches a way of that length.
func (o *oracle) hits(pointer string, way []step) bool {
	parts := split(pointer)
	if len(parts) < len(way) {
		return false
	}
	for i, s := range way {
		switch {
		case parts[i] != "*":
			if s.elem || parts[i] != s.name {
				return false
			}
		case !s.elem && !plain.MatchString(s.name) && !o.spelled(way[:i], s.name):
			return false
		}
	}
	return true
}

// spelled reports whether a pointer names a member of the object at way.
func (o *oracle) spelled(way []step, name string) bool {
	return slices.ContainsFunc(o.pointers(), func(p string) bool {
		parts := split(p)
		return name != "*" && len(parts) > len(way) && parts[len(way)] == name && o.hits(p, way)
	})
}

func (o *oracle) ends(pointer string, way []step) bool {
	return len(split(pointer)) == len(way) && o.hits(pointer, way)
}

// wider reports whether every way of narrow is one of wide.
func wider(wide, narrow string) bool {
	w, n := split(wide), split(narrow)
	for i := range min(len(w), len(n)) {
		if w[i] != "*" && w[i] != n[i] {
			return false
		}
	}
	return len(w) == len(n)
}

// releases decides about a scalar.
func (o *oracle) releases(way []step) bool {
	some := false
	for _, p := range o.release.Pointers {
		some = some || o.ends(p, way)
	}
	for _, f := range o.fields {
		if f.Class == provider.Never {
			for i := range way {
				if o.ends(f.Pointer, way[:i+1]) {
					return false
				}
			}
			continue
		}
		if !o.ends(f.Pointer, way) {
			continue
		}
		granted := f.Class == provider.Envelope || slices.Contains(o.release.Classes, f.Class) ||
			slices.ContainsFunc(o.release.Pointers, func(p string) bool { return wider(f.Pointer, p) && o.ends(p, way) })
		if !granted {
			return false
		}
		some = true
	}
	return some
}

// leads reports whether something below a container can be released at all,
// by trying every name the pointers know, one they do not, and an element.
func (o *oracle) leads(way []step, list bool) bool {
	key := strconv.FormatBool(list)
	for _, s := range way {
		key += "\x00" + s.name + strconv.FormatBool(s.elem)
	}
	if known, ok := o.memo[key]; ok {
		return known
	}
	longest := 0
	next := []step{{name: "unknown-to-all"}}
	for _, p := range o.pointers() {
		parts := split(p)
		longest = max(longest, len(parts))
		if len(parts) > len(way) && o.hits(p, way) && parts[len(way)] != "*" {
			next = append(next, step{name: parts[len(way)]})
		}
	}
	if list {
		next = []step{{elem: true}}
	}
	found := false
	for _, s := range next {
		if len(way) >= longest || found {
			break
		}
		below := append(slices.Clone(way), s)
		found = o.releases(below) || o.leads(below, false) || o.leads(below, true)
	}
	o.memo[key] = found
	return found
}

// gap is a null that stands for an element which is not kept.
type gap struct{}

// filled returns a projection as it is read from JSON.
func filled(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, v := range value {
			value[name] = filled(v)
		}
	case []any:
		for i, v := range value {
			value[i] = filled(v)
		}
	case gap:
		return nil
	}
	return value
}

// project returns what is left of a value.
func (o *oracle) project(value any, way []step) (left any, keep bool) {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, v := range value {
			if left, keep := o.project(v, append(slices.Clone(way), step{name: name})); keep {
				out[name] = left
			}
		}
		return out, len(way) == 0 || o.leads(way, false)
	case []any:
		out := []any{}
		element := append(slices.Clone(way), step{elem: true})
		for _, v := range value {
			if left, keep := o.project(v, element); keep {
				out = append(out, left)
			} else if o.leads(element, false) && !o.releases(element) {
				out = append(out, gap{})
			}
		}
		return out, len(way) == 0 || o.leads(way, true)
	default:
		return value, o.releases(way)
	}
}

func (o *oracle) verdict(status int, value any) provider.Verdict {
	for _, r := range o.rules {
		if text, found := lookup(value, r.Pointer); r.Matches(status, text, found) {
			return r.Verdict
		}
	}
	return provider.ByStatus(status)
}

func lookup(value any, pointer string) (text string, found bool) {
	if pointer == "" {
		return "", false
	}
	for _, part := range split(pointer) {
		switch v := value.(type) {
		case map[string]any:
			if value, found = v[part]; !found {
				return "", false
			}
		case []any:
			i, err := strconv.ParseUint(part, 10, 31)
			if err != nil || int(i) >= len(v) || strconv.FormatUint(i, 10) != part {
				return "", false
			}
			value = v[i]
		default:
			return "", false
		}
	}
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "null", true
	default:
		return "", true
	}
}

// decode reads one JSON value, keeping numbers as text.
func decode(tb testing.TB, body []byte) any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		tb.Fatalf("encoding/json refuses: %v", err)
	}
	return value
}

// hasDuplicates reports whether an object of a valid JSON text has two
// members of one name.
func hasDuplicates(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	type frame struct {
		names map[string]bool // nil for an array
		value bool            // a value is next, not a name
	}
	stack := []frame{{}}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return false
		}
		top := &stack[len(stack)-1]
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if name, ok := token.(string); ok && top.names != nil && !top.value {
			if top.names[name] {
				return true
			}
			top.names[name], top.value = true, true
			continue
		}
		top.value = false
		switch token {
		case json.Delim('{'):
			stack = append(stack, frame{names: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, frame{})
		}
	}
}
