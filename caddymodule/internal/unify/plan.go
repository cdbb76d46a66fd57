package unify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Plan writes the unified answers of one operation. It does not change and may
// be used by any number of goroutines.
type Plan struct {
	root   *node
	fields []provider.UnifiedDescription
	batch  bool
}

// node is a place in the provider's answer.
type node struct {
	members map[string]*node
	any     *node    // every element of an array, or member of an object
	sources []source // what a scalar here gives
	element bool     // an object here is the answer for one number of a batch
}

// source is one mapping, made ready.
type source struct {
	field  int // index into Plan.fields
	rank   int // of mappings to one field, the lowest that has a value wins
	values map[string]string
}

// Compile prepares the unified answers of an operation. It fails where a
// mapping names a field or place that cannot be.
func Compile(op *provider.Operation) (*Plan, error) {
	p := &Plan{root: new(node), fields: provider.UnifiedFields(), batch: op.Each != ""}
	prefix := op.Each
	if p.batch {
		prefix += "/*"
	}
	start, err := p.root.at(prefix)
	if err != nil {
		return nil, err
	}
	start.element = p.batch
	for rank, m := range op.Unified {
		field := slices.IndexFunc(p.fields, func(d provider.UnifiedDescription) bool { return d.Field == m.To })
		if field < 0 {
			return nil, fmt.Errorf("unified field %q is not known", m.To)
		}
		end, err := start.at(m.From)
		if err != nil {
			return nil, fmt.Errorf("unified field %q: %w", m.To, err)
		}
		end.sources = append(end.sources, source{field: field, rank: rank, values: m.Values})
	}
	return p, nil
}

// at returns the node at a JSON pointer below n, and makes those on the way.
func (n *node) at(pointer string) (*node, error) {
	if pointer == "" {
		return n, nil
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("%q is no JSON pointer", pointer)
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == "*" {
			if n.any == nil {
				n.any = new(node)
			}
			n = n.any
			continue
		}
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
		if n.members[name] == nil {
			if n.members == nil {
				n.members = make(map[string]*node)
			}
			n.members[name] = new(node)
		}
		n = n.members[name]
	}
	return n, nil
}

// child is where a member of an object at n leads; nil for nowhere.
func (n *node) child(name []byte) *node {
	if next := n.members[string(name)]; next != nil {
		return next
	}
	return n.any
}
