package quota

import (
	"net/http"
	"strconv"
	"time"
)

// The field names in Go's canonical form; names have no case on the wire.
const (
	headerPolicy     = "Ratelimit-Policy"
	headerRateLimit  = "Ratelimit"
	headerRetryAfter = "Retry-After"

	headerOldLimit     = "X-Ratelimit-Limit"
	headerOldRemaining = "X-Ratelimit-Remaining"
	headerOldReset     = "X-Ratelimit-Reset"
)

// SetHeaders tells the client where it stands, in the fields of
// draft-ietf-httpapi-ratelimit-headers-11:
//
//	RateLimit-Policy: "ip";q=10;w=3600
//	RateLimit: "ip";r=5;t=30
//
// and, where a limit is reached, Retry-After with the seconds until no limit is
// reached any more. Clients older than the draft get the tightest of the states
// as X-RateLimit-Limit, -Remaining and -Reset, the last in seconds from now:
// others send a date there, but that needs clocks that agree. Zero States are
// left out.
func SetHeaders(h http.Header, states []State) {
	var buffers [2][256]byte // on the stack, for some limits
	policy, current := buffers[0][:0], buffers[1][:0]
	var tightest State
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
		if tightest.Name == "" || s.tighterThan(tightest) {
			tightest = s
		}
	}
	if len(policy) == 0 {
		return
	}
	values := [...]string{
		string(policy), string(current), strconv.FormatInt(tightest.Limit, 10),
		strconv.FormatInt(tightest.Remaining, 10), strconv.FormatInt(seconds(tightest.Reset), 10),
	}
	for i, name := range [...]string{headerPolicy, headerRateLimit, headerOldLimit, headerOldRemaining, headerOldReset} {
		h[name] = values[i : i+1 : i+1] // one array for all; whoever appends to one gets another
	}
	if tightest.Reached {
		SetRetryAfter(h, tightest.Reset)
	}
}

// SetRetryAfter tells the client how long to wait, in whole seconds rounded up
// and one at least. Budgets and lockouts have no other field: their numbers are
// not for clients.
func SetRetryAfter(h http.Header, d time.Duration) {
	h.Set(headerRetryAfter, strconv.FormatInt(max(seconds(d), 1), 10))
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
