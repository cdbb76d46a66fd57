package minimize

// maxMarked is how many fields of a plan are told apart in a FieldSet. No
// provider's operation has nearly as many.
const maxMarked = 256

// FieldSet tells which documented fields of a plan a projection holds. The zero
// value holds none. Without meaning to another plan.
type FieldSet [maxMarked / 64]uint64

func (s *FieldSet) add(field int) { s[field/64] |= 1 << (field % 64) }

func (s *FieldSet) has(field int) bool { return s[field/64]&(1<<(field%64)) != 0 }

// AppendFields appends the pointers of a set's fields to dst, envelope left out: it
// says nothing about a number.
func (p *Plan) AppendFields(dst []string, set *FieldSet) []string {
	for i, pointer := range p.marked {
		if set.has(i) {
			dst = append(dst, pointer)
		}
	}
	return dst
}

// mark gives a released scalar the number of its field, as provider's
// description has it; -1 for none.
func (b *builder) mark(ending []int) int {
	for _, i := range ending {
		if p := &b.patterns[i]; p.role == roleField && p.bit != 0 {
			return b.marks(p.pointer)
		}
	}
	return -1
}

func (b *builder) marks(pointer string) int {
	for i, known := range b.marked {
		if known == pointer {
			return i
		}
	}
	if len(b.marked) == maxMarked {
		return -1
	}
	b.marked = append(b.marked, pointer)
	return len(b.marked) - 1
}
