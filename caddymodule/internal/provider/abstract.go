package provider

import "net/http"

var (
	_ = preset("abstract-validation", abstractValidation)
	_ = preset("abstract-intelligence", abstractIntelligence)
)

// AbstractAPI has two phone products, on a host each and with a key each.
//
// Facts: https://docs.abstractapi.com/phone-validation,
// https://docs.abstractapi.com/api/phone-intelligence.md and, for errors, a
// third party's description that was checked against the live API,
// https://github.com/api-evangelist/abstractapi-phone. The path ends in a
// slash; clients without it are served all the same. A request without a number
// is answered with 204 and nothing else. A spent quota is told from a rate
// limit by nothing: both are 429. Not found: values of the error codes, quota
// headers, and the types of line that Phone Intelligence knows beside
// "Wireless".

// abstractValidation is Phone Validation.
func abstractValidation() *Provider {
	return abstract("abstract-validation", "https://phonevalidation.abstractapi.com", Operation{
		Fields: join(
			fields(Validity, "/phone", "/valid", "/format/international", "/format/local", "/country/prefix"),
			fields(LineType, "/type"),
			fields(Carrier, "/carrier"),
			fields(Location, "/country/code", "/country/name", "/location"),
		),
		Unified: []Mapping{
			{To: UnifiedValid, From: "/valid"},
			{To: UnifiedE164, From: "/format/international"},
			{To: UnifiedNational, From: "/format/local"},
			{UnifiedLineType, "/type", map[string]string{
				"mobile": "mobile", "landline": "fixed_line", "voip": "voip", "toll_free": "toll_free",
				"personal": "personal", "pager": "pager", "unknown": "unknown",
			}},
			{To: UnifiedCarrier, From: "/carrier"},
			{To: UnifiedCountry, From: "/country/code"},
			{To: UnifiedCountryName, From: "/country/name"},
			{To: UnifiedLocation, From: "/location"},
		},
		Rules: []Rule{{Pointer: "/valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
	})
}

// abstractIntelligence is Phone Intelligence, which also tells whose number it
// is and in which breaches it was found.
func abstractIntelligence() *Provider {
	return abstract("abstract-intelligence", "https://phoneintelligence.abstractapi.com", Operation{
		Fields:  abstractIntelligenceFields(),
		Unified: abstractIntelligenceUnified(),
		Rules:   []Rule{{Pointer: "/phone_validation/is_valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
	})
}

// abstract is what both products share.
func abstract(name, baseURL string, op Operation) *Provider {
	op.Name, op.Method, op.Path, op.Aliases = "lookup", http.MethodGet, "/v1/", []string{"/v1"}
	op.Number = &NumberSlot{
		In: InQuery, Name: "phone", Format: FormatDigits,
		BareInternational: true, RegionParam: "country",
	}
	return &Provider{
		Name:        name,
		BaseURL:     baseURL,
		Operations:  []Operation{op},
		Placements:  []Placement{{In: InQuery, Name: "api_key"}},
		CallerSlots: []Slot{{In: InQuery, Name: "api_key"}},
		Rules: []Rule{
			{Status: []int{http.StatusNoContent, http.StatusUnprocessableEntity}, Verdict: BadRequest},
			{Status: []int{http.StatusUnauthorized}, Verdict: BadCredential},
			{Status: []int{http.StatusTooManyRequests}, Verdict: RateLimited},
			{Pointer: "/error", Exists: true, Verdict: ProviderError},
		},
		Problem: abstractProblem,
	}
}

func abstractIntelligenceFields() []Field {
	return join(
		fields(Validity, "/phone_number", "/phone_format/international", "/phone_format/national",
			"/phone_location/country_prefix", "/phone_validation/is_valid"),
		fields(LineType, "/phone_carrier/line_type", "/phone_validation/is_voip"),
		fields(Carrier, "/phone_carrier/name", "/phone_carrier/mcc", "/phone_carrier/mnc"),
		fields(Location, "/phone_location/country_name", "/phone_location/country_code",
			"/phone_location/region", "/phone_location/city", "/phone_location/timezone"),
		fields(Identity, "/phone_registration/name", "/phone_registration/type"),
		fields(Risk, "/phone_validation/line_status", "/phone_validation/minimum_age",
			"/phone_risk/risk_level", "/phone_risk/is_disposable", "/phone_risk/is_abuse_detected",
			"/phone_breaches/total_breaches", "/phone_breaches/date_first_breached", "/phone_breaches/date_last_breached",
			"/phone_breaches/breached_domains/*/domain", "/phone_breaches/breached_domains/*/breach_date"),
		fields(Messaging, "/phone_messaging/sms_domain", "/phone_messaging/sms_email"),
	)
}

func abstractIntelligenceUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/phone_validation/is_valid"},
		{To: UnifiedE164, From: "/phone_format/international"},
		{To: UnifiedNational, From: "/phone_format/national"},
		{UnifiedLineType, "/phone_carrier/line_type", map[string]string{"Wireless": "mobile"}},
		{To: UnifiedCarrier, From: "/phone_carrier/name"},
		{To: UnifiedMCC, From: "/phone_carrier/mcc"},
		{To: UnifiedMNC, From: "/phone_carrier/mnc"},
		{To: UnifiedCountry, From: "/phone_location/country_code"},
		{To: UnifiedCountryName, From: "/phone_location/country_name"},
		{To: UnifiedLocation, From: "/phone_location/region"},
		{To: UnifiedCity, From: "/phone_location/city"},
		{To: UnifiedTimeZone, From: "/phone_location/timezone"},
		{To: UnifiedCallerName, From: "/phone_registration/name"},
		{UnifiedCallerType, "/phone_registration/type", map[string]string{"consumer": "consumer"}},
		{To: UnifiedRiskLevel, From: "/phone_risk/risk_level"},
		{UnifiedActive, "/phone_validation/line_status", map[string]string{"active": "true"}},
	}
}

// abstractProblem has Ringward's own codes: the vendor's were not found.
func abstractProblem(p Problem) any {
	type fault struct {
		Message string         `json:"message"`
		Code    string         `json:"code"`
		Details map[string]any `json:"details"`
	}
	return struct {
		Error     fault  `json:"error"`
		RequestID string `json:"request_id"`
	}{fault{p.Title + ": " + p.Detail, string(p.Reason), nil}, p.RequestID}
}
