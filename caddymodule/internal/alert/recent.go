package alert

import (
	"encoding/binary"
	"maps"
	"time"
)

// The bounds of recent. They also bound the deliveries in an interval.
const (
	maxNames         = 64
	maxGroupsPerName = 64
)

// group is what a hub remembers about like events.
type group struct {
	until  time.Time // nothing is delivered before
	held   uint64    // events held back
	latest Event     // of those
	merged bool      // stands for unlike events
}

// hold takes e as the latest event held back.
func (g *group) hold(e Event) {
	g.held++
	if g.merged {
		e.Attributes = map[string]string{AttrAggregated: "true"}
	}
	g.latest = e.bounded()
}

// recent finds the group of an event.
type recent struct {
	sameBy []string
	names  map[string]*nameGroups
	key    []byte // scratch
}

type nameGroups struct {
	groups map[string]*group
	merged *group // of the events that found groups full
}

func newRecent(sameBy []string) *recent {
	return &recent{sameBy: sameBy, names: make(map[string]*nameGroups)}
}

// group returns the group of e, a new one if need be, or nil when there are too
// many names.
func (r *recent) group(e Event) *group {
	name, ok := r.names[e.Name]
	if !ok {
		if len(r.names) >= maxNames || e.Name == "" || len(e.Name) > maxValueLength {
			return nil
		}
		name = &nameGroups{groups: make(map[string]*group)}
		r.names[e.Name] = name
	}
	r.key = r.key[:0]
	for _, attribute := range r.sameBy {
		value := clip(e.Attributes[attribute])
		r.key = binary.AppendUvarint(r.key, uint64(len(value)))
		r.key = append(r.key, value...)
	}
	if g, ok := name.groups[string(r.key)]; ok {
		return g
	}
	if len(name.groups) < maxGroupsPerName {
		g := &group{}
		name.groups[string(r.key)] = g
		return g
	}
	if name.merged == nil {
		name.merged = &group{merged: true}
	}
	return name.merged
}

// each calls f for every group, and forgets those that f does not want kept.
func (r *recent) each(f func(*group) (keep bool)) {
	for name, groups := range r.names {
		maps.DeleteFunc(groups.groups, func(_ string, g *group) bool { return !f(g) })
		if groups.merged != nil && !f(groups.merged) {
			groups.merged = nil
		}
		if len(groups.groups) == 0 && groups.merged == nil {
			delete(r.names, name)
		}
	}
}
