package provider

var _ = preset("telnyx", telnyx)

// Telnyx Number Lookup.
//
// Facts: https://developers.telnyx.com/api-reference/number-lookup/lookup-phone-number-data,
// https://developers.telnyx.com/docs/identity/number-lookup,
// https://developers.telnyx.com/development/api-fundamentals/api-errors and the
// types of the vendor's Node client, 7.24.0. Each data set is billed separately;
// not found: their prices (each counts as one unit), the spelling of the enhanced
// data sets in `type`, which are therefore not listed, and the token URL of the
// OAuth 2 alternative. The vendor's client sends a request again, twice, after
// 429 and 5xx: a provider's failure costs three lookups where the provider
// bills it.
func telnyx() *Provider {
	return &Provider{
		Name:    "telnyx",
		BaseURL: "https://api.telnyx.com",
		Operations: []Operation{{
			Name:   "lookup",
			Method: "GET",
			Path:   "/v2/number_lookup/{number}",
			Number: &NumberSlot{In: InPath, Format: FormatE164},
			Params: []Param{{
				Name: "type", In: InQuery, Kind: KindString, Max: 2, OptIn: true, Cost: 1,
				Values: []string{"carrier", "caller-name"},
			}},
			Fields:  telnyxFields(),
			Unified: telnyxUnified(),
			Rules:   onlyWith("/data/phone_number"),
		}},
		Placements:  []Placement{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		Rules: []Rule{
			{Pointer: "/errors/0/code", Equals: []string{"10009"}, Verdict: BadCredential},
			{
				Pointer: "/errors/0/code", Equals: []string{"10010"}, Verdict: QuotaExceeded,
				Hint: "the Telnyx account may not look up this number or data set",
			},
			{Pointer: "/errors/0/code", Equals: []string{"10011"}, Verdict: RateLimited},
			{Pointer: "/errors/0/code", Equals: []string{"10002"}, Verdict: UnknownNumber},
			// 422 is also the answer about a Canadian number where the account is not enabled for them.
			{Status: []int{400, 422}, Verdict: BadRequest},
		},
		Problem: telnyxProblem,
	}
}

func telnyxFields() []Field {
	return join(
		fields(Validity, "/data/valid_number", "/data/phone_number", "/data/national_format"),
		fields(LineType, "/data/carrier/type", "/data/portability/line_type"),
		fields(Carrier,
			"/data/carrier/name", "/data/carrier/normalized_carrier",
			"/data/carrier/mobile_country_code", "/data/carrier/mobile_network_code",
			"/data/portability/ocn", "/data/portability/spid",
			"/data/portability/spid_carrier_name", "/data/portability/spid_carrier_type",
			"/data/portability/altspid", "/data/portability/altspid_carrier_name",
			"/data/portability/altspid_carrier_type"),
		fields(Portability, "/data/portability/lrn", "/data/portability/ported_date", "/data/portability/ported_status"),
		fields(Location, "/data/country_code", "/data/portability/city", "/data/portability/state"),
		fields(Identity, "/data/caller_name/caller_name"),
		fields(Risk, "/data/fraud"),
		fields(Envelope, "/data/record_type", "/data/carrier/error_code", "/data/caller_name/error_code"),
	)
}

// telnyxUnified leaves the mobile codes out: the documentation has regions and
// area codes in them.
func telnyxUnified() []Mapping {
	lineTypes := map[string]string{
		"fixed line": "fixed_line", "mobile": "mobile", "voip": "voip", "fixed line or mobile": "fixed_or_mobile",
		"toll free": "toll_free", "premium rate": "premium_rate", "shared cost": "shared_cost",
		"personal number": "personal", "pager": "pager", "uan": "uan", "voicemail": "voicemail", "unknown": "unknown",
	}
	return []Mapping{
		{To: UnifiedValid, From: "/data/valid_number"},
		{To: UnifiedE164, From: "/data/phone_number"},
		{To: UnifiedNational, From: "/data/national_format"},
		{To: UnifiedLineType, From: "/data/carrier/type", Values: lineTypes},
		{To: UnifiedLineType, From: "/data/portability/line_type", Values: lineTypes},
		{To: UnifiedCarrier, From: "/data/carrier/name"},
		{To: UnifiedCarrier, From: "/data/portability/spid_carrier_name"},
		{To: UnifiedPorted, From: "/data/portability/ported_status", Values: map[string]string{"Y": "true", "N": "false"}},
		{To: UnifiedPortedDate, From: "/data/portability/ported_date"},
		{To: UnifiedCountry, From: "/data/country_code"},
		{To: UnifiedLocation, From: "/data/portability/state"},
		{To: UnifiedCity, From: "/data/portability/city"},
		{To: UnifiedCallerName, From: "/data/caller_name/caller_name"},
	}
}

// telnyxProblem uses the codes of the documented catalog.
func telnyxProblem(p Problem) any {
	type meta struct {
		RequestID string `json:"request_id"`
	}
	type fault struct {
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Meta   meta   `json:"meta"`
	}
	return struct {
		Errors []fault `json:"errors"`
	}{[]fault{{telnyxCode(p.Reason), p.Title, p.Detail, meta{p.RequestID}}}}
}

func telnyxCode(reason Reason) string {
	switch reason {
	case ReasonInvalidNumber, ReasonUnknownNumber:
		return "10002"
	case ReasonUnknownOperation:
		return "10005"
	case ReasonUpstreamTimeout:
		return "10008"
	case ReasonUnauthenticated:
		return "10009"
	case ReasonForbidden, ReasonNumberNotAllowed, ReasonPlaintext, ReasonBrowser:
		return "10010"
	case ReasonRateLimited:
		return "10011"
	case ReasonUnsupportedMedia:
		return "10014"
	case ReasonInvalidRequest, ReasonTooLarge, ReasonUpstreamRefused:
		return "10015"
	default:
		return "10007" // unexpected error
	}
}
