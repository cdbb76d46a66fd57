package caddymodule

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/caller/jwt"
	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// exchange is the record of one request. It is made at the front door, filled
// on the way, and becomes the audit entry. Nothing else carries state between
// the two doors.
type exchange struct {
	// Set at the front door.
	id       string
	start    time.Time
	counting context.Context // all waits for the limit store together are bounded in it
	bodyRead bool            // nothing of the request's body is left
	isLast   bool            // the connection ends with the answer
	clientIP netip.Addr
	countIP  string       // what the client is counted by; see ipKey
	caller   *callerState // nil until authenticated
	name     string       // of the caller
	bounds   *bounds      // of the caller, by its tier
	keyID    string       // of the key, token or certificate; empty for anonymous
	auth     audit.Auth   // how the caller was known
	token    *jwt.Identity
	provider *provider.Provider
	op       *operation // nil until matched
	numbers  []audit.NumberRef
	blocks   []string // pseudonyms, as many as numbers
	limits   []quota.State
	outbound intake.Outbound
	plan     *minimize.Plan

	inUnifiedForm bool // the request, not only its answer

	// Set at the vault door.
	claimed           atomic.Bool
	upstreamCalls     int
	upstreamStatus    int
	upstreamTime      time.Duration
	credentialVersion int
	cost              int  // of the lookup, in cost units
	uncharged         bool // the provider answered with an error, which costs nothing
	answered          bool
	answer            []byte
	released          minimize.ClassSet
	fields            minimize.FieldSet // of plan

	// problem is set where the request is refused or fails, by either door.
	problem *problem
}

// problem is why an exchange has no answer.
type problem struct {
	reason provider.Reason
	status int           // in place of the reason's own; 0 for none
	detail string        // for the caller: generic
	cause  error         // for the log: a sentinel without secret or number
	hint   string        // for the operator
	retry  time.Duration // Retry-After; 0 for none

	challenge string // WWW-Authenticate; empty for none
}

// drop takes back an answer that must not leave.
func (ex *exchange) drop() {
	ex.answered, ex.answer, ex.released, ex.fields = false, nil, 0, minimize.FieldSet{}
}

// fail records the first problem of an exchange; later ones are consequences.
func (ex *exchange) fail(p *problem) {
	if ex.problem == nil {
		ex.problem = p
	}
}

// addLimit keeps the last state of each rule: a batch is counted several times.
func (ex *exchange) addLimit(state quota.State) {
	for i := range ex.limits {
		if same := &ex.limits[i]; same.Name == state.Name && same.Window == state.Window && same.Limit == state.Limit {
			if state.Reached || state.Remaining < same.Remaining {
				*same = state
			}
			return
		}
	}
	if ex.limits == nil {
		ex.limits = make([]quota.State, 0, 4)
	}
	ex.limits = append(ex.limits, state)
}

// claim reports true once. A second round trip for the same exchange would be
// a lookup that nobody asked for.
func (ex *exchange) claim() bool { return ex.claimed.CompareAndSwap(false, true) }

// ipKey is what the client is counted by; those on a unix socket are one.
func (ex *exchange) ipKey() string {
	if ex.countIP == "" {
		ex.countIP = "unix"
		if ex.clientIP.IsValid() {
			ex.countIP = quota.KeyForIP(ex.clientIP)
		}
	}
	return ex.countIP
}

type exchangeKey struct{}

func withExchange(ctx context.Context, ex *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, ex)
}

func exchangeFrom(ctx context.Context) *exchange {
	ex, _ := ctx.Value(exchangeKey{}).(*exchange)
	return ex
}
