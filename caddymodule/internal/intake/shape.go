package intake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// shape says what may stand at one place of a JSON body. A body's shape is a
// tree, compiled once from the pointers of the parameters.
type shape struct {
	name   string // in error texts: a pointer, or the name as described
	member string // its name in the object around it
	label  []byte // the same as JSON, with the colon
	kind   kind
	role   role
	param  *param // of a scalar, or of an object that is a switch; nil for none
	silent bool   // read and not sent on
	own    bool   // within an element of a batch: belongs to one number

	// members are those of an object. Where the number stands among them it is
	// the first, and its region the second.
	members []*shape
	fixed   []node // what the route sets among members; nil for nothing

	element *shape // of an array
	max     int    // elements of an array
}

type kind byte

const (
	undecided kind = iota
	scalar
	object
	array
)

type role byte

const (
	isParam role = iota
	isNumber
	isRegion
)

// maxElements bounds arrays for which a provider's description gives no bound.
const maxElements = 32

// compileShape builds the shape of a body. number may stand elsewhere.
func compileShape(number *provider.NumberSlot, params []*param) (*shape, error) {
	root := &shape{name: "the body", kind: object}
	if number != nil && number.In == provider.InJSON {
		if err := root.addNumber(number); err != nil {
			return nil, err
		}
	}
	for _, p := range params {
		leaf, around, err := root.place(p.Name)
		if err != nil {
			return nil, err
		}
		want := scalar
		if p.Kind == provider.KindEmpty {
			want = object
		}
		if err := leaf.become(want); err != nil {
			return nil, err
		}
		leaf.param, leaf.silent = p, p.Consumed
		if around.kind == array {
			around.max, around.silent = p.max(), p.Consumed
		}
	}
	root.fix()
	return root, nil
}

// addNumber comes first, so that the number leads its object.
func (s *shape) addNumber(n *provider.NumberSlot) error {
	if n.Batch() {
		if err := s.addBatch(n); err != nil {
			return err
		}
	}
	leaf, around, err := s.place(n.Name)
	if err != nil {
		return err
	}
	leaf.kind, leaf.role = scalar, isNumber
	if n.RegionParam == "" {
		return nil
	}
	region, beside, err := s.place(n.RegionParam)
	if err != nil {
		return err
	}
	if beside != around || around.kind != object {
		return fmt.Errorf("the region %s must stand beside the number", n.RegionParam)
	}
	region.kind, region.role, region.silent = scalar, isRegion, true
	return nil
}

// addBatch makes the array that has one element for each number.
func (s *shape) addBatch(n *provider.NumberSlot) error {
	before, after, _ := strings.Cut(n.Name, "/*")
	if strings.Contains(after+"/", "/*/") {
		return errors.New("the numbers of a batch must stand in one array")
	}
	element, list, err := s.place(before + "/*")
	if err != nil {
		return err
	}
	list.max, element.own = n.Max, true
	return nil
}

// place finds or makes the shape at a name, and the one around it.
func (s *shape) place(name string) (at, around *shape, err error) {
	segments := []string{name}
	if rest, ok := strings.CutPrefix(name, "/"); ok {
		segments = strings.Split(rest, "/")
	}
	at = s
	for i, segment := range segments {
		around = at
		if at, err = around.child(segment); err != nil {
			return nil, nil, err
		}
		if i == len(segments)-1 {
			at.name = name
		} else if at.name == "" {
			at.name = "/" + strings.Join(segments[:i+1], "/")
		}
	}
	return at, around, nil
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// child finds or makes what a segment of a JSON pointer leads to.
func (s *shape) child(segment string) (*shape, error) {
	if segment == "*" {
		if err := s.become(array); err != nil {
			return nil, err
		}
		if s.element == nil {
			s.element, s.max = &shape{own: s.own}, maxElements
		}
		return s.element, nil
	}
	if err := s.become(object); err != nil {
		return nil, err
	}
	member := unescape.Replace(segment)
	if i := s.find(member); i >= 0 {
		return s.members[i], nil
	}
	child := &shape{member: member, label: append(quote(nil, member), ':'), own: s.own}
	s.members = append(s.members, child)
	return child, nil
}

func (s *shape) become(k kind) error {
	if s.kind != undecided && s.kind != k {
		return fmt.Errorf("%s is described as two different things", s.name)
	}
	s.kind = k
	return nil
}

// find returns the position of a member, or -1.
func (s *shape) find(member string) int {
	for i, m := range s.members {
		if m.member == member {
			return i
		}
	}
	return -1
}

// asks reports whether the number is a member of the object.
func (s *shape) asks() bool {
	return len(s.members) > 0 && s.members[0].role == isNumber
}

// regions reports whether the number's region is a member of the object.
func (s *shape) regions() bool {
	return len(s.members) > 1 && s.members[1].role == isRegion
}
