package phone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
)

// automaton matches up to 16 regular expressions at once against a text of
// ASCII digits, in one pass and without allocating. libphonenumber describes a
// region by a dozen expressions; running them one by one is what makes numbers
// dear.
//
// An automaton is immutable and safe for concurrent use.
type automaton struct {
	next   []uint16 // next[10*state+digit] is the state after a digit
	accept []uint16 // accept[state] has bit i set if expression i matches here
}

const (
	dead  = 0 // the state that nothing leaves and where nothing matches
	start = 1

	// maxStates bounds the memory of one automaton to 22 bytes times this. The
	// largest region of today's metadata needs some 500.
	maxStates = 1 << 14

	maxPatterns = 16
)

var (
	errTooManyStates = errors.New("too many states")
	errAssertion     = errors.New("assertion inside a pattern")
)

// match is the set of expressions that match all of the digits.
func (a *automaton) match(digits string) uint16 {
	state := uint16(start)
	for i := range len(digits) {
		state = a.next[10*int(state)+int(digits[i]-'0')]
		if state == dead {
			return 0
		}
	}
	return a.accept[state]
}

// matchesPrefix reports whether an expression matches one or more digits in front.
func (a *automaton) matchesPrefix(digits string) bool {
	state := uint16(start)
	for i := range len(digits) {
		state = a.next[10*int(state)+int(digits[i]-'0')]
		if state == dead {
			return false
		}
		if a.accept[state] != 0 {
			return true
		}
	}
	return false
}

// builder turns expressions into an automaton by the subset construction: a
// state is the set of instructions at which the expressions may stand.
type builder struct {
	insts []syntax.Inst // of all programs, with absolute targets
	owner []uint16      // owner[pc] is the bit of the expression of an instruction

	// assumeEnd lets "$" match everywhere. The automaton then matches more than
	// its expressions do, never less.
	assumeEnd bool

	states map[string]uint16
	sets   [][]uint32
	key    []byte // reused
	seen   []int  // seen[pc] is the last round of closure that met pc
	round  int
	out    *automaton
}

// compile builds the automaton of expressions that are anchored on both sides.
// Empty expressions match nothing, not even the empty text.
func compile(assumeEnd bool, patterns ...string) (*automaton, error) {
	if len(patterns) > maxPatterns {
		return nil, fmt.Errorf("compiling %d patterns: at most %d fit", len(patterns), maxPatterns)
	}
	b := &builder{assumeEnd: assumeEnd, states: make(map[string]uint16), out: &automaton{}}
	var entries []uint32
	for i, pattern := range patterns {
		if pattern == "" {
			continue
		}
		entry, err := b.load(pattern, 1<<i)
		if err != nil {
			return nil, fmt.Errorf("compiling pattern %d: %w", i, err)
		}
		entries = append(entries, entry)
	}
	if err := b.run(entries); err != nil {
		return nil, err
	}
	b.out.next, b.out.accept = slices.Clip(b.out.next), slices.Clip(b.out.accept)
	return b.out, nil
}

// load appends the program of an expression and returns where it starts.
func (b *builder) load(pattern string, bit uint16) (uint32, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	base := uint32(len(b.insts)) // #nosec G115 -- a few thousand at most
	for _, inst := range prog.Inst {
		inst.Out += base
		if inst.Op == syntax.InstAlt || inst.Op == syntax.InstAltMatch {
			inst.Arg += base // elsewhere Arg is no instruction
		}
		b.insts = append(b.insts, inst)
		b.owner = append(b.owner, bit)
	}
	return base + uint32(prog.Start), nil // #nosec G115 -- an index of the program
}

// run finds all states that can be reached from the entries.
func (b *builder) run(entries []uint32) error {
	b.seen = make([]int, len(b.insts))
	first, err := b.closure(entries)
	if err != nil {
		return err
	}
	b.add("", nil)        // dead
	b.add("start", first) // under a key of its own: it may equal dead
	for current := start; current < len(b.sets); current++ {
		for digit := range 10 {
			reached, err := b.step(b.sets[current], rune('0'+digit))
			if err != nil {
				return err
			}
			number, err := b.state(reached)
			if err != nil {
				return err
			}
			b.out.next[10*current+digit] = number
		}
	}
	return nil
}

// step is the set after one more digit.
func (b *builder) step(set []uint32, digit rune) ([]uint32, error) {
	var targets []uint32
	for _, pc := range set {
		inst := &b.insts[pc]
		if inst.Op != syntax.InstMatch && inst.MatchRune(digit) {
			targets = append(targets, inst.Out)
		}
	}
	return b.closure(targets)
}

// closure follows all instructions that read nothing, and keeps those that read
// a digit or match. It uses up its argument. The result is sorted, so that equal
// sets are equal texts.
func (b *builder) closure(pending []uint32) ([]uint32, error) {
	b.round++
	var set []uint32
	for len(pending) > 0 {
		pc := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if b.seen[pc] == b.round {
			continue
		}
		b.seen[pc] = b.round
		switch inst := &b.insts[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			pending = append(pending, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			pending = append(pending, inst.Out)
		case syntax.InstEmptyWidth:
			if !b.assumeEnd || syntax.EmptyOp(inst.Arg)&^(syntax.EmptyEndText|syntax.EmptyEndLine) != 0 {
				return nil, errAssertion
			}
			pending = append(pending, inst.Out)
		case syntax.InstFail:
		default:
			set = append(set, pc)
		}
	}
	slices.Sort(set)
	return set, nil
}

// state is the number of a set; a set that is new gets the next one.
func (b *builder) state(set []uint32) (uint16, error) {
	b.key = b.key[:0]
	for _, pc := range set {
		b.key = binary.BigEndian.AppendUint32(b.key, pc)
	}
	if number, ok := b.states[string(b.key)]; ok {
		return number, nil
	}
	if len(b.sets) == maxStates {
		return 0, errTooManyStates
	}
	return b.add(string(b.key), set), nil
}

// add numbers a set.
func (b *builder) add(key string, set []uint32) uint16 {
	number := uint16(len(b.sets)) // #nosec G115 -- below maxStates
	var accept uint16
	for _, pc := range set {
		if b.insts[pc].Op == syntax.InstMatch {
			accept |= b.owner[pc]
		}
	}
	b.states[key] = number
	b.sets = append(b.sets, set)
	b.out.next = append(b.out.next, make([]uint16, 10)...)
	b.out.accept = append(b.out.accept, accept)
	return number
}
