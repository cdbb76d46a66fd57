package caddymodule

import (
	"encoding/json"
	"net/http"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// public is what a caller sees of a reason: status, title and what it can do.
// The texts are fixed: no upstream text and no input ever gets into them.
type public struct {
	status        int
	title, detail string
}

var publicProblems = map[provider.Reason]public{
	provider.ReasonPlaintext:             {http.StatusForbidden, "TLS required", "call over https, or over http from the same host only"},
	provider.ReasonBrowser:               {http.StatusForbidden, "Browsers are not served", "call from your server; never ship a caller key to a browser"},
	provider.ReasonUnauthenticated:       {http.StatusUnauthorized, "Not authenticated", "send one valid caller key as X-API-Key, as a Bearer token, or where the provider's key used to be"},
	provider.ReasonForbidden:             {http.StatusForbidden, "Not allowed", "this caller may not do this here"},
	provider.ReasonUnknownOperation:      {http.StatusNotFound, "Not found", "this method and path are not served here"},
	provider.ReasonInvalidRequest:        {http.StatusBadRequest, "Invalid request", "the request is not well formed"},
	provider.ReasonTooLarge:              {http.StatusRequestEntityTooLarge, "Request too large", "send less"},
	provider.ReasonUnsupportedMedia:      {http.StatusUnsupportedMediaType, "Unsupported media type", "send JSON"},
	provider.ReasonInvalidNumber:         {http.StatusBadRequest, "Invalid phone number", "the number is not a phone number"},
	provider.ReasonNumberNotAllowed:      {http.StatusForbidden, "Number not allowed", "numbers of this region or type are not looked up here"},
	provider.ReasonRateLimited:           {http.StatusTooManyRequests, "Too many requests", "wait as Retry-After says"},
	provider.ReasonLockedOut:             {http.StatusTooManyRequests, "Locked out", "too many requests failed: correct them, and wait as Retry-After says"},
	provider.ReasonBudgetExceeded:        {http.StatusTooManyRequests, "Budget used up", "wait as Retry-After says"},
	provider.ReasonBusy:                  {http.StatusServiceUnavailable, "Too busy", "try again later"},
	provider.ReasonCredentialUnavailable: {http.StatusServiceUnavailable, "Temporarily unavailable", "try again later"},
	provider.ReasonAuditUnavailable:      {http.StatusServiceUnavailable, "Temporarily unavailable", "try again later"},
	provider.ReasonCallersUnavailable:    {http.StatusServiceUnavailable, "Temporarily unavailable", "try again later"},
	provider.ReasonIssuerUnavailable:     {http.StatusServiceUnavailable, "Temporarily unavailable", "try again later"},
	provider.ReasonLimitsUnavailable:     {http.StatusServiceUnavailable, "Temporarily unavailable", "try again later"},
	provider.ReasonUnknownNumber:         {http.StatusNotFound, "Unknown number", "the provider knows no such number"},
	provider.ReasonUpstreamRefused:       {http.StatusUnprocessableEntity, "Lookup refused", "the provider does not look up this number"},
	provider.ReasonUpstreamBusy:          {http.StatusServiceUnavailable, "Lookup unavailable", "try again later"},
	provider.ReasonUpstreamError:         {http.StatusBadGateway, "Lookup failed", "try again later"},
	provider.ReasonUpstreamTimeout:       {http.StatusGatewayTimeout, "Lookup timed out", "try again later"},
	provider.ReasonCanceled:              {499, "Request canceled", "the caller closed the connection"},
	provider.ReasonInternal:              {http.StatusInternalServerError, "Internal error", "try again later"},
}

// publicProblem returns the public side of a reason; an unknown reason is an
// internal error.
func publicProblem(reason provider.Reason) public {
	if p, ok := publicProblems[reason]; ok {
		return p
	}
	return publicProblems[provider.ReasonInternal]
}

// renderProblem encodes a problem in the provider's own error shape.
func renderProblem(p *provider.Provider, id string, prob *problem) (status int, body []byte) {
	pub := publicProblem(prob.reason)
	detail := prob.detail
	if detail == "" {
		detail = pub.detail
	}
	status = pub.status
	if prob.status != 0 {
		status = prob.status
	}
	shape := p.Problem
	if shape == nil {
		shape = provider.GenericProblem
	}
	body, err := json.Marshal(shape(provider.Problem{
		Status: status, Reason: prob.reason, Title: pub.title, Detail: detail, RequestID: id,
	}))
	if err != nil {
		body = []byte(`{}`) // a shape that cannot be encoded is caught by the preset tests
	}
	return status, body
}
