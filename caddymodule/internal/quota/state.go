package quota

import (
	"net/http"
	"strconv"
	"time"
)

// State is one rule's window after a request was counted in it.
type State struct {
	// Name is the rule's name for clients; empty for the zero State.
	Name string

	// Limit is the number of requests allowed in Window, Remaining what is left
	// of it.
	Limit, Remaining int64

	// Reset is the time until the window ends, rounded up by at most a second.
	Reset time.Duration

	// Reached means that this request exceeds the limit and must be refused.
	Reached bool

	// Window is the length of the window.
	Window time.Duration
}

// The field names in Go's canonical form; names have no case on the wire.
const (
	headerPolicy     = "Ratelimit-Policy"
	headerRateLimit  = "Ratelimit"
	headerRetryAfter = "Retry-After"
)

// tighterThan orders states: a reached limit before any other, then the one
// with less left, then the one that lasts longer. Among reached limits the one
// that lasts longest is the tightest, so that waiting for it is enough.
func (s State) tighterThan(other State) bool {
	switch {
	case s.Reached != other.Reached:
		return s.Reached
	case s.Remaining != other.Remaining:
		return s.Remaining < other.Remaining
	default:
		return s.Reset > other.Reset
	}
}

// SetHeaders tells the client where it stands, in the fields of
// draft-ietf-httpapi-ratelimit-headers-10:
//
//	RateLimit-Policy: "ip";q=10;w=3600
//	RateLimit: "ip";r=5;t=30
//
// and, where a limit is reached, Retry-After with the seconds until every
// reached limit has ended. Zero States are left out.
func SetHeaders(h http.Header, states []State) {
	var policy, current []byte
	var retryAfter int64
	for _, s := range states {
		if s.Name == "" {
			continue
		}
		if len(policy) > 0 {
			policy = append(policy, ", "...)
			current = append(current, ", "...)
		}
		policy = appendName(policy, s.Name)
		policy = appendParam(policy, ";q=", s.Limit)
		policy = appendParam(policy, ";w=", seconds(s.Window))
		current = appendName(current, s.Name)
		current = appendParam(current, ";r=", s.Remaining)
		current = appendParam(current, ";t=", seconds(s.Reset))
		if s.Reached {
			retryAfter = max(retryAfter, seconds(s.Reset), 1)
		}
	}
	if len(policy) == 0 {
		return
	}
	h.Set(headerPolicy, string(policy))
	h.Set(headerRateLimit, string(current))
	if retryAfter > 0 {
		h.Set(headerRetryAfter, strconv.FormatInt(retryAfter, 10))
	}
}

// seconds rounds up: a client that comes back too early is refused again.
func seconds(d time.Duration) int64 {
	return int64((max(d, 0) + time.Second - 1) / time.Second)
}

func appendParam(dst []byte, param string, value int64) []byte {
	return strconv.AppendInt(append(dst, param...), value, 10)
}

// appendName appends name as a String of RFC 9651, which knows printable ASCII
// only. Rule names need no escape; a State made by hand must not break out.
func appendName(dst []byte, name string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(name) {
		switch {
		case c < ' ' || c > '~':
			dst = append(dst, '?')
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
