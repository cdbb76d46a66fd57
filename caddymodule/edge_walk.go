package caddymodule

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/phone"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// ServeHTTP walks one request through the front door. It answers every error
// itself and returns nil: Caddy logs the URL of a returned error.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	hushSpan(r.Context())
	e.app.inFlight.enter()
	defer e.app.inFlight.leave()
	ex := e.open(r)
	ex.bodyRead, ex.isLast = !hasBody(r), isLengthDisputed(r)
	e.guarded(ex, func() {
		if p := e.admit(ex, w, r); p != nil {
			ex.fail(p)
			return
		}
		e.spend(ex, r, next)
	})
	if !ex.bodyRead {
		abandonBody(w, r)
	}
	e.close(ex, w)
	return nil
}

// open starts the record of a request.
func (e *Edge) open(r *http.Request) *exchange {
	ex := &exchange{
		id: newRequestID(), start: time.Now(), provider: e.provider,
		// Not the request's context: a caller that goes away was counted, and
		// gets back what was not charged.
		counting: quota.OneRequest(context.Background()),
	}
	// Caddy has worked out the client's address under its trusted_proxies;
	// headers are never read here.
	if text, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		if addr, err := netip.ParseAddr(text); err == nil {
			ex.clientIP = addr.Unmap()
		}
	}
	return ex
}

func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(id[:])
}

// guarded turns a panic anywhere down the chain into an internal error. The
// panic's value may hold anything, so only its type and the stack are logged.
func (e *Edge) guarded(ex *exchange, walk func()) {
	defer func() {
		if v := recover(); v != nil {
			ex.drop()
			ex.problem = &problem{reason: provider.ReasonInternal, cause: errPanic}
			e.logger.Error("panic while serving a request", zap.String("request_id", ex.id),
				zap.String("type", fmt.Sprintf("%T", v)), zap.ByteString("stack", debug.Stack()))
		}
	}()
	walk()
}

var errPanic = errors.New("panic")

// admit is steps 2 to 8: everything that can refuse a request before it costs
// money.
func (e *Edge) admit(ex *exchange, w http.ResponseWriter, r *http.Request) *problem {
	if p := checkOrigin(r); p != nil {
		return p
	}
	if p := e.checkAddress(ex); p != nil {
		return p
	}
	if p := e.app.lockedOut(ex, addressKey); p != nil {
		return p
	}
	if p := e.takeArrival(ex, 1); p != nil {
		return p
	}
	at := e.match(ex, r)
	if p := e.authenticate(ex, r, at.Key); p != nil {
		if p.reason == provider.ReasonUnauthenticated {
			authFailures().Fail(alert.CallerAuthFailures, alert.AttrClientIP, ex.ipKey())
			e.app.failed(ex, addressKey)
		}
		return p
	}
	if p := e.app.lockedOut(ex, callerKey); p != nil {
		return p
	}
	if ex.op == nil { // told to known callers only
		return &problem{reason: provider.ReasonUnknownOperation}
	}
	if !ex.caller.mayUse(ex.op) {
		return &problem{reason: provider.ReasonForbidden, cause: errOperation}
	}
	in, p := e.read(ex, w, r, at.Number)
	if p != nil {
		return p
	}
	numbers, p := e.checkNumbers(ex, in)
	if p != nil {
		return p
	}
	if p := e.takeAll(ex, r); p != nil {
		return p
	}
	ex.cost = in.Cost()
	ex.outbound = ex.op.form.Write(in, numbers)
	ex.plan = ex.caller.views[ex.op]
	if ex.plan == nil {
		return &problem{reason: provider.ReasonForbidden}
	}
	return nil
}

// match finds the operation; what is not on the provider's allow-list, or not
// served here, does not exist.
func (e *Edge) match(ex *exchange, r *http.Request) provider.Segments {
	if e.isUnified(r) {
		ex.op, ex.inUnifiedForm = e.unifiedOp, true
		return provider.Segments{}
	}
	op, at := e.provider.Match(r.Method, r.URL.EscapedPath())
	if op == nil {
		return provider.Segments{}
	}
	ex.op = e.ops[op]
	return at
}

// read takes the request's parameters in, within bounds of size and time.
func (e *Edge) read(ex *exchange, w http.ResponseWriter, r *http.Request, pathNumber string) (*intake.Input, *problem) {
	body, whole, err := readBody(w, r, ex.op.form.MaxBody())
	ex.bodyRead = whole
	if err != nil {
		return nil, &problem{reason: provider.ReasonInvalidRequest, detail: "the body could not be read in time", cause: errBody}
	}
	read := ex.op.form.Read
	if ex.inUnifiedForm {
		read = ex.op.form.ReadUnified
	}
	in, err := read(intake.Message{Method: r.Method, PathNumber: pathNumber, RawQuery: r.URL.RawQuery, Header: r.Header, Body: body})
	if refusal := (*intake.Error)(nil); errors.As(err, &refusal) {
		return nil, &problem{reason: refusal.Reason, detail: refusal.Detail}
	}
	if err != nil {
		return nil, &problem{reason: provider.ReasonInvalidRequest, cause: errInput}
	}
	return in, nil
}

