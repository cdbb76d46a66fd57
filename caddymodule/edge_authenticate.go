package caddymodule

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/caller/jwt"
	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// authenticate finds out who is calling. An unknown key, a revoked one and
// none at all look the same from outside.
func (e *Edge) authenticate(ex *exchange, r *http.Request, pathKey string) *problem {
	presented, p := e.presented(r, pathKey)
	if p != nil {
		return p
	}
	callers := e.app.registry.Directory() // once, so that all of this sees one state
	certified, p := e.byCertificate(ex, r, callers, presented == "")
	if p != nil {
		return p
	}
	var found *registered
	switch {
	case presented == "" && certified == nil:
		return e.asAnonymous(ex, r)
	case presented == "":
		found, ex.auth = certified, audit.AuthCertificate
	case e.app.tokens != nil && jwt.LooksLikeToken(presented):
		found, p = e.byToken(ex, r, callers, presented)
	default:
		found, p = e.byKey(ex, callers, presented)
	}
	switch {
	case p != nil:
		return p
	case certified != nil && certified != found:
		return e.unauthenticated(jwt.InvalidRequest, errTwoCallers)
	case found == nil: // unlisted, and known by its token
		return e.permit(ex)
	case !found.AllowsFrom(ex.clientIP):
		e.take(ex, found)
		return &problem{reason: provider.ReasonForbidden, cause: errAddress, detail: detailAddress}
	}
	e.take(ex, found)
	return e.permit(ex)
}

// directory is all callers, and registered one of them.
type (
	directory  = caller.Directory[*callerState]
	registered = caller.Caller[*callerState]
)

// take makes a caller the exchange's, unless a token has said more of it.
func (e *Edge) take(ex *exchange, c *registered) {
	ex.caller, ex.name = c.Value, c.Name
	if ex.bounds == nil {
		ex.bounds = c.Value.bounds
	}
}

// permit asks whether the caller may be here at all.
func (e *Edge) permit(ex *exchange) *problem {
	switch {
	case !ex.caller.mayAsk(e.provider.Name):
		return &problem{reason: provider.ReasonForbidden, cause: errProvider}
	case !e.serves(ex.name):
		return &problem{reason: provider.ReasonForbidden, cause: errNotServed}
	default:
		return nil
	}
}

var (
	errNotServed       = errors.New("this route does not serve the caller")
	errAddress         = errors.New("the caller may not call from this address")
	errProvider        = errors.New("the caller may not ask this provider")
	errOperation       = errors.New("the caller may not use this operation")
	errTier            = errors.New("the token names a tier that is not described")
	errUnlisted        = errors.New("the token is of nobody that is served here")
	errSubject         = errors.New("the token's subject cannot be the name of a caller")
	errNotRead         = errors.New("callers have not been read yet")
	errTwoCallers      = errors.New("the certificate is of another caller than the key or token")
	errAnonymousRemote = errors.New("anonymous request from another host or through a proxy")
)

// presented takes the one key or token from a request; "" for none.
func (e *Edge) presented(r *http.Request, pathKey string) (string, *problem) {
	query, err := e.keyQuery(r)
	if err != nil {
		return "", &problem{reason: provider.ReasonInvalidRequest, detail: "the query string is not encoded well"}
	}
	if pathKey, err = url.PathUnescape(pathKey); err != nil {
		return "", e.unauthenticated(jwt.InvalidRequest, caller.ErrMalformed)
	}
	key, err := e.extractor.Extract(r.Header, query, pathKey)
	switch {
	case errors.Is(err, caller.ErrNone):
		return "", nil
	case err != nil:
		return "", e.unauthenticated(jwt.InvalidRequest, err)
	default:
		return key, nil
	}
}

// keyQuery parses the query only where the provider's clients put keys there.
func (e *Edge) keyQuery(r *http.Request) (url.Values, error) {
	if len(e.slotsIn.query) == 0 || r.URL.RawQuery == "" {
		return nil, nil
	}
	if len(r.URL.RawQuery) > intake.MaxQueryBytes {
		return nil, errLongQuery
	}
	return url.ParseQuery(r.URL.RawQuery)
}

var errLongQuery = errors.New("query string too long")

func (e *Edge) asAnonymous(ex *exchange, r *http.Request) *problem {
	if e.anonymous == nil {
		return e.unauthenticated(jwt.NoToken, caller.ErrNone)
	}
	if !isUnproxiedLocal(r) {
		return e.unauthenticated(jwt.NoToken, errAnonymousRemote)
	}
	ex.caller, ex.name, ex.bounds, ex.auth = e.anonymous, anonymousName, e.anonymous.bounds, audit.AuthAnonymous
	return nil
}

func (e *Edge) byKey(ex *exchange, callers *directory, key string) (*registered, *problem) {
	found, keyID, err := callers.Find(key, time.Now())
	ex.keyID = keyID
	if err != nil {
		return nil, e.unknown(jwt.InvalidToken, err)
	}
	ex.auth = audit.AuthKey
	return found, nil
}

