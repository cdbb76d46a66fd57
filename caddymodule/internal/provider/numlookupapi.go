package provider

import "net/http"

var _ = preset("numlookupapi", numLookupAPI)

// NumLookupAPI (everapi) has the fields of Numverify under a path of its own.
//
// Facts: https://numlookupapi.com/docs/status-codes, the vendor's client
// @everapi/numlookupapi-js 1.0.2, and a third party's description made from the
// documentation, https://github.com/api-evangelist/numlookupapi, from which
// the sample and the quota headers come. The key is taken in the query as well;
// Ringward sends the header. /v1/status tells the account's id and quotas, and
// is not offered. 429 means the rate limit or the monthly one: which of them is
// not told. A list of the line types was not found: those that are mapped are
// Numverify's.
func numLookupAPI() *Provider {
	return &Provider{
		Name:    "numlookupapi",
		BaseURL: "https://api.numlookupapi.com",
		Operations: []Operation{{
			Name:   "validate",
			Method: http.MethodGet,
			Path:   "/v1/validate/{number}",
			Number: &NumberSlot{
				In: InPath, Format: FormatE164,
				BareInternational: true, RegionParam: "country_code",
			},
			Fields: join(
				fields(Validity, "/valid", "/number", "/local_format", "/international_format", "/country_prefix"),
				fields(LineType, "/line_type"),
				fields(Carrier, "/carrier"),
				fields(Location, "/country_code", "/country_name", "/location"),
			),
			Unified: numLookupAPIUnified(),
			// Whatever does not say whether the number is valid is no answer.
			Rules: []Rule{{
				Status: []int{http.StatusOK}, Pointer: "/valid", NotEquals: []string{"true", "false"},
				Verdict: ProviderError,
			}},
		}},
		Placements:  []Placement{{In: InHeader, Name: "apikey"}},
		CallerSlots: []Slot{{In: InHeader, Name: "apikey"}, {In: InQuery, Name: "apikey"}},
		Rules: []Rule{
			{
				Status: []int{http.StatusForbidden}, Verdict: QuotaExceeded,
				Hint: "the provider's plan does not include this lookup: upgrade it",
			},
			{Status: []int{http.StatusUnprocessableEntity}, Verdict: BadRequest},
		},
		Quota: []QuotaSignal{
			{Header: "X-RateLimit-Remaining-Quota-Minute", Name: "minute"},
			{Header: "X-RateLimit-Remaining-Quota-Month", Name: "month"},
		},
		Problem: func(p Problem) any {
			return struct {
				Message   string `json:"message"`
				RequestID string `json:"request_id"`
			}{p.Title + ": " + p.Detail, p.RequestID}
		},
	}
}

func numLookupAPIUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/international_format"},
		{To: UnifiedNational, From: "/local_format"},
		{UnifiedLineType, "/line_type", map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "toll_free": "toll_free",
			"premium_rate": "premium_rate", "voip": "voip", "paging": "pager",
		}},
		{To: UnifiedCarrier, From: "/carrier"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCountryName, From: "/country_name"},
		{To: UnifiedLocation, From: "/location"},
	}
}
