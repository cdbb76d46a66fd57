package caller

import (
	"context"
	"fmt"
)

// Source is a place that lists callers. Read returns them all, or that they are
// the same as the last ones it returned; it is not called concurrently. An error
// says that the place cannot be read or is not understood: it is never a set of
// nobody, which would lock everybody out.
type Source struct {
	// Name is for events and errors, such as "file /etc/ringward/callers.json".
	Name string

	// MayBeLate, if set, tells for which errors a registry may begin without this
	// source. Its callers are unknown until it could be read.
	MayBeLate func(error) bool

	Read func(ctx context.Context) (specs []Spec, changed bool, err error)
}

// FileSource reads a callers file. The file must be there at the start.
func FileSource(path string) Source {
	file := NewFile(path, MaxCallersBytes)
	read := func(context.Context) ([]Spec, bool, error) {
		content, changed, err := file.Poll()
		if err != nil || !changed {
			return nil, false, err
		}
		specs, err := ParseCallers(content)
		if err != nil {
			file.Forget() // a bad file is reported until it is mended
			return nil, false, fmt.Errorf("file %s: %w", path, err)
		}
		return specs, true, nil
	}
	return Source{Name: "file " + path, Read: read}
}

// SecretSource asks for the fields of a secret, one a caller, as
// ParseCallerFields reads them. A secret that does not exist must be an error of
// fetch: no fields and no error mean that there are no callers any more. The
// errors of fetch are passed on, so they must hold nothing secret; those for which
// the registry may begin without the secret are mayBeLate's.
func SecretSource(name string, fetch func(ctx context.Context) (map[string]string, error), mayBeLate func(error) bool) Source {
	read := func(ctx context.Context) ([]Spec, bool, error) {
		fields, err := fetch(ctx)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		specs, err := ParseCallerFields(fields)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		return specs, true, nil
	}
	return Source{Name: name, MayBeLate: mayBeLate, Read: read}
}
