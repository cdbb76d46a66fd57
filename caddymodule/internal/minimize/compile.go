package minimize

import (
	"fmt"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Plan is the compiled projection of one operation for one release. It does
// not change and may be used by any number of goroutines.
type Plan struct {
	opts    Options
	root    *node
	rules   []provider.Rule
	watchOf []int // by rule: index into watches, or -1
	watches []watch
	fields  []provider.Field
	classes ClassSet
	marked  []string // by number in a FieldSet
}

// Compile builds the Plan for one operation's fields and its provider's
// rules. It fails, naming the culprit, where a description contradicts itself
// and where a release asks for what it cannot have: ErrUnknownClass,
// ErrPointer, ErrNever, ErrUndocumented.
func Compile(fields []provider.Field, rules []provider.Rule, release Release, opts Options) (*Plan, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	b := builder{opts: opts, states: map[string]*node{}}
	if err := b.addFields(fields); err != nil {
		return nil, err
	}
	if err := b.addRelease(release); err != nil {
		return nil, err
	}
	p := &Plan{opts: opts, rules: slices.Clone(rules)}
	if err := b.addRules(p); err != nil {
		return nil, err
	}
	if p.root, err = b.build(); err != nil {
		return nil, err
	}
	p.fields, p.classes = b.releasedFields()
	p.marked = b.marked
	return p, nil
}

// Classes lists the data classes that can appear in a projection.
func (p *Plan) Classes() []provider.Class { return p.classes.AppendTo(nil) }

// Fields lists the fields that can appear in a projection, envelope included,
// in the order of the provider's description. Undocumented ones come last and
// have no class.
func (p *Plan) Fields() []provider.Field { return slices.Clone(p.fields) }

func (b *builder) addFields(fields []provider.Field) error {
	for _, f := range fields {
		p := pattern{role: roleField, pointer: f.Pointer, class: f.Class}
		var err error
		if p.segments, err = b.parseField(f.Pointer); err != nil {
			return err
		}
		if f.Class != provider.Envelope && f.Class != provider.Never {
			if p.bit, err = single(f.Class); err != nil {
				return fmt.Errorf("field %s: %w", f.Pointer, err)
			}
		}
		b.patterns = append(b.patterns, p)
	}
	return b.checkFields()
}

// checkFields refuses descriptions whose author must have meant something else.
func (b *builder) checkFields() error {
	for i, p := range b.patterns {
		for j, q := range b.patterns {
			switch {
			case i == j:
			case covers(p.segments, q.segments) && covers(q.segments, p.segments):
				return fmt.Errorf("%w: field %s is described twice", ErrPointer, p.pointer)
			case p.class == provider.Never && q.class != provider.Never && coversPrefix(p.segments, q.segments):
				return fmt.Errorf("field %s lies inside %s: %w", q.pointer, p.pointer, ErrNever)
			}
		}
	}
	return nil
}

func (b *builder) addRelease(release Release) error {
	for _, class := range release.Classes {
		bit, err := single(class)
		if err != nil {
			return err
		}
		b.released |= bit
	}
	for _, pointer := range release.Pointers {
		segments, err := b.parseField(pointer)
		if err != nil {
			return err
		}
		if err := b.mayGrant(pointer, segments); err != nil {
			return err
		}
		b.patterns = append(b.patterns, pattern{role: roleGrant, pointer: pointer, segments: segments})
	}
	return nil
}

// mayGrant checks a released pointer against the provider's description. A
// pointer with "*" that reaches never-released fields among others is fine:
// the projection leaves those out.
func (b *builder) mayGrant(pointer string, segments []segment) error {
	documented := false
	for _, p := range b.patterns {
		switch {
		case p.role != roleField:
		case p.class == provider.Never && coversPrefix(p.segments, segments):
			return fmt.Errorf("%s is, or lies inside, %w", pointer, ErrNever)
		case covers(p.segments, segments):
			documented = true
		}
	}
	if !documented && !b.opts.AllowUndocumented {
		return fmt.Errorf("%s is %w of this operation", pointer, ErrUndocumented)
	}
	return nil
}

// parseField parses the pointer of a field. Array indexes are refused: the
// same element of a list means another thing in the next answer.
func (b *builder) parseField(pointer string) ([]segment, error) {
	segments, err := parsePointer(pointer, b.opts.MaxDepth)
	if err != nil {
		return nil, err
	}
	for _, s := range segments {
		if s.index >= 0 {
			return nil, fmt.Errorf("%w: %q: an array index cannot be released alone, use \"*\"", ErrPointer, pointer)
		}
	}
	return segments, nil
}

// releasedFields lists the patterns that let at least one value through.
func (b *builder) releasedFields() (fields []provider.Field, classes ClassSet) {
	var undocumented []provider.Field
	for _, p := range b.patterns {
		switch {
		case !p.live:
		case p.role == roleField:
			fields = append(fields, provider.Field{Pointer: p.pointer, Class: p.class})
			classes |= p.bit
		case !b.documented(p):
			undocumented = append(undocumented, provider.Field{Pointer: p.pointer})
		}
	}
	return append(fields, undocumented...), classes
}

func (b *builder) documented(grant pattern) bool {
	return slices.ContainsFunc(b.patterns, func(p pattern) bool {
		return p.role == roleField && covers(p.segments, grant.segments)
	})
}