var (
	errInput = errors.New("reading input")
	errBody  = errors.New("reading the body")
)

// checkNumbers holds every number against the policy and writes it as the
// provider wants it.
func (e *Edge) checkNumbers(ex *exchange, in *intake.Input) (formatted []string, p *problem) {
	for _, asked := range in.Numbers {
		number, p := e.checkNumber(ex, asked)
		if p != nil {
			return nil, p
		}
		formatted = append(formatted, number)
	}
	return formatted, nil
}

func (e *Edge) checkNumber(ex *exchange, asked intake.Asked) (formatted string, p *problem) {
	slot := ex.op.Number
	number, err := e.parser.Parse(phone.Input{Raw: asked.Raw, Region: asked.Region, BareInternational: slot.BareInternational})
	switch {
	case errors.Is(err, phone.ErrRegion) || errors.Is(err, phone.ErrType):
		return "", &problem{reason: provider.ReasonNumberNotAllowed, detail: err.Error()}
	case err != nil:
		e.app.failed(ex, callerKey)
		return "", &problem{reason: provider.ReasonInvalidNumber, detail: err.Error()}
	}
	if !ex.caller.mayLookUp(number.Region()) {
		return "", &problem{reason: provider.ReasonNumberNotAllowed, detail: phone.ErrRegion.Error()}
	}
	pseudonyms, err := e.app.pseudonyms.get()
	if err != nil {
		return "", &problem{reason: provider.ReasonCredentialUnavailable, cause: err, retry: retryCredential}
	}
	ex.blocks = append(ex.blocks, e.block(ex, pseudonyms, number))
	ex.numbers = append(ex.numbers, audit.NumberRef{
		Pseudonym: pseudonyms.Pseudonym(number.E164()),
		Region:    number.Region(),
	})
	switch slot.Format {
	case provider.FormatDigits:
		return number.Digits(), nil
	case provider.FormatNational:
		return number.National(), nil
	default:
		return number.E164(), nil
	}
}

// block is the pseudonym of a number's first digits; empty where no limit needs
// it.
func (e *Edge) block(ex *exchange, pseudonyms *audit.Pseudonymizer, number phone.Number) string {
	if !e.limits.number.Needs(quota.ByBlock) && !ex.bounds.limits.number.Needs(quota.ByBlock) {
		return ""
	}
	digits := number.Digits()
	return pseudonyms.Pseudonym("block " + digits[:min(e.BlockDigits, len(digits))])
}

// spend makes the lookup, which from here on takes up a place and costs money.
func (e *Edge) spend(ex *exchange, r *http.Request, next caddyhttp.Handler) {
	leave, p := e.enter(r.Context(), ex)
	if p != nil {
		ex.plan = nil // refused, not failed
		ex.fail(p)
		return
	}
	defer leave()
	settle, p := e.reserve(ex)
	if p != nil {
		ex.plan = nil
		ex.fail(p)
		return
	}
	defer settle()
	e.lookUp(ex, r, next)
}

// lookUp hands the exchange down the chain to the vault door. The request that
// the chain sees is a stand-in without number, key or body.
func (e *Edge) lookUp(ex *exchange, r *http.Request, next caddyhttp.Handler) {
	if e.app.auditLog.Failing() {
		// The lookup would be paid for and its answer thrown away. This
		// request's own entry finds out whether the log works again.
		ex.fail(&problem{reason: provider.ReasonAuditUnavailable, cause: errAuditFailing, retry: retryAudit})
		return
	}
	if p := e.recordIntent(ex); p != nil {
		ex.fail(p)
		return
	}
	err := next.ServeHTTP(newSink(), e.standIn(ex, r))
	switch {
	case ex.answered || ex.problem != nil:
	case r.Context().Err() != nil:
		ex.fail(&problem{reason: provider.ReasonCanceled, cause: r.Context().Err()})
	case err != nil:
		ex.fail(&problem{reason: provider.ReasonInternal, cause: errChain})
	default:
		ex.fail(&problem{reason: provider.ReasonInternal, cause: errNoTransport})
	}
}

var (
	errAuditFailing = errors.New("the last audit entry could not be written")
	errChain        = errors.New("a handler behind the front door failed")
	errNoTransport  = errors.New("no ringward transport behind the front door")
)

// standIn is what Caddy's reverse_proxy sees, and logs.
func (e *Edge) standIn(ex *exchange, r *http.Request) *http.Request {
	path := ex.op.Path
	req := &http.Request{
		Method: ex.op.Method,
		URL:    &url.URL{Path: path},
		Proto:  r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header:     make(http.Header),
		Body:       http.NoBody,
		Host:       e.provider.Name,
		RemoteAddr: r.RemoteAddr,
		RequestURI: path,
		TLS:        r.TLS,
	}
	return req.WithContext(withExchange(r.Context(), ex))
}
