package provider

import "net/http"

var _ = preset("vonage-identity-insights", vonageIdentityInsights)

// Vonage Identity Insights answers any mix of questions about a number, each
// with a status of its own: an answer can be half an error.
//
// Facts: the vendor's OpenAPI file v1.0.0 and guide,
// https://developer.vonage.com/en/api/identity-insights and
// https://developer.vonage.com/identity-insights/guides/number-insights-transition.
// The vendor's clients sign their own tokens with the application's private
// key; towards Ringward a client sends its caller key as the Bearer token.
// Errors are application/problem+json; their instance is called instance in
// the schema and instance_id in the samples. How the prices of the insights
// compare was not found: each counts one unit. location_verification is not
// offered: it says where a person is, and needs fractions in the request.
func vonageIdentityInsights() *Provider {
	return &Provider{
		Name:    "vonage-identity-insights",
		BaseURL: "https://api-eu.vonage.com",
		Hosts: map[string]string{
			"eu": "https://api-eu.vonage.com",
			"us": "https://api-us.vonage.com",
		},
		Operations: []Operation{{
			Name:    "insights",
			Method:  http.MethodPost,
			Path:    "/identity-insights/v1/requests",
			Number:  &NumberSlot{In: InJSON, Name: "phone_number", Format: FormatE164, BareInternational: true},
			Params:  vonageInsightParams(),
			Fields:  vonageInsightFields(),
			Unified: vonageInsightUnified(),
		}},
		Secrets:     []string{"application_id", "private_key"},
		Placements:  []Placement{{In: InJWT}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		Rules: []Rule{
			{Status: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, Verdict: BadRequest},
			// Whatever has no insights, or something else in their place, is no answer.
			{Status: []int{http.StatusOK}, Pointer: "/insights", NotEquals: []string{""}, Verdict: ProviderError},
		},
		ProblemType: "application/problem+json",
		Problem:     vonageProblem,
	}
}

// subscriberParams are what can be compared with the operator's record of a
// person.
var subscriberParams = []string{
	"id_document", "given_name", "family_name", "street_name", "street_number", "postal_code",
	"locality", "region", "country", "house_number_extension", "birthdate",
}

// vonageInsightParams holds a switch for each insight. The plainest, format,
// is in the price of the request.
func vonageInsightParams() []Param {
	params := []Param{
		// Why the operator is asked: a name from the account's registration.
		{Name: "purpose", In: InJSON, Kind: KindString},
		{Name: "/insights/format", In: InJSON, Kind: KindEmpty},
	}
	for _, insight := range []string{"original_carrier", "current_carrier", "sim_swap", "device_swap", "roaming", "reachability"} {
		params = append(params, Param{Name: "/insights/" + insight, In: InJSON, Kind: KindEmpty, OptIn: true, Cost: 1})
	}
	for _, insight := range []string{"sim_swap", "device_swap"} { // hours, 2400 at most
		params = append(params, Param{Name: "/insights/" + insight + "/period", In: InJSON, Kind: KindInteger, MaxLength: 4, OptIn: true, Cost: 1})
	}
	// A budget counts each of these, though the provider sells them together:
	// it errs on the safe side.
	for _, member := range subscriberParams {
		params = append(params, Param{Name: "/insights/subscriber_match/" + member, In: InJSON, Kind: KindString, OptIn: true, Cost: 1})
	}
	return params
}

func vonageInsightFields() []Field {
	list := join(
		fields(Never, "/request_id"),
		fields(Validity, "/insights/format/number_international", "/insights/format/number_national",
			"/insights/format/is_format_valid", "/insights/format/country_prefix"),
		fields(LineType, "/insights/current_carrier/network_type", "/insights/original_carrier/network_type"),
		fields(Carrier, "/insights/current_carrier/name", "/insights/current_carrier/network_code"),
		fields(Portability, "/insights/original_carrier/name", "/insights/original_carrier/network_code"),
		fields(Location, "/insights/format/country_code", "/insights/format/country_name",
			"/insights/format/offline_location", "/insights/format/time_zones/*",
			"/insights/current_carrier/country_code", "/insights/original_carrier/country_code"),
		fields(Risk, "/insights/sim_swap/latest_sim_swap_at", "/insights/sim_swap/is_swapped",
			"/insights/device_swap/latest_device_swap_at", "/insights/device_swap/is_swapped",
			"/insights/roaming/latest_status_at", "/insights/roaming/is_roaming", "/insights/roaming/country_codes/*",
			"/insights/reachability/latest_status_at", "/insights/reachability/is_reachable",
			"/insights/reachability/connectivity/*"),
		fields(Identity, "/insights/subscriber_match/address_match"),
		fields(Never, "/insights/location_verification/is_verified",
			"/insights/location_verification/latest_location_at", "/insights/location_verification/match_rate"),
	)
	for _, member := range subscriberParams {
		list = append(list, Field{"/insights/subscriber_match/" + member + "_match", Identity})
	}
	for _, insight := range []string{
		"format", "original_carrier", "current_carrier", "sim_swap", "device_swap",
		"roaming", "reachability", "subscriber_match", "location_verification",
	} {
		status := "/insights/" + insight + "/status"
		list = append(list, Field{status + "/code", Envelope}, Field{status + "/message", Never})
	}
	return list
}

func vonageInsightUnified() []Mapping {
	lineTypes := map[string]string{
		"MOBILE": "mobile", "LANDLINE": "fixed_line", "TOLLFREE": "toll_free", "PREMIUM": "premium_rate", "VIRTUAL": "voip",
	}
	return []Mapping{
		{To: UnifiedValid, From: "/insights/format/is_format_valid"},
		{To: UnifiedE164, From: "/insights/format/number_international"},
		{To: UnifiedNational, From: "/insights/format/number_national"},
		{UnifiedLineType, "/insights/current_carrier/network_type", lineTypes},
		{UnifiedLineType, "/insights/original_carrier/network_type", lineTypes},
		{To: UnifiedCarrier, From: "/insights/current_carrier/name"},
		{To: UnifiedOriginalCarrier, From: "/insights/original_carrier/name"},
		{To: UnifiedCountry, From: "/insights/format/country_code"},
		{To: UnifiedCountry, From: "/insights/original_carrier/country_code"},
		{To: UnifiedCountryName, From: "/insights/format/country_name"},
		{To: UnifiedLocation, From: "/insights/format/offline_location"},
		{To: UnifiedActive, From: "/insights/reachability/is_reachable"},
		{To: UnifiedRoaming, From: "/insights/roaming/is_roaming"},
	}
}

// vonageProblem is RFC 9457 with the vendor's documented types where one fits.
func vonageProblem(p Problem) any {
	kind := "internal-error"
	switch p.Reason {
	case ReasonUnauthenticated:
		kind = "unauthorized"
	case ReasonRateLimited, ReasonUpstreamBusy:
		kind = "rate-limit"
	case ReasonInvalidNumber, ReasonInvalidRequest, ReasonUnknownNumber, ReasonUpstreamRefused:
		kind = "validation"
	case ReasonUpstreamError, ReasonUpstreamTimeout:
		kind = "service-unavailable"
	}
	return struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		Instance  string `json:"instance"`
		RequestID string `json:"request_id"`
	}{"https://developer.vonage.com/api-errors#" + kind, p.Title, p.Detail, p.RequestID, p.RequestID}
}
