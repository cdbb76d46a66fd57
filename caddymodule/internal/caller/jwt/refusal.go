package jwt

import (
	"errors"
	"strings"
)

// Class is what a refusal means to the client.
type Class int

// The classes, with the status that belongs to each.
const (
	// NoToken: 401, and nothing is said about an error (RFC 6750, section 3.1).
	NoToken Class = iota

	// InvalidRequest: 400, the token was sent in a way that is not allowed.
	InvalidRequest

	// InvalidToken: 401, this token is not good here.
	InvalidToken

	// InsufficientScope: 403, the token is good but not for this.
	InsufficientScope

	// Unavailable: 503, no token can be judged now.
	Unavailable
)

// Refusal is why a token is not accepted. Its text is fixed and holds nothing of
// the token; it is for the audit, as it would help those who forge.
type Refusal struct {
	Class Class
	text  string
}

func (r *Refusal) Error() string { return r.text }

func invalid(text string) *Refusal { return &Refusal{Class: InvalidToken, text: text} }

// The refusals.
var (
	ErrNoToken     = &Refusal{Class: NoToken, text: "no token was presented"}
	ErrForm        = invalid("the token is not a signed JSON Web Token in compact form")
	ErrTooLong     = invalid("the token is too long")
	ErrHeader      = invalid("the token's header asks for something that is not supported")
	ErrType        = invalid("the token is of another type")
	ErrAlgorithm   = invalid("the token's algorithm is not allowed")
	ErrUnknownKey  = invalid("the token's key is not one of the issuer")
	ErrSignature   = invalid("the token's signature is wrong")
	ErrClaims      = invalid("the token's claims are malformed")
	ErrNoExpiry    = invalid("the token has no expiry")
	ErrIssuer      = invalid("the token is of another issuer")
	ErrExpired     = invalid("the token has expired")
	ErrNotYet      = invalid("the token is not valid yet")
	ErrTooOld      = invalid("the token was issued too long ago")
	ErrLifetime    = invalid("the token is made to be valid for too long")
	ErrAudience    = invalid("the token is for another audience")
	ErrClaim       = invalid("the token lacks a required claim")
	ErrSubject     = invalid("the token does not say who is calling")
	ErrTier        = invalid("the token's tier is no text")
	ErrScope       = &Refusal{Class: InsufficientScope, text: "the token lacks a required scope"}
	ErrUnavailable = &Refusal{Class: Unavailable, text: "the issuer's keys are not available"}
)

// ClassOf is the class of an error of Verify. What is not a refusal counts as
// Unavailable.
func ClassOf(err error) Class {
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return refusal.Class
	}
	return Unavailable
}

// Challenge is the value of WWW-Authenticate for a class (RFC 6750, section 3).
// It is empty for Unavailable, which is not the client's fault. The realm is
// from a config; scopes are those of the policy.
func Challenge(class Class, realm string, scopes []string) string {
	challenge := "Bearer realm=" + quoted(realm)
	switch class {
	case Unavailable:
		return ""
	case InvalidRequest:
		challenge += `, error="invalid_request", error_description="The access token was sent in a way that is not allowed"`
	case InvalidToken:
		challenge += `, error="invalid_token", error_description="The access token is not valid here"`
	case InsufficientScope:
		challenge += `, error="insufficient_scope", error_description="The access token lacks a scope"`
		if len(scopes) > 0 {
			challenge += ", scope=" + quoted(strings.Join(scopes, " "))
		}
	case NoToken:
	}
	return challenge
}

// quoted writes a quoted-string of HTTP. Characters that a header cannot hold
// are left out.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		if c >= ' ' && c <= '~' {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
