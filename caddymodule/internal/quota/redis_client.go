package quota

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

const (
	redisPrefix     = "ringward:"
	pseudonymLength = 16 // bytes
)

// Both scripts know the counter as KEYS[1] and the one of the index before as
// KEYS[2], and return what both hold in the end.
var (
	// addScript adds ARGV[1] to a counter; a new one lasts ARGV[2] milliseconds.
	addScript = redis.NewScript(`
local count = redis.call("incrby", KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then
	redis.call("pexpire", KEYS[1], ARGV[2])
end
return {count, tonumber(redis.call("get", KEYS[2]) or 0)}
`)

	// giveBackScript takes ARGV[1] away from a counter, but no more than is there:
	// Redis may have lost it in the meantime.
	giveBackScript = redis.NewScript(`
local count = tonumber(redis.call("get", KEYS[1]) or 0)
local part = math.min(count, tonumber(ARGV[1]))
if part > 0 then
	redis.call("decrby", KEYS[1], string.format("%d", part))
end
return {count - part, tonumber(redis.call("get", KEYS[2]) or 0)}
`)
)

// quietRedis silences go-redis, which would write addresses to standard error.
var quietRedis = sync.OnceFunc(logging.Disable)

// redisClient counts in Redis.
type redisClient struct {
	client       redis.UniversalClient
	pseudonymKey []byte

	adding, givingBack *combiner
}

func newRedisClient(ctx context.Context, config *RedisConfig) (*redisClient, error) {
	options, err := config.options(ctx)
	if err != nil {
		return nil, err
	}
	quietRedis()
	c := &redisClient{client: redis.NewUniversalClient(options), pseudonymKey: config.PseudonymKey}
	c.adding = newCombiner(config.Wait, func(ctx context.Context, rounds []*round) { c.send(ctx, addScript, rounds) })
	c.givingBack = newCombiner(config.Wait, func(ctx context.Context, rounds []*round) { c.send(ctx, giveBackScript, rounds) })
	return c, nil
}

// add counts all tallies at the same time, and waits for no more than ctx.
func (c *redisClient) add(ctx context.Context, tallies []Tally) error {
	for i, part := range c.adding.join(c.additions(tallies)) {
		t := &tallies[i]
		var err error
		if t.Count, t.Previous, err = part.result(ctx); err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes all tallies away again, and waits for no more than ctx.
func (c *redisClient) giveBack(ctx context.Context, tallies []Tally) error {
	for _, part := range c.givingBack.join(c.additions(tallies)) {
		if _, _, err := part.result(ctx); err != nil {
			return err
		}
	}
	return nil
}

// send runs the script for each round, all at one time.
func (c *redisClient) send(ctx context.Context, script *redis.Script, rounds []*round) {
	c.pipeline(ctx, script, rounds)
	var unknown []*round
	for _, r := range rounds {
		if redis.HasErrorPrefix(r.err, "NOSCRIPT") {
			unknown = append(unknown, r)
		}
	}
	if len(unknown) > 0 && script.Load(ctx, c.client).Err() == nil { // Redis was restarted
		c.pipeline(ctx, script, unknown)
	}
}

// pipeline calls the script for each round, and keeps the results there.
func (c *redisClient) pipeline(ctx context.Context, script *redis.Script, rounds []*round) {
	pipe := c.client.Pipeline()
	cmds := make([]*redis.Cmd, len(rounds))
	for i, r := range rounds {
		keys := []string{r.id.name(r.id.index), r.id.name(r.id.index - 1)}
		lasting := max(time.Until(time.Unix(0, r.id.expiry)), time.Millisecond)
		cmds[i] = script.EvalSha(ctx, pipe, keys, r.total, lasting.Milliseconds())
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for i, r := range rounds {
		r.read(cmds[i])
	}
}

func (r *round) read(answer *redis.Cmd) {
	counts, err := answer.Int64Slice()
	switch {
	case err != nil:
		r.err = err
	case len(counts) != 2:
		r.err = errAnswer
	default:
		r.count, r.previous, r.err = counts[0], counts[1], nil
	}
}

// additions names the counters of tallies.
func (c *redisClient) additions(tallies []Tally) []addition {
	mac := hmac.New(sha256.New, c.pseudonymKey)
	additions := make([]addition, len(tallies))
	for i := range tallies {
		additions[i] = addition{tallies[i].id(mac), tallies[i].Add}
	}
	return additions
}

// id names a tally's counter without saying whom it counts.
func (t *Tally) id(mac hash.Hash) counterID {
	mac.Reset()
	_, _ = io.WriteString(mac, t.Rule) // ends with a slash and holds a fixed number of them
	_, _ = io.WriteString(mac, t.Key)
	sum := mac.Sum(nil)
	return counterID{hex.EncodeToString(sum[:pseudonymLength]), t.Index, t.Expiry}
}

// name is the counter's key in Redis, or that of another index. The braces put
// all windows of a rule and key on one node of a Cluster.
func (id counterID) name(index int64) string {
	return redisPrefix + "{" + id.pseudonym + "}:" + strconv.FormatInt(index, 10)
}

// probe reports whether Redis counts within wait. A connection that has to be
// made first may take longer, as may teaching Redis the scripts.
func (c *redisClient) probe(wait time.Duration) error {
	if err := c.countProbe(connectTimeout); err != nil {
		return err
	}
	if err := c.countProbe(wait); err != nil {
		return fmt.Errorf("redis is slow: %w", err)
	}
	return nil
}

// countProbe counts and gives back, as a PING would succeed where nothing can be
// written.
func (c *redisClient) countProbe(wait time.Duration) error {
	probe := &round{id: counterID{pseudonym: "probe", expiry: time.Now().Add(time.Minute).UnixNano()}, total: 1}
	for _, script := range []*redis.Script{addScript, giveBackScript} {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		c.send(ctx, script, []*round{probe})
		cancel()
		if probe.err != nil {
			return probe.err
		}
	}
	return nil
}
