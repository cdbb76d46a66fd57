package provider

import "net/http"

var _ = preset("vonage-number-insight", vonageNumberInsight)

// Vonage (once Nexmo) ends Number Insight v1 on 4 February 2027; Identity
// Insights takes its place.
//
// Facts: the vendor's OpenAPI files, number-insight.yml v1.0.9 in
// https://github.com/Nexmo/api-specification and v1.2.1 of
// https://developer.vonage.com/en/api/number-insight. Every answer is a 200:
// the member status tells errors. Each answer but the basic one holds prices
// and the account's balance. The asynchronous lookup, which posts its result to
// a URL of the caller's choice, and answers in XML are not offered; nor are ip
// and real_time_data, which are deprecated and tell nothing. How the prices of
// the levels compare was not found: each level counts one unit more.
func vonageNumberInsight() *Provider {
	return &Provider{
		Name:    "vonage-number-insight",
		BaseURL: "https://api.nexmo.com",
		Operations: []Operation{
			vonageInsight("basic", 1, vonageBasicFields()),
			vonageInsight("standard", 2, join(vonageBasicFields(), vonageStandardFields())),
			vonageAdvanced(),
		},
		Secrets:    []string{"api_key", "api_secret"},
		Placements: []Placement{{In: InQuery, Name: "api_key"}, {In: InQuery, Name: "api_secret"}},
		// The vendor's newer clients send HTTP Basic.
		OtherPlacements: map[string][]Placement{"basic": {{In: InBasic}}},
		CallerSlots:     []Slot{{In: InQuery, Name: "api_secret"}, {In: InBasic}},
		Discard:         []string{"api_key"},
		Rules: []Rule{
			{Pointer: "/status", Equals: []string{"1"}, Verdict: RateLimited},
			// 5 is called an internal error and explained as a malformed number.
			{Pointer: "/status", Equals: []string{"3", "5"}, Verdict: BadRequest},
			{Pointer: "/status", Equals: []string{"4"}, Verdict: BadCredential},
			{Pointer: "/status", Equals: []string{"9", "19"}, Verdict: QuotaExceeded},
			// 43 to 45: the live part is missing, the rest is there.
			{Status: []int{http.StatusOK}, Pointer: "/status", NotEquals: []string{"0", "43", "44", "45"}, Verdict: ProviderError},
			{Status: []int{http.StatusOK}, Pointer: "/international_format_number", Exists: true, Verdict: Answer},
			{Status: []int{http.StatusOK}, Verdict: ProviderError},
		},
		Problem: vonageNumberInsightProblem,
	}
}

// vonageInsight is one level of the lookup.
func vonageInsight(name string, cost int, fields []Field) Operation {
	op := Operation{
		Name:     name,
		Method:   http.MethodGet,
		AlsoPost: true,
		Path:     "/ni/" + name + "/json",
		Number: &NumberSlot{
			In: InQuery, Name: "number", Format: FormatDigits,
			BareInternational: true, RegionParam: "country",
		},
		Cost:    cost,
		Fields:  fields,
		Unified: vonageBasicUnified(),
	}
	if name != "basic" {
		// The owner's name, for US numbers: paid whether or not it is found.
		op.Params = []Param{{Name: "cnam", In: InQuery, Kind: KindBoolean, OptIn: true, Cost: 1}}
		op.Unified = append(op.Unified, vonageStandardUnified()...)
	}
	return op
}

// vonageAdvanced asks the network itself, and tells where a phone roams.
func vonageAdvanced() Operation {
	op := vonageInsight("advanced", 3, join(vonageBasicFields(), vonageStandardFields(),
		fields(Envelope, "/lookup_outcome"),
		fields(Never, "/lookup_outcome_message"),
		fields(Validity, "/valid_number"),
		// Where nothing is known, roaming is a text instead of an object.
		fields(Risk, "/reachable", "/roaming", "/roaming/status", "/roaming/roaming_country_code",
			"/roaming/roaming_network_code", "/roaming/roaming_network_name",
			"/real_time_data/active_status", "/real_time_data/handset_status"),
	))
	op.OptIn = true
	op.Unified = append(op.Unified,
		Mapping{UnifiedValid, "/valid_number", map[string]string{"valid": "true", "not_valid": "false", "inferred_not_valid": "false"}},
		Mapping{UnifiedActive, "/reachable", map[string]string{"reachable": "true", "bad_number": "false"}},
		Mapping{UnifiedRoaming, "/roaming/status", map[string]string{"roaming": "true", "not_roaming": "false"}},
	)
	return op
}

func vonageBasicFields() []Field {
	return join(
		fields(Envelope, "/status"),
		fields(Never, "/status_message", "/request_id"),
		fields(Validity, "/international_format_number", "/national_format_number", "/country_prefix"),
		fields(Location, "/country_code", "/country_code_iso3", "/country_name"),
	)
}

func vonageStandardFields() []Field {
	return join(
		fields(Never, "/request_price", "/refund_price", "/remaining_balance"),
		fields(LineType, "/current_carrier/network_type", "/original_carrier/network_type"),
		fields(Carrier, "/current_carrier/name", "/current_carrier/network_code"),
		fields(Portability, "/ported", "/original_carrier/name", "/original_carrier/network_code"),
		fields(Location, "/current_carrier/country", "/original_carrier/country"),
		// Only after cnam; documented in both places.
		fields(Identity, "/caller_identity/caller_type", "/caller_identity/caller_name",
			"/caller_identity/first_name", "/caller_identity/last_name",
			"/caller_type", "/caller_name", "/first_name", "/last_name"),
	)
}

func vonageBasicUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/international_format_number"},
		{To: UnifiedNational, From: "/national_format_number"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCountryName, From: "/country_name"},
	}
}

func vonageStandardUnified() []Mapping {
	lineTypes := map[string]string{
		"mobile": "mobile", "landline": "fixed_line", "landline_premium": "premium_rate",
		"landline_tollfree": "toll_free", "virtual": "voip", "pager": "pager", "unknown": "unknown",
	}
	callerTypes := map[string]string{"business": "business", "consumer": "consumer", "unknown": "unknown"}
	return []Mapping{
		{UnifiedLineType, "/current_carrier/network_type", lineTypes},
		{UnifiedLineType, "/original_carrier/network_type", lineTypes},
		{To: UnifiedCarrier, From: "/current_carrier/name"},
		{UnifiedPorted, "/ported", map[string]string{
			"ported": "true", "assumed_ported": "true", "not_ported": "false", "assumed_not_ported": "false",
		}},
		{To: UnifiedOriginalCarrier, From: "/original_carrier/name"},
		{To: UnifiedCallerName, From: "/caller_identity/caller_name"},
		{To: UnifiedCallerName, From: "/caller_name"},
		{UnifiedCallerType, "/caller_identity/caller_type", callerTypes},
		{UnifiedCallerType, "/caller_type", callerTypes},
	}
}

// vonageNumberInsightProblem uses the documented status where one fits; 5 is
// the documented internal error.
func vonageNumberInsightProblem(p Problem) any {
	status := 5
	switch p.Reason {
	case ReasonUnauthenticated:
		status = 4
	case ReasonRateLimited:
		status = 1
	case ReasonInvalidNumber, ReasonInvalidRequest, ReasonUnknownNumber, ReasonUpstreamRefused:
		status = 3
	}
	return struct {
		RequestID string `json:"request_id"`
		Status    int    `json:"status"`
		Message   string `json:"status_message"`
	}{p.RequestID, status, p.Title + ": " + p.Detail}
}
