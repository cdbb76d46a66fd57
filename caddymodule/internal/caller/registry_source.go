package caller

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/go-json-experiment/json"
)

// sourceState is a source and what it gave.
type sourceState[T any] struct {
	Source

	latest  []Spec   // what could be read last
	texts   []string // latest, as JSON; nil before the first reading
	pending bool     // latest is not in force
	members []member[T]
	taken   atomic.Bool // something has been in force
	fault   string      // what was reported last; empty if all is well
}

// member is a caller in force, with the spec it was built from.
type member[T any] struct {
	text   string
	caller Caller[T]
}

// read takes the source's callers in, if they can be read.
func (s *sourceState[T]) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	specs, changed, err := s.Read(ctx)
	if err != nil || !changed {
		return err
	}
	texts := make([]string, len(specs))
	for i, spec := range specs {
		text, err := json.Marshal(spec)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	if s.texts != nil && slices.Equal(texts, s.texts) {
		return nil
	}
	s.latest, s.texts, s.pending = specs, texts, true
	return nil
}

// build makes members of the latest specs. A caller whose spec is as it was
// keeps its value, and with it whatever the value counts.
func (s *sourceState[T]) build(value func(Spec) (T, error)) ([]member[T], error) {
	before := make(map[string]member[T], len(s.members))
	for _, m := range s.members {
		before[m.text] = m
	}
	members := make([]member[T], len(s.latest))
	for i, spec := range s.latest {
		if m, ok := before[s.texts[i]]; ok {
			members[i] = m
			continue
		}
		v, err := value(spec)
		if err != nil {
			return nil, err
		}
		c, err := NewCaller(spec, v)
		if err != nil {
			return nil, err
		}
		members[i] = member[T]{text: s.texts[i], caller: c}
	}
	return members, nil
}
