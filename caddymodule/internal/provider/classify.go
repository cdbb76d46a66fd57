package provider

import "slices"

// Verdict says what an answer of a provider means.
type Verdict string

// The verdicts.
const (
	Answer        Verdict = "answer"         // data about the number, "not valid" included
	BadCredential Verdict = "bad_credential" // the provider refuses our credential
	QuotaExceeded Verdict = "quota_exceeded" // the account has no lookups left, or may not do this
	RateLimited   Verdict = "rate_limited"   // too many requests at once
	BadRequest    Verdict = "bad_request"    // the provider finds fault with the caller's input
	UnknownNumber Verdict = "unknown_number" // an error's form for "no such number": an answer all the same
	ProviderError Verdict = "provider_error" // anything else
)

// Rule matches an answer by status and body. Every condition that is set must
// hold; a rule without conditions matches everything.
type Rule struct {
	// Status lists HTTP statuses; empty means any.
	Status []int `json:"status,omitempty"`

	// Pointer is a JSON pointer to a scalar of the body.
	Pointer string `json:"pointer,omitempty"`

	// Equals lists texts of which the scalar must equal one. Numbers,
	// booleans and null are compared by their JSON text.
	Equals []string `json:"equals,omitempty"`

	// NotEquals lists texts of which the scalar must equal none; a missing
	// scalar satisfies it.
	NotEquals []string `json:"not_equals,omitempty"`

	// Exists demands that something other than null stands at Pointer.
	Exists bool `json:"exists,omitempty"`

	// Verdict is what a matching answer means.
	Verdict Verdict `json:"verdict,omitempty"`

	// Hint tells the operator, in the log, what to do about it.
	Hint string `json:"hint,omitempty"`
}

// Matches reports whether the rule applies to an answer. The scalar at
// rule.Pointer is given as text; found is false where the body has none (an
// object or array at the pointer counts as found, with an empty text).
func (r *Rule) Matches(status int, text string, found bool) bool {
	if len(r.Status) > 0 && !slices.Contains(r.Status, status) {
		return false
	}
	if r.Pointer == "" {
		return true
	}
	if len(r.Equals) > 0 && (!found || !slices.Contains(r.Equals, text)) {
		return false
	}
	if len(r.NotEquals) > 0 && found && slices.Contains(r.NotEquals, text) {
		return false
	}
	return !r.Exists || (found && text != "null")
}

// ByStatus is the verdict where no rule matches.
func ByStatus(status int) Verdict {
	switch {
	case status >= 200 && status < 300:
		return Answer
	case status == 401:
		return BadCredential
	case status == 402:
		return QuotaExceeded
	case status == 429:
		return RateLimited
	default:
		return ProviderError
	}
}
