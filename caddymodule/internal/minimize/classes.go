package minimize

import (
	"fmt"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// classes is the order of the bits in a ClassSet.
var classes = provider.Classes()

// ClassSet is a set of data classes. provider.Envelope is never in it: it says
// nothing about a number. The zero value is the empty set.
type ClassSet uint16

// Has reports whether the set holds the class.
func (s ClassSet) Has(class provider.Class) bool {
	i := slices.Index(classes, class)
	return i >= 0 && s&(1<<i) != 0
}

// SetOf returns the set of one class; empty for what is no class.
func SetOf(class provider.Class) ClassSet {
	set, _ := single(class)
	return set
}

// AppendTo appends the set's classes to dst, in the order of
// provider.Classes.
func (s ClassSet) AppendTo(dst []provider.Class) []provider.Class {
	for i, class := range classes {
		if s&(1<<i) != 0 {
			dst = append(dst, class)
		}
	}
	return dst
}

// single returns the set of one releasable class.
func single(class provider.Class) (ClassSet, error) {
	i := slices.Index(classes, class)
	if i < 0 {
		return 0, fmt.Errorf("%w %q: use one of %v", ErrUnknownClass, class, classes)
	}
	return 1 << i, nil
}
