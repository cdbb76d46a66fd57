package provider

// Reason says why Ringward itself refused a request or could not answer it.
type Reason string

// The reasons. They are used alike in errors, logs, metrics and audit entries.
const (
	ReasonPlaintext             Reason = "plaintext"
	ReasonBrowser               Reason = "browser"
	ReasonUnauthenticated       Reason = "unauthenticated"
	ReasonForbidden             Reason = "forbidden"
	ReasonUnknownOperation      Reason = "unknown_operation"
	ReasonInvalidRequest        Reason = "invalid_request"
	ReasonTooLarge              Reason = "too_large"
	ReasonUnsupportedMedia      Reason = "unsupported_media_type"
	ReasonInvalidNumber         Reason = "invalid_number"
	ReasonNumberNotAllowed      Reason = "number_not_allowed"
	ReasonRateLimited           Reason = "rate_limited"
	ReasonLockedOut             Reason = "locked_out"      // failed too often of late
	ReasonBudgetExceeded        Reason = "budget_exceeded" // the day's or month's cost units are used up
	ReasonBusy                  Reason = "busy"            // as many lookups are under way as may be
	ReasonCredentialUnavailable Reason = "credential_unavailable"
	ReasonAuditUnavailable      Reason = "audit_unavailable"
	ReasonCallersUnavailable    Reason = "callers_unavailable" // who that is cannot be told yet
	ReasonIssuerUnavailable     Reason = "issuer_unavailable"  // the keys of the tokens' issuer cannot be had
	ReasonLimitsUnavailable     Reason = "limits_unavailable"  // what cannot be counted is refused
	ReasonUnknownNumber         Reason = "unknown_number"      // the provider knows no such number
	ReasonUpstreamRefused       Reason = "upstream_refused"    // the provider found fault with the input
	ReasonUpstreamBusy          Reason = "upstream_busy"       // the provider's own rate limit or quota
	ReasonUpstreamError         Reason = "upstream_error"
	ReasonUpstreamTimeout       Reason = "upstream_timeout"
	ReasonCanceled              Reason = "canceled" // the caller went away
	ReasonInternal              Reason = "internal"
)

// Problem is one of Ringward's own errors. Its texts are generic: they hold
// nothing of the upstream's answer and nothing of the caller's number.
type Problem struct {
	Status    int    // HTTP status; of the provider's own answer for ReasonUnknownNumber
	Reason    Reason // machine-readable
	Title     string // a few words
	Detail    string // what the caller can do
	RequestID string
}

// GenericProblem renders a problem for providers without a shape of their own.
func GenericProblem(p Problem) any {
	return map[string]any{"error": map[string]any{
		"code":       string(p.Reason),
		"message":    p.Title + ": " + p.Detail,
		"status":     p.Status,
		"request_id": p.RequestID,
	}}
}
