package provider

import "slices"

var (
	_ = preset("twilio-v2", twilioV2)
	_ = preset("twilio-v1", twilioV1)
)

// Twilio Lookup, versions 2 and 1, on one host.
//
// Facts: twilio/twilio-oai, spec/json/twilio_lookups_v2.json and
// twilio_lookups_v1.json; https://www.twilio.com/docs/lookup/v2-api,
// https://www.twilio.com/docs/lookup/v1-api,
// https://www.twilio.com/docs/lookup/using-lookup-with-twilio-regions and
// https://www.twilio.com/docs/api/errors. The same host and key serve routes
// that change state (Overrides, RateLimits, Jobs): they are not listed, and so
// not reachable. Not found: how many numbers a batch may hold (100 is chosen
// here), the prices of v2's packages (each counts as one unit), and the statuses
// of the errors 60614 and 60619. A plain lookup is free and counts as one unit
// all the same, so that limits on cost see it.

// twilioV2 answers an invalid number with 200 and "valid": false.
func twilioV2() *Provider {
	p := twilioFamily("twilio-v2", twilioV2Problem)
	p.Hosts = map[string]string{"ie1": "https://lookups.dublin.ie1.twilio.com"}
	p.Operations = []Operation{
		{
			Name:    "lookup",
			Method:  "GET",
			Path:    "/v2/PhoneNumbers/{number}",
			Number:  &NumberSlot{In: InPath, Format: FormatE164, RegionParam: "CountryCode"},
			Params:  twilioV2Params(),
			Fields:  append(twilioV2Fields(""), fields(Never, "/url")...),
			Unified: twilioV2Unified(),
			// What does not say whether the number is valid is no answer.
			Rules: []Rule{{Pointer: "/valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
		},
		{
			Name:   "batch",
			Method: "POST",
			Path:   "/v2/batch/query",
			Number: &NumberSlot{
				In: InJSON, Name: "/phone_numbers/*/phone_number", Format: FormatE164,
				RegionParam: "/phone_numbers/*/country_code", Max: 100,
			},
			Params:  twilioV2BatchParams(),
			Fields:  append(twilioV2Fields("/phone_numbers/*"), fields(Envelope, "/phone_numbers/*/correlation_id", "/phone_numbers/*/twilio_error_code")...),
			Each:    "/phone_numbers",
			Unified: twilioV2Unified(),
			Rules:   onlyWith("/phone_numbers"),
		},
	}
	return p
}

// twilioV1 answers an invalid number with 404. AddOns, which send the number to
// other companies, are not listed.
func twilioV1() *Provider {
	p := twilioFamily("twilio-v1", twilioV1Problem)
	p.Operations = []Operation{{
		Name:   "lookup",
		Method: "GET",
		Path:   "/v1/PhoneNumbers/{number}",
		Number: &NumberSlot{In: InPath, Format: FormatE164, RegionParam: "CountryCode"},
		Params: []Param{{
			Name: "Type", In: InQuery, Kind: KindString, Max: 2, OptIn: true,
			Values: []string{"carrier", "caller-name"},
			Costs:  map[string]int{"carrier": 1, "caller-name": 2}, // $0.005 and $0.01
		}},
		Fields:  twilioV1Fields(),
		Unified: twilioV1Unified(),
		Rules: append([]Rule{
			{Status: []int{404}, Pointer: "/code", Equals: []string{"20404"}, Verdict: UnknownNumber},
		}, onlyWith("/phone_number")...),
	}}
	return p
}

func twilioFamily(name string, problem func(Problem) any) *Provider {
	return &Provider{
		Name:    name,
		BaseURL: "https://lookups.twilio.com",
		// An API key's SID and secret do as well.
		Secrets:     []string{"account_sid", "auth_token"},
		Placements:  []Placement{{In: InBasic}},
		CallerSlots: []Slot{{In: InBasic}},
		Rules: []Rule{
			{Pointer: "/code", Equals: []string{"20003"}, Verdict: BadCredential},
			{Pointer: "/code", Equals: []string{"20429"}, Verdict: RateLimited},
			{
				Pointer: "/code", Equals: []string{"60614", "60619"}, Verdict: ProviderError,
				Hint: "the number has to be looked up in another Twilio region: set host, with an API key of that region",
			},
			{Status: []int{400}, Verdict: BadRequest},
		},
		DefaultRegion: "US", // the documented default is +1
		Problem:       problem,
	}
}

// onlyWith makes an answer without a value at the pointer an error.
func onlyWith(pointer string) []Rule {
	return []Rule{
		{Status: []int{200}, Pointer: pointer, Exists: true, Verdict: Answer},
		{Status: []int{200}, Verdict: ProviderError},
	}
}

// twilioPackages lists the paid packages that a batch can ask for.
func twilioPackages() []string {
	return []string{
		"caller_name", "sim_swap", "call_forwarding", "line_type_intelligence",
		"line_status", "identity_match", "reassigned_number", "sms_pumping_risk",
	}
}

func twilioV2Params() []Param {
	packages := append(twilioPackages(), "validation", "phone_number_quality_score", "pre_fill")
	params := []Param{{
		Name: "Fields", In: InQuery, Kind: KindString, Separator: ",", Values: packages, Max: len(packages),
		OptIn: true, Cost: 1, Costs: map[string]int{"validation": 0},
	}}
	// Who the number's user is said to be: personal data.
	for _, name := range []string{
		"FirstName", "LastName", "City", "State", "PostalCode", "NationalId", "DateOfBirth",
		"VerificationSid", "PartnerSubId",
	} {
		params = append(params, Param{Name: name, In: InQuery, Kind: KindString, OptIn: true})
	}
	return append(params,
		Param{Name: "AddressLine1", In: InQuery, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: "AddressLine2", In: InQuery, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: "AddressCountryCode", In: InQuery, Kind: KindRegion, OptIn: true},
		Param{Name: "LastVerifiedDate", In: InQuery, Kind: KindString, MaxLength: 8, OptIn: true},
	)
}

// twilioV2BatchParams are the same for each number of a batch, in its own words.
func twilioV2BatchParams() []Param {
	const each = "/phone_numbers/*"
	packages := twilioPackages()
	params := []Param{
		{Name: each + "/correlation_id", In: InJSON, Kind: KindString},
		{Name: each + "/fields/*", In: InJSON, Kind: KindString, Values: packages, Max: len(packages), OptIn: true, Cost: 1},
	}
	for _, name := range []string{
		"first_name", "last_name", "city", "state", "postal_code", "national_id", "date_of_birth",
	} {
		params = append(params, Param{Name: each + "/identity_match/" + name, In: InJSON, Kind: KindString, OptIn: true})
	}
	return append(params,
		Param{Name: each + "/identity_match/address_line1", In: InJSON, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: each + "/identity_match/address_line2", In: InJSON, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: each + "/identity_match/address_country_code", In: InJSON, Kind: KindRegion, OptIn: true},
		Param{Name: each + "/reassigned_number/last_verified_date", In: InJSON, Kind: KindString, MaxLength: 8, OptIn: true},
		Param{Name: each + "/sms_pumping_risk/partner_sub_id", In: InJSON, Kind: KindString, OptIn: true},
	)
}

func twilioV2Problem(p Problem) any { return twilioProblem(p, ReasonUnknownOperation) }

func twilioV1Problem(p Problem) any {
	return twilioProblem(p, ReasonUnknownOperation, ReasonInvalidNumber, ReasonUnknownNumber)
}

// twilioProblem uses the documented codes where one fits; elsewhere the code is
// the HTTP status. The vendor's clients hand details on as they are.
func twilioProblem(p Problem, notFound ...Reason) any {
	code := p.Status
	switch {
	case p.Reason == ReasonUnauthenticated:
		code = 20003
	case p.Reason == ReasonRateLimited:
		code = 20429
	case slices.Contains(notFound, p.Reason):
		code = 20404
	}
	type details struct {
		RequestID string `json:"request_id"`
	}
	return struct {
		Code    int     `json:"code"`
		Message string  `json:"message"`
		Status  int     `json:"status"`
		Details details `json:"details"`
	}{code, p.Title + ": " + p.Detail, p.Status, details{p.RequestID}}
}

// twilioV2Fields are the fields of one number's answer, below a pointer.
func twilioV2Fields(at string) []Field {
	list := join(
		fields(Validity, "/valid", "/phone_number", "/national_format", "/calling_country_code", "/validation_errors/*"),
		fields(LineType, "/line_type_intelligence/type"),
		fields(Carrier,
			"/line_type_intelligence/carrier_name",
			"/line_type_intelligence/mobile_country_code", "/line_type_intelligence/mobile_network_code",
			"/sim_swap/carrier_name", "/sim_swap/mobile_country_code", "/sim_swap/mobile_network_code"),
		fields(Location, "/country_code"),
		fields(Identity,
			"/caller_name/caller_name", "/caller_name/caller_type",
			"/identity_match/first_name_match", "/identity_match/last_name_match", "/identity_match/address_lines_match",
			"/identity_match/city_match", "/identity_match/state_match", "/identity_match/postal_code_match",
			"/identity_match/address_country_match", "/identity_match/national_id_match",
			"/identity_match/date_of_birth_match", "/identity_match/summary_score",
			"/pre_fill/first_name", "/pre_fill/last_name", "/pre_fill/address_line", "/pre_fill/country_code",
			"/pre_fill/state", "/pre_fill/postal_code"),
		fields(Risk,
			"/sim_swap/last_sim_swap/last_sim_swap_date", "/sim_swap/last_sim_swap/swapped_period",
			"/sim_swap/last_sim_swap/swapped_in_period",
			"/call_forwarding/call_forwarding_enabled", "/line_status/status",
			"/reassigned_number/last_verified_date", "/reassigned_number/is_number_reassigned",
			"/sms_pumping_risk/carrier_risk_category", "/sms_pumping_risk/number_blocked",
			"/sms_pumping_risk/number_blocked_date", "/sms_pumping_risk/number_blocked_last_3_months",
			"/sms_pumping_risk/sms_pumping_risk_score",
			"/phone_number_quality_score/carrier_risk_score", "/phone_number_quality_score/carrier_risk_category",
			"/phone_number_quality_score/disposable_phone_risk_score",
			"/phone_number_quality_score/disposable_phone_risk_category",
			"/phone_number_quality_score/quality_score", "/phone_number_quality_score/quality_category",
			"/phone_number_quality_score/velocity_risk_score", "/phone_number_quality_score/velocity_risk_category"),
		// Numbers that tell why a package has no data.
		fields(Envelope,
			"/line_type_intelligence/error_code", "/sim_swap/error_code", "/caller_name/error_code",
			"/identity_match/error_code", "/pre_fill/error_code", "/call_forwarding/error_code",
			"/line_status/error_code", "/reassigned_number/error_code", "/sms_pumping_risk/error_code",
			"/phone_number_quality_score/error_code"),
		fields(Never, "/identity_match/error_message"),
	)
	for i := range list {
		list[i].Pointer = at + list[i].Pointer
	}
	return list
}

func twilioV2Unified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/phone_number"},
		{To: UnifiedNational, From: "/national_format"},
		{To: UnifiedLineType, From: "/line_type_intelligence/type", Values: map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "tollFree": "toll_free", "fixedVoip": "voip",
			"nonFixedVoip": "voip", "personal": "personal", "premium": "premium_rate", "voicemail": "voicemail",
			"sharedCost": "shared_cost", "uan": "uan", "pager": "pager", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/line_type_intelligence/carrier_name"},
		{To: UnifiedCarrier, From: "/sim_swap/carrier_name"},
		{To: UnifiedMCC, From: "/line_type_intelligence/mobile_country_code"},
		{To: UnifiedMCC, From: "/sim_swap/mobile_country_code"},
		{To: UnifiedMNC, From: "/line_type_intelligence/mobile_network_code"},
		{To: UnifiedMNC, From: "/sim_swap/mobile_network_code"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCallerName, From: "/caller_name/caller_name"},
		{To: UnifiedCallerType, From: "/caller_name/caller_type", Values: twilioCallerTypes()},
		{To: UnifiedRiskScore, From: "/sms_pumping_risk/sms_pumping_risk_score"},
		{To: UnifiedActive, From: "/line_status/status", Values: map[string]string{"active": "true", "inactive": "false"}},
	}
}

func twilioV1Fields() []Field {
	return join(
		fields(Validity, "/phone_number", "/national_format"),
		fields(LineType, "/carrier/type"),
		fields(Carrier, "/carrier/name", "/carrier/mobile_country_code", "/carrier/mobile_network_code"),
		fields(Location, "/country_code"),
		fields(Identity, "/caller_name/caller_name", "/caller_name/caller_type"),
		fields(Risk, "/fraud"),
		fields(Envelope, "/carrier/error_code", "/caller_name/error_code"),
		fields(Never, "/url", "/add_ons/status", "/add_ons/code", "/add_ons/message"),
	)
}

// twilioV1Unified has no "valid": what is not valid is not found.
func twilioV1Unified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/phone_number"},
		{To: UnifiedNational, From: "/national_format"},
		{To: UnifiedLineType, From: "/carrier/type", Values: map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "voip": "voip",
		}},
		{To: UnifiedCarrier, From: "/carrier/name"},
		{To: UnifiedMCC, From: "/carrier/mobile_country_code"},
		{To: UnifiedMNC, From: "/carrier/mobile_network_code"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCallerName, From: "/caller_name/caller_name"},
		{To: UnifiedCallerType, From: "/caller_name/caller_type", Values: twilioCallerTypes()},
	}
}

func twilioCallerTypes() map[string]string {
	return map[string]string{"BUSINESS": "business", "CONSUMER": "consumer"}
}