// unlistedPrefix stands in front of names that only the issuer knows, so that none
// of them is the name of a caller that was described, is, or will be.
const unlistedPrefix = "jwt:"

// byToken finds the caller of a token. A caller that is known by keys alone is
// not found by its name: that would let the issuer be any caller.
func (e *Edge) byToken(ex *exchange, r *http.Request, callers *directory, token string) (*registered, *problem) {
	identity, err := e.app.tokens.verifier.Verify(r.Context(), token, e.tokenPolicy)
	if err != nil {
		return nil, e.unauthenticated(jwt.ClassOf(err), err)
	}
	found, err := callers.BySubject(identity.Subject, time.Now())
	ex.keyID, ex.token = identity.TokenID, identity
	var state *callerState
	switch unlisted := e.app.tokens.unlisted; {
	case err == nil:
		state = found.Value
		ex.name = found.Name
	case errors.Is(err, caller.ErrCallerExpired):
		return nil, e.unauthenticated(jwt.InvalidToken, err)
	case unlisted == nil || e.app.registry.Ready() != nil: // it may be a caller that is not known yet
		return nil, e.unknown(jwt.InvalidToken, errUnlisted)
	case !isUnlistedName(identity.Subject):
		return nil, e.unauthenticated(jwt.InvalidToken, errSubject)
	default:
		state = unlisted
		ex.name = unlistedPrefix + identity.Subject
	}
	ex.caller, ex.bounds, ex.auth = state, state.bounds, audit.AuthToken
	if identity.Tier != "" && state.byTier != nil {
		byTier := state.byTier[identity.Tier]
		if byTier == nil {
			return nil, &problem{reason: provider.ReasonForbidden, cause: errTier}
		}
		ex.bounds = byTier
	}
	return found, nil
}

// isUnlistedName asks for a letter too: a subject may be a phone number, which
// would stand in the audit log.
func isUnlistedName(subject string) bool {
	return caller.ValidName(subject) && strings.ContainsAny(subject, "abcdefghijklmnopqrstuvwxyz")
}

// byCertificate finds the caller of a client certificate. One that says nothing
// is a fault only where nothing else is presented: a mesh gives everybody one.
func (e *Edge) byCertificate(ex *exchange, r *http.Request, callers *directory, alone bool) (*registered, *problem) {
	if e.app.verifier == nil {
		return nil, nil
	}
	now := time.Now()
	judged, err := e.app.verifier.Judge(r.TLS, now)
	if errors.Is(err, caller.ErrNoCertificate) {
		return nil, nil
	}
	var found *registered
	if err == nil {
		found, err = callers.ByCertificate(judged, now)
	}
	if err != nil && !alone && !errors.Is(err, caller.ErrCallerExpired) && !errors.Is(err, caller.ErrCertificateAmbiguous) {
		return nil, nil
	}
	ex.keyID = judged.ID
	if err != nil {
		return nil, e.unknown(jwt.NoToken, err)
	}
	return found, nil
}

// unknown refuses who is nobody, as far as is known: while callers somewhere have
// not been read yet, nobody can say.
func (e *Edge) unknown(class jwt.Class, cause error) *problem {
	for _, nobody := range [...]error{caller.ErrUnknownKey, caller.ErrCertificateUnknown, errUnlisted} {
		if errors.Is(cause, nobody) && e.app.registry.Ready() != nil {
			return &problem{reason: provider.ReasonCallersUnavailable, cause: errNotRead, retry: retryCallers}
		}
	}
	return e.unauthenticated(class, cause)
}

// unauthenticated refuses who is not known. Where tokens are taken it says so as
// RFC 6750 has it; otherwise every refusal is the same.
func (e *Edge) unauthenticated(class jwt.Class, cause error) *problem {
	p := &problem{reason: provider.ReasonUnauthenticated, cause: cause, challenge: jwt.Challenge(jwt.NoToken, realm, nil)}
	if e.app.tokens != nil || e.app.verifier != nil {
		p.detail = "show one valid caller key, token or client certificate of a caller that is served here"
	}
	if e.app.tokens == nil {
		return p
	}
	p.challenge = jwt.Challenge(class, realm, e.tokenPolicy.Scopes)
	switch class {
	case jwt.InvalidRequest:
		p.status = http.StatusBadRequest
	case jwt.InsufficientScope:
		p.reason = provider.ReasonForbidden
	case jwt.Unavailable:
		p.reason, p.retry = provider.ReasonIssuerUnavailable, retryIssuer
	case jwt.NoToken, jwt.InvalidToken:
	}
	return p
}

const (
	realm = "ringward"

	detailAddress = "calls from this address are not allowed"

	// retryIssuer is the Retry-After while the issuer's keys cannot be fetched.
	retryIssuer = 10 * time.Second
)
