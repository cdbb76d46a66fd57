package provider

import "net/http"

var _ = preset("plivo", plivo)

// Plivo Lookup.
//
// Facts: https://www.plivo.com/docs/lookup/api/lookup-phone-number,
// https://docs.plivo.com/docs/lookup/api/example, the vendor's support articles
// and its Node client, 4.79.0. That client always asks for the carrier, and has
// its base URL in the code: point it here with a request interceptor. A support
// article of an older API gives status 404 with the code 20404 for an invalid
// number; it is known in both places where a code can stand. Other codes were not
// found, nor prices, quota headers or whether it takes numbers without "+".
func plivo() *Provider {
	return &Provider{
		Name:    "plivo",
		BaseURL: "https://lookup.plivo.com",
		Operations: []Operation{{
			Name:    "lookup",
			Method:  http.MethodGet,
			Path:    "/v1/Number/{number}",
			Number:  &NumberSlot{In: InPath, Format: FormatE164},
			Params:  []Param{{Name: "type", In: InQuery, Kind: KindString, Values: []string{"carrier"}}},
			Fields:  plivoFields(),
			Unified: plivoUnified(),
			Rules:   onlyWith("/phone_number"),
		}},
		Secrets:     []string{"auth_id", "auth_token"},
		Placements:  []Placement{{In: InBasic}},
		CallerSlots: []Slot{{In: InBasic}},
		Rules: []Rule{
			{Status: []int{http.StatusNotFound}, Pointer: "/code", Equals: []string{"20404"}, Verdict: UnknownNumber},
			{Status: []int{http.StatusNotFound}, Pointer: "/error_code", Equals: []string{"20404"}, Verdict: UnknownNumber},
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
		},
		Problem: plivoProblem,
	}
}

func plivoFields() []Field {
	return join(
		fields(Never, "/api_id", "/resource_uri"),
		fields(Validity, "/phone_number", "/format/e164", "/format/national", "/format/international", "/format/rfc3966"),
		fields(LineType, "/carrier/type"),
		fields(Carrier, "/carrier/name", "/carrier/mobile_country_code", "/carrier/mobile_network_code"),
		fields(Portability, "/carrier/ported"),
		fields(Location, "/country/name", "/country/iso2", "/country/iso3"),
	)
}

func plivoUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/format/e164"},
		{To: UnifiedE164, From: "/phone_number"},
		{To: UnifiedNational, From: "/format/national"},
		{UnifiedLineType, "/carrier/type", map[string]string{
			"fixed": "fixed_line", "mobile": "mobile", "voip": "voip", "toll-free": "toll_free", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/carrier/name"},
		{To: UnifiedMCC, From: "/carrier/mobile_country_code"},
		{To: UnifiedMNC, From: "/carrier/mobile_network_code"},
		{UnifiedPorted, "/carrier/ported", map[string]string{"yes": "true", "no": "false"}},
		{To: UnifiedCountry, From: "/country/iso2"},
		{To: UnifiedCountryName, From: "/country/name"},
	}
}

// plivoProblem has the one code that was found; elsewhere the code is the HTTP
// status.
func plivoProblem(p Problem) any {
	code := p.Status
	if p.Reason == ReasonUnknownNumber || p.Reason == ReasonInvalidNumber {
		code = 20404
	}
	return struct {
		APIID     string `json:"api_id"`
		ErrorCode int    `json:"error_code"`
		Message   string `json:"message"`
		RequestID string `json:"request_id"`
	}{p.RequestID, code, p.Title + ": " + p.Detail, p.RequestID}
}
