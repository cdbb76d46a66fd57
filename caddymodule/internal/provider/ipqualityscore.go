package provider

import "net/http"

var _ = preset("ipqualityscore", ipQualityScore)

// IPQualityScore Phone Validation, with the key in the path, before the number.
//
// Facts: https://www.ipqualityscore.com/documentation/phone-number-validation-api/
// (overview, advanced-options, response-parameters) and the vendor's Postman
// collection, as kept in
// https://github.com/APIs-guru/openapi-directory/tree/main/APIs/ipqualityscore.com.
// Errors are told by "success" and a text. The vendor's documentation also takes
// the key in the header IPQS-KEY; clients report that phone lookups refuse it,
// so callers may use it, with or without the key's segment in the path, and the
// provider gets the key in the path. country[] names the countries that a number
// may be of. Ringward itself turns a national number into its full form, which
// needs one country: a second is refused, and none is sent on. The vendor guesses
// a country where none is named; here such digits are an international number.
// Parameters of the customer's own (userID, transactionID) are stored by the
// vendor and not offered, nor are XML and the routes that report fraud. The hosts
// eu. and us. were found for documentation only. Not found: prices of the
// optional checks (each counts one unit), quota headers, and which statuses errors
// come with, but for 400 with spent credits.
func ipQualityScore() *Provider {
	check := func(name string) Param {
		return Param{Name: name, In: InQuery, Kind: KindBoolean, OptIn: true, Cost: 1}
	}
	return &Provider{
		Name:    "ipqualityscore",
		BaseURL: "https://www.ipqualityscore.com",
		Operations: []Operation{{
			Name:     "phone",
			Method:   http.MethodGet,
			AlsoPost: true,
			Path:     "/api/json/phone/{key}/{number}",
			Aliases:  []string{"/api/json/phone/{number}"}, // with the key in the header
			Number: &NumberSlot{
				In: InPath, Format: FormatDigits,
				BareInternational: true, RegionParam: "country[]",
			},
			Params: []Param{
				{Name: "strictness", In: InQuery, Kind: KindInteger, Values: []string{"0", "1", "2"}},
				check("enhanced_line_check"),
				check("enhanced_name_check"), // the owner's name
				check("sms_pumping"),
			},
			Fields:  ipQualityScoreFields(),
			Unified: ipQualityScoreUnified(),
			Rules:   []Rule{{Pointer: "/valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
		}},
		Placements:  []Placement{{In: InPath}},
		CallerSlots: []Slot{{In: InPath}, {In: InHeader, Name: "IPQS-KEY"}},
		Rules: []Rule{
			{Pointer: "/message", Equals: []string{
				"Invalid or unauthorized key", "Invalid or unauthorized key.",
				"Invalid or unauthorized key. Please check the API key and try again.",
			}, Verdict: BadCredential},
			{Pointer: "/message", Equals: []string{
				"You have insufficient credits to make this query. Please contact IPQualityScore support if this error persists.",
			}, Verdict: QuotaExceeded},
			{Pointer: "/success", NotEquals: []string{"true"}, Verdict: ProviderError},
		},
		Problem: func(p Problem) any {
			return struct {
				Success   bool   `json:"success"`
				Message   string `json:"message"`
				RequestID string `json:"request_id"`
			}{false, p.Title + ": " + p.Detail, p.RequestID}
		},
	}
}

func ipQualityScoreFields() []Field {
	return join(
		fields(Envelope, "/success"),
		fields(Never, "/message", "/request_id"),
		fields(Validity, "/valid", "/formatted", "/local_format", "/dialing_code"),
		fields(LineType, "/line_type", "/VOIP"),
		fields(Carrier, "/carrier", "/mcc", "/mnc"),
		fields(Location, "/country", "/region", "/city", "/zip_code", "/timezone"),
		fields(Identity, "/name", "/associated_email_addresses/status", "/associated_email_addresses/emails/*"),
		fields(Risk, "/active", "/active_status", "/fraud_score", "/recent_abuse", "/risky", "/prepaid",
			"/leaked", "/do_not_call", "/spammer", "/user_activity"),
		fields(Messaging, "/sms_domain", "/sms_email"),
	)
}

// ipQualityScoreUnified leaves out what is "N/A", the provider's text for what it
// does not know.
func ipQualityScoreUnified() []Mapping {
	known := map[string]string{"N/A": ""}
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/formatted"},
		{UnifiedNational, "/local_format", known},
		{UnifiedLineType, "/line_type", map[string]string{
			"Wireless": "mobile", "Landline": "fixed_line", "VOIP": "voip", "Toll Free": "toll_free",
			"Premium Rate": "premium_rate", "Pager": "pager", "Unknown": "unknown", "N/A": "unknown",
		}},
		{UnifiedCarrier, "/carrier", known},
		{UnifiedMCC, "/mcc", known},
		{UnifiedMNC, "/mnc", known},
		{To: UnifiedCountry, From: "/country"},
		{UnifiedLocation, "/region", known},
		{UnifiedCity, "/city", known},
		{UnifiedTimeZone, "/timezone", known},
		{UnifiedCallerName, "/name", known},
		{To: UnifiedRiskScore, From: "/fraud_score"},
		{To: UnifiedPrepaid, From: "/prepaid"},
		{To: UnifiedActive, From: "/active"},
	}
}
