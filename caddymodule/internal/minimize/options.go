package minimize

import (
	"errors"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Release says what a caller may see: data classes and, beyond them, single
// JSON pointers. The zero value releases the envelope only.
type Release struct {
	// Classes are data classes of provider.Classes.
	Classes []provider.Class

	// Pointers are documented fields, or narrower forms of them
	// ("/rows/first/name" of "/rows/*/name"), that are released although their
	// class is not. A field marked provider.Never cannot be named.
	Pointers []string
}

// Options bounds what Apply reads. The zero value of a field means its
// default; negative values are an error.
type Options struct {
	// MaxBody bounds the answer in bytes. Default: 1 MiB.
	MaxBody int

	// MaxDepth bounds how deep objects and arrays nest, those that are skipped
	// included. Default: 32; at most 256.
	MaxDepth int

	// MaxValues bounds the number of objects, arrays and scalars in an answer,
	// those that are skipped included. Default: 16384.
	MaxValues int

	// MaxScalar bounds a released string in bytes, unescaped. Default: 4 KiB.
	// Released numbers are bounded to 64 bytes always.
	MaxScalar int

	// AllowUndocumented lets Release.Pointers name fields that the provider's
	// description does not know. They belong to no class. Default: false.
	AllowUndocumented bool
}

// Bounds that are not the operator's to choose.
const (
	maxDepthCeiling = 256 // Apply recurses once a level
	maxNumber       = 64  // longer ones stall the big-number parsers of clients
)

func (o Options) withDefaults() (Options, error) {
	if o.MaxBody < 0 || o.MaxDepth < 0 || o.MaxValues < 0 || o.MaxScalar < 0 {
		return o, errors.New("the bounds of an answer must not be negative")
	}
	if o.MaxDepth > maxDepthCeiling {
		return o, errors.New("the depth of an answer must be 256 at most")
	}
	setDefault(&o.MaxBody, 1<<20)
	setDefault(&o.MaxDepth, 32)
	setDefault(&o.MaxValues, 16384)
	setDefault(&o.MaxScalar, 4<<10)
	return o, nil
}

func setDefault(value *int, fallback int) {
	if *value == 0 {
		*value = fallback
	}
}
