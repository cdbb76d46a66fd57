package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/caller/jwt"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// LimitConfig is one rate limit.
type LimitConfig struct {
	// By is what is counted: ip, caller, session, number, block or provider, or
	// several of them joined by "+", such as caller+number. A caller's and a
	// tier's own limits are always counted by caller as well; default: caller.
	By string `json:"by,omitempty"`

	// Rate is a count and a period, such as "10/h" or "100/15m".
	Rate string `json:"rate"`
}

// rule checks the limit. within is a dimension that is counted by in any case;
// empty for none.
func (l LimitConfig) rule(within quota.Dimension, scope string) (quota.Rule, error) {
	text := l.By
	if within != "" && !strings.Contains("+"+text+"+", "+"+string(within)+"+") {
		text = strings.Trim(string(within)+"+"+text, "+")
	}
	by, err := quota.ParseDimension(text)
	if err != nil {
		return quota.Rule{}, err
	}
	rate, err := quota.ParseRate(l.Rate)
	if err != nil {
		return quota.Rule{}, fmt.Errorf("limit %s: %w", by, err)
	}
	return quota.Rule{Dimension: by, Rate: rate, Scope: scope}, nil
}

// limits are rules by the moment at which they can be counted.
type limits struct {
	arrival *quota.Limiter // by address alone: before the caller is known
	request *quota.Limiter // by what a request has once
	number  *quota.Limiter // by number or block: for each number of a request
}

func newLimits(store quota.Counters, configs []LimitConfig, within quota.Dimension, scope string) (*limits, error) {
	var arrival, request, number []quota.Rule
	for _, config := range configs {
		rule, err := config.rule(within, scope)
		if err != nil {
			return nil, err
		}
		switch {
		case rule.Dimension == quota.ByIP:
			arrival = append(arrival, rule)
		case strings.Contains(string(rule.Dimension), string(quota.ByNumber)), strings.Contains(string(rule.Dimension), string(quota.ByBlock)):
			number = append(number, rule)
		default:
			request = append(request, rule)
		}
	}
	l := new(limits)
	var errs [3]error
	l.arrival, errs[0] = quota.NewLimiter(store, arrival)
	l.request, errs[1] = quota.NewLimiter(store, request)
	l.number, errs[2] = quota.NewLimiter(store, number)
	return l, errors.Join(errs[:]...)
}

func (l *limits) needs(d quota.Dimension) bool { return l.request.Needs(d) || l.number.Needs(d) }

// takeArrival counts requests by the client's address.
func (e *Edge) takeArrival(ex *exchange, n int) *problem {
	if !e.limits.arrival.Has(quota.ByIP) {
		return nil
	}
	state, err := e.limits.arrival.TakeN(ex.counting, quota.ByIP, ex.ipKey(), int64(n))
	if err != nil {
		return uncounted(err)
	}
	return ex.counted(true, state)
}

// takeAll counts what is asked, in every limit of the caller and of the route:
// a batch counts as many times as it has numbers.
func (e *Edge) takeAll(ex *exchange, r *http.Request) *problem {
	n := max(len(ex.numbers), 1)
	if n > 1 { // the first was counted when the request arrived
		if p := e.takeArrival(ex, n-1); p != nil {
			return p
		}
	}
	keys := quota.Keys{IP: ex.ipKey(), Caller: ex.name, Provider: e.provider.Name}
	if e.limits.needs(quota.BySession) || ex.bounds.limits.needs(quota.BySession) {
		keys.Session = e.Session.key(r, ex.token)
	}
	var space [4]quota.State // for a usual number of limits
	for _, l := range [...]*limits{ex.bounds.limits, e.limits} {
		states, err := l.request.TakeAll(ex.counting, []quota.Keys{keys}, int64(n), space[:0])
		if err != nil {
			return uncounted(err)
		}
		if p := ex.counted(true, states...); p != nil {
			return p
		}
	}
	each := make([]quota.Keys, 0, 1) // for one number on the stack
	for i := range ex.numbers {
		keys.Number, keys.Block = ex.numbers[i].Pseudonym, ex.blocks[i]
		each = append(each, keys)
	}
	for _, l := range [...]*limits{ex.bounds.limits, e.limits} {
		states, err := l.number.TakeAll(ex.counting, each, 1, space[:0])
		if err != nil {
			return uncounted(err)
		}
		// How often a number was asked about by others is not for this caller.
		if p := ex.counted(false, states...); p != nil {
			return p
		}
	}
	return nil
}

// uncounted refuses what cannot be counted.
func uncounted(err error) *problem {
	if errors.Is(err, quota.ErrUnavailable) {
		return &problem{reason: provider.ReasonLimitsUnavailable, cause: err, retry: retryLimits}
	}
	return &problem{reason: provider.ReasonInternal, cause: err}
}

// retryLimits is the Retry-After while limits cannot be counted.
const retryLimits = 5 * time.Second

// counted keeps the states of limits for the answer's headers: those that are
// told to callers, and any that was reached.
func (ex *exchange) counted(tell bool, states ...quota.State) *problem {
	var p *problem
	for _, state := range states {
		if tell || state.Reached {
			ex.addLimit(state)
		}
		if state.Reached && p == nil {
			p = &problem{reason: provider.ReasonRateLimited, cause: errLimit(state.Name)}
		}
	}
	return p
}

// errLimit names the limit that was reached.
type errLimit string

func (name errLimit) Error() string { return "limit reached: " + string(name) }

// SessionConfig says what in a request names the caller's own user, for limits
// by session. One of its fields is set.
type SessionConfig struct {
	// Header is the name of a header.
	Header string `json:"header,omitempty"`

	// Cookie is the name of a cookie.
	Cookie string `json:"cookie,omitempty"`

	// Claim is the name of a claim of the caller's token.
	Claim string `json:"claim,omitempty"`
}

// noSession stands for all requests that do not say.
const noSession = "none"

// key is a digest: what names a session is the application's own secret.
func (s *SessionConfig) key(r *http.Request, token *jwt.Identity) string {
	value := ""
	switch {
	case s == nil:
	case s.Claim != "":
		if token != nil {
			value, _ = token.Claim(s.Claim)
		}
	case s.Header != "":
		value = r.Header.Get(s.Header)
	default:
		if cookie, err := r.Cookie(s.Cookie); err == nil {
			value = cookie.Value
		}
	}
	if value == "" {
		return noSession
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:16])
}
