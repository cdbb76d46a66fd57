package minimize

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// The pointers of a plan are compiled into a deterministic automaton: a node
// stands for the set of pointers that match the way from the root to a value,
// so that a literal name and a "*" beside it are followed in one step.

// Bounds on a compiled plan, far above any real provider. Many "*" at many
// depths could otherwise grow it without end.
const (
	maxPatterns = 2048
	maxStates   = 8192
)

type role uint8

const (
	roleField role = iota // documented by the provider
	roleGrant             // named in Release.Pointers
	roleWatch             // read by a rule
)

// pattern is one pointer of a plan.
type pattern struct {
	role     role
	pointer  string
	segments []segment
	class    provider.Class // roleField
	bit      ClassSet       // roleField: class as a set; empty for envelope and never
	watch    int            // roleWatch: index into Plan.watches
	live     bool           // lets at least one value through
}

// node says what happens to a value.
type node struct {
	members map[string]member // names that some pointer spells out
	star    *node             // all other members, and elements; never nil
	indexed []element         // elements that a rule watches

	watch       int // index into Plan.watches, or -1
	releases    bool
	classes     ClassSet // of the released scalar
	documented  bool     // the released scalar has a class or is envelope
	field       int      // of the released scalar, in a FieldSet; -1 for none
	keepsObject bool     // an object here is on the way to a released scalar
	keepsArray  bool     // an array here is
}

type member struct {
	quoted string // the name as it is written
	node   *node
}

type element struct {
	index int
	node  *node
}

// dead is the node of everything that no pointer knows.
var dead = newDead()

func newDead() *node {
	n := &node{watch: -1}
	n.star = n
	return n
}

// keeps reports whether a value of this kind goes into the projection.
func (n *node) keeps(kind jsontext.Kind) bool {
	switch kind {
	case jsontext.KindBeginObject:
		return n.keepsObject
	case jsontext.KindBeginArray:
		return n.keepsArray
	default:
		return n.releases
	}
}

func (n *node) reaches() bool { return n.releases || n.keepsObject || n.keepsArray }

// builder builds the automaton by subset construction.
type builder struct {
	marked   []string // pointers of fields in a FieldSet
	opts     Options
	released ClassSet
	patterns []pattern
	states   map[string]*node // by depth and matching patterns
}

func (b *builder) build() (*node, error) {
	if len(b.patterns) > maxPatterns {
		return nil, errors.New("too many fields, released pointers and rules")
	}
	all := make([]int, len(b.patterns))
	for i := range all {
		all[i] = i
	}
	return b.node(0, all)
}

// node returns the node at a depth for the patterns whose first segments
// match the way there.
func (b *builder) node(depth int, matching []int) (*node, error) {
	if len(matching) == 0 {
		return dead, nil
	}
	key := stateKey(depth, matching)
	if n, ok := b.states[key]; ok {
		return n, nil
	}
	if len(b.states) >= maxStates {
		return nil, errors.New("too many combinations of \"*\" in fields and released pointers")
	}
	n := &node{watch: -1}
	b.states[key] = n
	ending, going := b.split(depth, matching)
	if b.settle(n, ending) {
		going = b.only(going, func(p *pattern) bool { return p.role == roleWatch })
	}
	return n, b.connect(n, depth, going)
}

func stateKey(depth int, matching []int) string {
	key := binary.AppendUvarint(nil, uint64(depth))
	for _, i := range matching {
		key = binary.AppendUvarint(key, uint64(i))
	}
	return string(key)
}

// split separates the patterns that end at a depth from those that go on.
func (b *builder) split(depth int, matching []int) (ending, going []int) {
	for _, i := range matching {
		if len(b.patterns[i].segments) == depth {
			ending = append(ending, i)
		} else {
			going = append(going, i)
		}
	}
	return ending, going
}

