package caller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sourceTime bounds one reading of one source.
const sourceTime = 10 * time.Second

// Registry holds the directory in force and replaces it when a source changes,
// without a request waiting. It is safe for concurrent use.
type Registry[T any] struct {
	current atomic.Pointer[Directory[T]]
	build   func(Spec) (T, error)
	report  func(Notice)

	mu      sync.Mutex // of what is in force
	static  []Caller[T]
	sources []*sourceState[T]
}

// Notice tells of a change of a source.
type Notice struct {
	// Source is the name of the source.
	Source string

	// Err is why its new state is not in force; nil after a change that is, and
	// after the end of a failure.
	Err error

	// Callers is the number of callers now, from all sources.
	Callers int
}

// NewRegistry reads the sources once and builds the first directory, of the
// static callers and of all sources. A source that gives no good set fails it,
// unless it may be late. Build makes the value of a caller from its spec; an
// error of it refuses the whole set, as a caller that is left out silently would
// be a riddle. Report, which may be nil, hears of changes, and once of each
// failure.
func NewRegistry[T any](ctx context.Context, static []Caller[T], build func(Spec) (T, error), report func(Notice), sources ...Source) (*Registry[T], error) {
	if report == nil {
		report = func(Notice) {}
	}
	r := &Registry[T]{static: slices.Clone(static), build: build, report: report}
	if err := r.assemble(nil, nil); err != nil {
		return nil, err
	}
	for _, source := range sources {
		state := &sourceState[T]{Source: source}
		r.sources = append(r.sources, state)
		err := state.read(ctx)
		if err == nil && state.pending {
			err = r.take(state)
		}
		if err != nil && (source.MayBeLate == nil || !source.MayBeLate(err)) {
			return nil, err
		}
	}
	return r, nil
}

// Directory is the one in force. It is taken once a request, so that a request
// sees one state.
func (r *Registry[T]) Directory() *Directory[T] { return r.current.Load() }

// Ready returns nil once a set of every source has been in force.
func (r *Registry[T]) Ready() error {
	var late []error
	for _, s := range r.sources {
		if !s.taken.Load() {
			late = append(late, fmt.Errorf("the callers of %s are not in force yet", s.Name))
		}
	}
	return errors.Join(late...)
}

// Watchers are functions that look at one source each, to be called again and
// again, each by one goroutine: a source that hangs holds up no other.
func (r *Registry[T]) Watchers() []func(context.Context) {
	watchers := make([]func(context.Context), len(r.sources))
	for i, s := range r.sources {
		watchers[i] = func(ctx context.Context) { r.refresh(ctx, s) }
	}
	return watchers
}

// refresh reads a source and puts what changed in force. A source that cannot be
// read, is not understood, or does not fit the others leaves its last good state
// in force as a whole, however long it lasts; so a fault in one of its callers
// holds up a revocation in another, and Report must be heeded. A source that
// validly no longer has a key or a caller revokes it at once.
func (r *Registry[T]) refresh(ctx context.Context, s *sourceState[T]) {
	err := s.read(ctx)
	if ctx.Err() != nil {
		return // the end of the registry is no fault of the source
	}
	changed := s.pending
	if err == nil && changed {
		r.mu.Lock()
		err = r.take(s)
		r.mu.Unlock()
	}
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	if fault == s.fault && (err != nil || !changed) {
		return
	}
	s.fault = fault
	r.report(Notice{Source: s.Name, Err: err, Callers: r.current.Load().Len()})
}

// take puts in force what a source has given last. The registry is locked, unless
// it is being made.
func (r *Registry[T]) take(s *sourceState[T]) error {
	members, err := s.build(r.build)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if err := r.assemble(s, members); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	s.members, s.pending = members, false
	s.taken.Store(true)
	return nil
}

// assemble puts the directory of all sources in force, with the given members
// in place of those of one source.
func (r *Registry[T]) assemble(instead *sourceState[T], members []member[T]) error {
	all := slices.Clone(r.static)
	for _, s := range r.sources {
		from := s.members
		if s == instead {
			from = members
		}
		for _, m := range from {
			all = append(all, m.caller)
		}
	}
	directory, err := NewDirectory(all)
	if err != nil {
		return err
	}
	r.current.Store(directory)
	return nil
}
