package intake

// node is one checked value of a JSON body; the zero node is one that was not
// sent. What the route sets is shared by requests and never written to.
type node struct {
	shape *shape
	text  string // canonical text of a parameter or region

	// items are the elements of an array, or the members of an object, each at
	// its position in the shape.
	items []node
}

// fix prepares what the route sets in every object.
func (s *shape) fix() {
	for _, m := range s.members {
		m.fix()
	}
	if s.element != nil {
		s.element.fix()
	}
	if n, some := s.prefilled(false); some && s.kind == object {
		s.fixed = n.items
	}
}

// prefilled is a value that holds what the route sets and, if asked for, a
// place for one number. It is false where there is nothing to hold.
func (s *shape) prefilled(withNumber bool) (n node, some bool) {
	n.shape = s
	switch s.kind {
	case array:
		if s.element.kind == scalar && s.element.param != nil {
			for _, text := range s.element.param.set {
				n.items = append(n.items, node{shape: s.element, text: text})
			}
			return n, len(n.items) > 0
		}
		// Without a number to go with it, an element is not sent.
		if e, _ := s.element.prefilled(withNumber); withNumber && s.element.holdsNumber() {
			n.items = []node{e}
		}
		return n, len(n.items) > 0
	case object:
		n.items = make([]node, len(s.members))
		some = s.param != nil && s.param.set != nil
		for i, m := range s.members {
			if item, ok := m.prefilled(withNumber); ok {
				n.items[i], some = item, true
			}
		}
		return n, some
	}
	if s.role == isNumber {
		return n, withNumber
	}
	if s.param != nil && s.param.set != nil {
		n.text = s.param.set[0]
		return n, true
	}
	return n, false
}

func (s *shape) holdsNumber() bool {
	if s.role == isNumber {
		return true
	}
	for _, m := range s.members {
		if m.holdsNumber() {
			return true
		}
	}
	return false
}
