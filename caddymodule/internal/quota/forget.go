package quota

import (
	"context"
	"errors"
	"time"
)

// numberSet is the dimension number alone.
const numberSet dimensionSet = 1 << 3

// errKeepsAll means that a store cannot forget single counters.
var errKeepsAll = errors.New("the store cannot forget")

// Forget removes the counters of keys in the rules that count by number, as far as
// the keys say enough to name them, from a store in the network. It returns how many
// there were. Keys that a rule needs and that are empty leave the rule out.
func (l *Limiter) Forget(ctx context.Context, keys []Keys) (int, error) {
	store, ok := l.counters.(interface {
		Forget(ctx context.Context, tallies []Tally) (int, error)
	})
	if !ok {
		return 0, errKeepsAll
	}
	var tallies []Tally
	now := time.Now()
	for i := range l.groups {
		g := &l.groups[i]
		if g.set&numberSet == 0 {
			continue
		}
		for _, k := range keys {
			key, err := k.of(g.set)
			if err != nil {
				continue
			}
			for j := range g.rules {
				r := &g.rules[j]
				tallies = append(tallies, r.tally(key, 1, r.window(now)))
			}
		}
	}
	if len(tallies) == 0 {
		return 0, nil
	}
	return store.Forget(ctx, tallies)
}

// Forget removes the counters of tallies, and those of the windows before, in Redis
// and here. It needs no right that counting does not need.
func (s *RedisStore) Forget(ctx context.Context, tallies []Tally) (int, error) {
	removed := 0
	for i := range tallies {
		removed += s.local.Forget(tallies[i].Key)
	}
	inRedis, err := s.redis.forget(ctx, tallies)
	return removed + inRedis, err
}

// forget lets the counters expire at once.
func (c *redisClient) forget(ctx context.Context, tallies []Tally) (removed int, err error) {
	for _, a := range c.additions(tallies) {
		for _, index := range []int64{a.id.index, a.id.index - 1} {
			was, err := c.client.PExpire(ctx, a.id.name(index), 0).Result()
			if err != nil {
				return removed, err
			}
			if was {
				removed++
			}
		}
	}
	return removed, nil
}
