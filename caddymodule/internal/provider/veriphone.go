package provider

import "net/http"

var _ = preset("veriphone", veriphone)

// Veriphone validates a number and names its carrier.
//
// Facts: https://veriphone.io/docs/v2 and https://veriphone.io/docs. The API
// takes its key from the header, else from a cookie named key, else from the
// query. Ringward sends the header, and never reads or sends the cookie. A
// national number without default_country is read as one of the country of the
// asking address, which would be Ringward's: the provider is always sent a full
// number. 403 means that the account is inactive or may not do this. Version 1
// is deprecated and is not offered; a JSON body was not found documented.
func veriphone() *Provider {
	return &Provider{
		Name:    "veriphone",
		BaseURL: "https://api.veriphone.io",
		Operations: []Operation{{
			Name:     "verify",
			Method:   http.MethodGet,
			AlsoPost: true,
			Path:     "/v2/verify",
			Number:   &NumberSlot{In: InQuery, Name: "phone", Format: FormatE164, RegionParam: "default_country"},
			Fields: join(
				fields(Envelope, "/status"),
				fields(Validity, "/phone", "/phone_valid", "/country_prefix",
					"/international_number", "/local_number", "/e164"),
				fields(LineType, "/phone_type"),
				fields(Carrier, "/carrier"),
				fields(Location, "/phone_region", "/country", "/country_code"),
			),
			Unified: veriphoneUnified(),
			// Whatever does not say whether the number is valid is no answer.
			Rules: []Rule{{
				Status: []int{http.StatusOK}, Pointer: "/phone_valid", NotEquals: []string{"true", "false"},
				Verdict: ProviderError,
			}},
		}},
		Placements:  []Placement{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}, {In: InQuery, Name: "key"}},
		Rules: []Rule{
			{Pointer: "/status", Equals: []string{"syntax-error"}, Verdict: BadRequest},
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
			{
				Status: []int{http.StatusForbidden}, Verdict: QuotaExceeded,
				Hint: "the provider's account is inactive or may not do this",
			},
			{Status: []int{http.StatusOK}, Pointer: "/status", NotEquals: []string{"success"}, Verdict: ProviderError},
		},
		Problem: veriphoneProblem,
	}
}

func veriphoneUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/phone_valid"},
		{To: UnifiedE164, From: "/e164"},
		{To: UnifiedNational, From: "/local_number"},
		{UnifiedLineType, "/phone_type", map[string]string{
			"mobile": "mobile", "fixed_line": "fixed_line", "toll_free": "toll_free", "premium_rate": "premium_rate",
			"shared_cost": "shared_cost", "voip": "voip", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/carrier"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCountryName, From: "/country"},
		{To: UnifiedLocation, From: "/phone_region"},
	}
}

// veriphoneProblem uses the documented types where one fits; elsewhere the type
// is the reason.
func veriphoneProblem(p Problem) any {
	kind := string(p.Reason)
	switch p.Reason {
	case ReasonInvalidNumber, ReasonInvalidRequest, ReasonUpstreamRefused:
		kind = "BadRequest"
	case ReasonUnauthenticated:
		kind = "Unauthorized"
	case ReasonForbidden, ReasonNumberNotAllowed:
		kind = "Forbidden"
	case ReasonUnknownOperation, ReasonUnknownNumber:
		kind = "NotFound"
	case ReasonInternal:
		kind = "InternalServerError"
	}
	return struct {
		Status    string `json:"status"`
		Code      int    `json:"code"`
		Type      string `json:"type"`
		Message   string `json:"message"`
		RequestID string `json:"request_id"`
	}{"error", p.Status, kind, p.Title + ": " + p.Detail, p.RequestID}
}