// settle decides about a scalar at which the given patterns end. Blocked
// means that a field there is never released: nor is anything below it.
func (b *builder) settle(n *node, ending []int) (blocked bool) {
	for _, i := range ending {
		p := &b.patterns[i]
		if p.role == roleWatch {
			n.watch = p.watch
		}
		blocked = blocked || p.class == provider.Never
	}
	if !blocked {
		b.release(n, ending)
	}
	return blocked
}

// release releases a scalar if a field or released pointer is for it and no
// field is against it.
func (b *builder) release(n *node, ending []int) {
	var classes ClassSet
	wanted, documented := false, false
	for _, i := range ending {
		p := &b.patterns[i]
		switch {
		case p.role == roleWatch:
		case p.role == roleGrant:
			wanted = true
		case b.satisfied(p, ending):
			wanted, documented = true, true
			classes |= p.bit
		default:
			return
		}
	}
	if !wanted {
		return
	}
	n.releases, n.documented, n.classes = true, documented, classes
	n.field = b.mark(ending)
	for _, i := range ending {
		b.patterns[i].live = true
	}
}

// satisfied reports whether a field may be seen: by its class, or by a
// released pointer that names it or a narrower form of it.
func (b *builder) satisfied(field *pattern, ending []int) bool {
	if field.class == provider.Envelope || b.released&field.bit != 0 {
		return true
	}
	return slices.ContainsFunc(ending, func(i int) bool {
		p := &b.patterns[i]
		return p.role == roleGrant && covers(field.segments, p.segments)
	})
}

// connect adds the nodes one step further.
func (b *builder) connect(n *node, depth int, going []int) (err error) {
	stars := b.only(going, func(p *pattern) bool { return p.segments[depth].star })
	if n.star, err = b.node(depth+1, stars); err != nil {
		return err
	}
	n.keepsArray = n.star.reaches()
	n.keepsObject = n.keepsArray
	for _, i := range going {
		s := b.patterns[i].segments[depth]
		if s.star {
			continue
		}
		if err := b.connectMember(n, depth, going, s.name); err != nil {
			return err
		}
		if s.index >= 0 && b.patterns[i].role == roleWatch {
			if err := b.connectElement(n, depth, going, s.index); err != nil {
				return err
			}
		}
	}
	return nil
}

// connectMember adds the node for a name that some pointer spells out. Where
// only rules spell it, "*" applies to it as to any other name of the provider.
func (b *builder) connectMember(n *node, depth int, going []int, name string) error {
	if _, ok := n.members[name]; ok {
		return nil
	}
	spelled := slices.ContainsFunc(going, func(i int) bool {
		p := &b.patterns[i]
		return p.role != roleWatch && p.segments[depth].name == name
	})
	next, err := b.node(depth+1, b.only(going, func(p *pattern) bool {
		s := p.segments[depth]
		return s.name == name && !s.star || s.star && (spelled || plainName(name))
	}))
	if err != nil {
		return err
	}
	quoted, err := jsontext.AppendQuote(nil, name)
	if err != nil {
		return errors.New("a pointer is not valid UTF-8")
	}
	if n.members == nil {
		n.members = map[string]member{}
	}
	n.members[name] = member{quoted: string(quoted), node: next}
	n.keepsObject = n.keepsObject || next.reaches()
	return nil
}

// connectElement adds the node for an array element that a rule watches.
func (b *builder) connectElement(n *node, depth int, going []int, index int) error {
	if slices.ContainsFunc(n.indexed, func(e element) bool { return e.index == index }) {
		return nil
	}
	next, err := b.node(depth+1, b.only(going, func(p *pattern) bool {
		s := p.segments[depth]
		return s.star || s.index == index
	}))
	n.indexed = append(n.indexed, element{index: index, node: next})
	return err
}

// only filters patterns, keeping their order.
func (b *builder) only(indexes []int, keep func(*pattern) bool) []int {
	var kept []int
	for _, i := range indexes {
		if keep(&b.patterns[i]) {
			kept = append(kept, i)
		}
	}
	return kept
}
