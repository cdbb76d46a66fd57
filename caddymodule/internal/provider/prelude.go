package provider

import "net/http"

var _ = preset("prelude", prelude)

// Prelude Lookup v2.
//
// Facts: https://docs.prelude.so/lookup/v2/api-reference/lookup-a-number.md,
// https://docs.prelude.so/introduction/errors,
// https://docs.prelude.so/api-reference/v2/errors and the vendor's Node client,
// 0.10.0. That client writes several values of `type` as one list, and asks
// twice again after a failure. Not found: a sample of an answer, which statuses
// the error codes come with, quota headers and the price of a caller's name.
func prelude() *Provider {
	return &Provider{
		Name:    "prelude",
		BaseURL: "https://api.prelude.dev",
		Operations: []Operation{{
			Name:   "lookup",
			Method: http.MethodGet,
			Path:   "/v2/lookup/{number}",
			Number: &NumberSlot{In: InPath, Format: FormatE164},
			Params: []Param{{
				Name: "type", In: InQuery, Kind: KindString, Separator: ",", OptIn: true, Cost: 1,
				Values: []string{"cnam"}, // the owner's name
			}},
			Fields:  preludeFields(),
			Unified: preludeUnified(),
			Rules:   onlyWith("/phone_number"),
		}},
		Placements:  []Placement{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		Rules: []Rule{
			{Pointer: "/code", Equals: []string{"invalid_api_token", "missing_api_token"}, Verdict: BadCredential},
			{Pointer: "/code", Equals: []string{"insufficient_balance", "suspended_account"}, Verdict: QuotaExceeded},
			{Pointer: "/code", Equals: []string{"invalid_phone_number"}, Verdict: UnknownNumber},
			{Pointer: "/code", Equals: []string{"invalid_request", "unsupported_country"}, Verdict: BadRequest},
			{Pointer: "/code", Equals: []string{"internal"}, Verdict: ProviderError},
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
		},
		Problem: preludeProblem,
	}
}

func preludeFields() []Field {
	return join(
		fields(Validity, "/phone_number"),
		fields(LineType, "/line_type"),
		fields(Carrier, "/network_info/carrier_name", "/network_info/mcc", "/network_info/mnc"),
		// One list tells of porting ("ported") and of abuse ("temporary").
		fields(Portability, "/flags/*", "/original_network_info/carrier_name",
			"/original_network_info/mcc", "/original_network_info/mnc"),
		fields(Location, "/country_code"),
		fields(Identity, "/caller_name"),
	)
}

// preludeUnified cannot say whether a number was ported: the flag's place in
// the list is not fixed.
func preludeUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/phone_number"},
		{UnifiedLineType, "/line_type", map[string]string{
			"fixed_line": "fixed_line", "mobile": "mobile", "voip": "voip", "toll_free": "toll_free",
			"premium_rate": "premium_rate", "shared_cost": "shared_cost", "local_rate": "shared_cost",
			"pager": "pager", "universal_access": "uan", "voice_mail": "voicemail", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/network_info/carrier_name"},
		{To: UnifiedMCC, From: "/network_info/mcc"},
		{To: UnifiedMNC, From: "/network_info/mnc"},
		{To: UnifiedOriginalCarrier, From: "/original_network_info/carrier_name"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCallerName, From: "/caller_name"},
	}
}

// preludeProblem uses the documented codes where one fits; "internal" is the
// documented code for everything else.
func preludeProblem(p Problem) any {
	code := "internal"
	switch p.Reason {
	case ReasonUnauthenticated:
		code = "invalid_api_token"
	case ReasonInvalidNumber, ReasonUnknownNumber:
		code = "invalid_phone_number"
	case ReasonInvalidRequest, ReasonUpstreamRefused, ReasonTooLarge, ReasonUnsupportedMedia:
		code = "invalid_request"
	}
	return struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		RequestID string `json:"request_id"`
	}{code, p.Title + ": " + p.Detail, p.RequestID}
}
